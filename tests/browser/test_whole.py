"""From the demo's sites to the console in a real browser: the whole way, in both sizes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser import DESKTOP, watch
from support.service import Service, service, until
from support.sizes import Size

pytestmark = pytest.mark.needs("chromium")
TRIVIAL = {"YUQING_ANALYZE__SCORER": "trivial"}


def first_sign_in(page: Page, up: Service) -> None:
    page.goto("/")
    page.get_by_label("用户名").fill(up.first["user"])
    page.get_by_label("密码").fill(up.first["password"])
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="工作台")).to_be_visible()


def publish(data: Path, word: str) -> None:
    """One more post on the demo's forum."""
    row = {
        "at": datetime.now(UTC).isoformat(),
        "title": f"{word}公告",
        "text": f"{word}今日正常供水。",
    }
    with (data / "extra.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")


def test_from_the_sites_to_a_countdown_in_the_browser(
    tmp_path: Path,
    browser: Browser,
    size: Size,
):
    data = tmp_path / "data"
    with service(data, "--demo", cwd=tmp_path, env={**TRIVIAL, **size.env}) as up:
        context = browser.new_context(viewport=DESKTOP, base_url=up.url)
        context.set_default_timeout(30_000)
        witness = watch(context)
        page = context.new_page()
        first_sign_in(page, up)

        # the crawl found the story: alerts wait, and an incident's clocks run
        expect(page.locator('[data-part="alerts"] a').first).to_be_visible()
        until(lambda: up.get("api/v1/clocks")["items"], what="clocks run")
        incident = up.get("api/v1/clocks")["items"][0]["incident"]
        page.goto(f"/incidents/{incident}")
        first = page.locator("article.clock", has_text="首次权威发布")
        timer = first.get_by_role("timer")
        expect(timer).to_have_text(re.compile(r"^\d{2}:\d{2}:\d{2}$"))
        before = timer.inner_text()
        expect(timer).not_to_have_text(before)
        reminder = page.get_by_role("button", name="确认提醒").first
        until(lambda: page.reload() and reminder.count(), what="a reminder to acknowledge")
        reminder.click()
        expect(page.get_by_role("status").filter(has_text="已确认")).to_be_visible()

        # what is published now is found in the console
        publish(data, "标记七号")
        until(
            lambda: up.get(f"api/v1/posts?limit=1&q={quote('标记七号')}")["total"] == 1,
            what="the new post is searchable",
            every_s=0.5,
        )
        page.goto("/search?q=标记七号")
        expect(page.get_by_text("标记七号公告").first).to_be_visible()
        assert witness.seen == []
        context.close()
