"""P20 From published on the source to visible in the console: measured at a stated rate."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.service import Service, service
from support.sites import Site
from support.sizes import Size

SITES = 3
POSTS = 30
EVERY_S = 5  # how often a source is visited: the least that the settings allow
FORGOTTEN_S = 60.0
CONFIG = """
[crawl]
allow_private = ["127.0.0.0/8"]
"""
SOURCE = """
[[source]]
id = "site{number}"
name = "第{number}个网站"
url = "{root}/list.html"
interval_s = {every}
"""


class Publisher:
    """News sites that put one more article on their list page at a time."""

    def __init__(self) -> None:
        self.sites = [Site(f"127.0.0.{number + 1}") for number in range(SITES)]
        self._rows: list[list[str]] = [[] for _ in self.sites]
        self.published: dict[str, float] = {}
        for number in range(SITES):
            self.publish(f"开头{number}", number)

    def publish(self, word: str, number: int) -> None:
        """An article whose word is in no other."""
        site, rows = self.sites[number % SITES], self._rows[number % SITES]
        at = datetime.now(ZoneInfo("Asia/Shanghai"))
        path = f"/art/{at:%Y%m%d}_{number:06d}_{len(rows)}.html"
        title = f"{word}关于城东片区供水恢复情况的公告"
        site.page(
            path,
            f"<html><head><title>{title}</title></head><body><h1>{title}</h1>"
            f"<p>发布时间：{at:%Y-%m-%d %H:%M}</p><div class='content'>"
            + f"<p>{word}：经抢修，城东片区今日恢复正常供水，给居民带来不便，敬请谅解。</p>" * 4
            + "</div></body></html>",
        )
        rows.insert(0, f'<li><a href="{path}">{title}</a><span>{at:%Y-%m-%d}</span></li>')
        site.page("/list.html", f"<html><body><ul>{''.join(rows)}</ul></body></html>")
        self.published[word] = time.monotonic()

    def close(self) -> None:
        for site in self.sites:
            site.close()


def visible(up: Service) -> set[str]:
    """The words of the articles that the console finds."""
    page = up.get("api/v1/posts?limit=100&q=%E6%A0%87%E8%AE%B0")
    return {item["title"][:7] for item in page["items"]}


@pytest.mark.promise("P20")
def test_a_published_page_is_in_the_console_within_seconds(
    tmp_path: Path, size: Size, figure: Callable[[str], None]
) -> None:
    publisher = Publisher()
    config = CONFIG + "".join(
        SOURCE.format(number=number, root=site.root, every=EVERY_S)
        for number, site in enumerate(publisher.sites)
    )
    (tmp_path / "yuqing.toml").write_text(config, encoding="utf-8")
    env = {"YUQING_ANALYZE__SCORER": "trivial", **size.env}
    words = [f"标记{number:03d}号：" for number in range(POSTS)]
    seen: dict[str, float] = {}
    try:
        with service(tmp_path / "data", cwd=tmp_path, env=env) as up:
            pace = threading.Event()
            began = time.monotonic()
            while up.get("api/v1/posts?limit=1")["total"] < SITES:
                assert time.monotonic() - began < FORGOTTEN_S, "the first articles are not there"
                pace.wait(0.2)
            began, number = time.monotonic(), 0
            while len(seen) < POSTS:
                now = time.monotonic()
                if number < POSTS and now - began >= number:  # one a second
                    publisher.publish(words[number], number)
                    number += 1
                for word in visible(up) - set(seen):
                    seen[word] = time.monotonic()
                assert now - began < POSTS + FORGOTTEN_S, sorted(set(words) - set(seen))
                pace.wait(0.1)
    finally:
        publisher.close()
    took = [seen[word] - publisher.published[word] for word in words]
    p95 = statistics.quantiles(took, n=20)[-1]
    assert min(took) > 0
    figure(
        f"{size.name}: one article a second over {SITES} sites, each visited every {EVERY_S} s: "
        f"median {statistics.median(took):.1f} s, p95 {p95:.1f} s"
    )
