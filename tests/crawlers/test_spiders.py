from __future__ import annotations

import gzip
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.crawling import FAST, NOW, health, posts, register
from support.pages import bigram_f1, ground_truth, page_bytes
from support.sites import Answer, Site, article, listing, serving

from crawlers.run import crawl_once
from crawlers.settings import CrawlSettings
from posts.log.memory import MemoryLog
from registry.db import Database
from registry.errors import InvalidInputError, NotFoundError


@pytest.fixture
def site():
    with serving() as site:
        yield site


def crawl(database: Database, log: MemoryLog, settings: CrawlSettings = FAST, **given: Any) -> int:
    return crawl_once(database=database, log=log, settings=settings, clock=lambda: NOW, **given)


def test_a_feeds_entries_are_posts_and_come_in_once(
    site: Site, database: Database, log: MemoryLog
) -> None:
    site.page(
        "/feed.xml",
        "<rss version='2.0'><channel><title>t</title>"
        "<item><guid>1</guid><title>停水通知</title><link>/1.html</link>"
        "<description>今晚停水</description>"
        "<pubDate>Sat, 28 Feb 2026 09:30:00 +0800</pubDate></item></channel></rss>",
        content_type="application/rss+xml",
    )
    register(database, spider="feed", url=site.root + "/feed.xml")

    assert crawl(database, log) == 1
    assert crawl(database, log) == 0
    (post,) = posts(log)
    assert (post.title, post.text) == ("停水通知", "今晚停水")
    assert health(database).state == "ok"


def test_a_summary_leads_to_its_article_where_the_options_say_so(
    site: Site, database: Database, log: MemoryLog
) -> None:
    site.page("/1.html", article("停水通知", "因管网检修，今晚八点起停水。" * 20))
    site.page(
        "/feed.xml",
        "<rss version='2.0'><channel><title>t</title>"
        "<item><guid>1</guid><title>停水通知</title><link>/1.html</link>"
        "<description>今晚停水…</description></item></channel></rss>",
    )
    register(database, spider="feed", url=site.root + "/feed.xml", options={"articles": True})

    assert crawl(database, log) == 1
    assert crawl(database, log) == 0
    assert "管网检修" in posts(log)[0].text
    assert site.paths().count("/1.html") == 1


def test_a_sitemap_is_followed_into_nested_and_packed_ones(
    site: Site, database: Database, log: MemoryLog
) -> None:
    for name in ("new", "old", "plain"):
        site.page(f"/{name}.html", article(f"{name} 通知", "正文在此，今晚停水。" * 10))
    inner = (
        "<urlset>"
        f"<url><loc>{site.root}/old.html</loc><lastmod>2020-01-01</lastmod></url>"
        f"<url><loc>{site.root}/new.html</loc><lastmod>2026-02-27</lastmod></url>"
        f"<url><loc>{site.root}/plain.html</loc></url></urlset>"
    )
    site.page("/a.xml.gz", gzip.compress(inner.encode()), content_type="application/x-gzip")
    site.page(
        "/sitemap.xml",
        f"<sitemapindex><sitemap><loc>{site.root}/a.xml.gz</loc></sitemap>"
        f"<sitemap><loc>{site.root}/sitemap.xml</loc></sitemap></sitemapindex>",
        content_type="application/xml",
    )
    register(database, spider="sitemap", url=site.root + "/sitemap.xml")

    assert crawl(database, log) == 2
    assert [post.title for post in posts(log)] == ["new 通知", "plain 通知"]
    assert "/old.html" not in site.paths()


def test_a_list_is_read_through_its_pager_and_known_articles_are_left_alone(
    site: Site, database: Database, log: MemoryLog
) -> None:
    links = [(f"/art/2026/2/28/art_{n}.html", f"关于第{n}号供水工程的公告") for n in range(12)]
    for url, title in links:
        site.page(url, article(title, f"{title}：现将有关事项公告如下，请遵照执行。" * 5))
    more = "<a href='/list_2.html'>下一页</a>"
    site.page("/list.html", listing(links[:6], more=more))
    site.page("/list_2.html", listing(links[6:]))
    register(database, url=site.root + "/list.html", options={"max_pages": 5})

    assert crawl(database, log) == 12
    site.asked.clear()
    assert crawl(database, log) == 0
    assert set(site.paths()) == {"/list.html", "/list_2.html"}
    assert [post.title for post in posts(log)] == [title for _, title in links]
    shown = health(database)
    assert (shown.state, shown.posts_today) == ("ok", 12)


def test_only_what_the_option_follow_names_is_an_article(
    site: Site, database: Database, log: MemoryLog
) -> None:
    for n in (1, 2):
        site.page(f"/art/{n}.html", article(f"第{n}号供水公告全文", "正文在此，今晚停水。" * 10))
    page = listing([(f"/art/{n}.html", f"第{n}号供水公告全文") for n in (1, 2)])
    site.page("/list.html", page)
    register(database, url=site.root + "/list.html", options={"follow": r"/art/2\.html$"})
    assert crawl(database, log) == 1

    register(database, url=site.root + "/list.html", options={"follow": "/never/"})
    assert crawl(database, log) == 0
    assert health(database).failure == "layout_changed"


def test_of_an_attached_file_only_the_title_is_taken(
    site: Site, database: Database, log: MemoryLog
) -> None:
    links = [
        ("/art/art_1.pdf", "关于第1号供水工程的公告"),
        ("/art/art_2.html", "关于第2号供水工程的公告"),
        ("/art/art_3.html", "关于第3号供水工程的公告"),
    ]
    site.page("/art/art_1.pdf", b"%PDF-1.4 \x00\xff", content_type="application/pdf")
    site.page("/art/art_2.html", b"%PDF-1.4 \x00\xff", content_type=None)
    site.page("/art/art_3.html", b"\x00\x01" * 99, content_type="application/octet-stream")
    site.page("/list.html", listing(links))
    register(database, url=site.root + "/list.html")

    assert crawl(database, log) == 3
    assert {(post.title, post.text) for post in posts(log)} == {(title, "") for _, title in links}
    assert "/art/art_1.pdf" not in site.paths()


def test_an_older_page_of_a_list_that_fails_hides_nothing(
    site: Site, database: Database, log: MemoryLog
) -> None:
    site.page("/art/art_1.html", article("第1号供水公告全文", "正文在此，今晚停水。" * 10))
    more = "<a href='/list_2.html'>下一页</a>"
    site.page("/list.html", listing([("/art/art_1.html", "第1号供水公告全文")], more=more))
    register(database, url=site.root + "/list.html", options={"max_pages": 3})

    assert crawl(database, log) == 1
    assert "/list_2.html" in site.paths()
    assert health(database).state == "ok"


def test_what_changed_on_its_first_day_becomes_a_newer_version(
    site: Site, database: Database, log: MemoryLog
) -> None:
    address = site.page("/art/art_1.html", article("第1号供水公告全文", "今晚停水。" * 10))
    site.page("/list.html", listing([("/art/art_1.html", "第1号供水公告全文")]))
    register(database, url=site.root + "/list.html")
    at = {"now": NOW}

    def visit_at(later: timedelta) -> int:
        at["now"] = NOW + later
        clock = lambda: at["now"]  # noqa: E731
        return crawl_once(database=database, log=log, settings=FAST, clock=clock)

    assert visit_at(timedelta()) == 1
    site.page("/art/art_1.html", article("第1号供水公告全文", "更正：今晚不停水。" * 10))
    assert visit_at(timedelta(minutes=5)) == 0
    assert len(posts(log)) == 1
    assert visit_at(timedelta(minutes=11)) == 0
    first, second = posts(log)
    assert first.id == second.id
    assert second.version > first.version
    assert "更正" in second.text
    assert second.url == address
    asked = len(site.asked)
    assert visit_at(timedelta(hours=25)) == 0
    assert len(site.asked) == asked + 2  # robots.txt and the list


def test_a_dead_link_is_not_asked_for_in_every_round_and_hides_nothing(
    site: Site, database: Database, log: MemoryLog
) -> None:
    site.page("/art/1.html", article("第1号供水公告全文", "正文在此，今晚停水。" * 10))
    links = [("/art/0.html", "第0号供水公告全文"), ("/art/1.html", "第1号供水公告全文")]
    site.page("/list.html", listing(links))
    register(database, url=site.root + "/list.html")

    assert crawl(database, log) == 1
    assert health(database).state == "ok"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(b"", status=404), "not_found"),
        (Answer(b"", status=403), "forbidden"),
        (Answer(b"", status=418), "blocked"),
        (Answer(b"", status=432), "blocked"),
        (Answer(b"", status=429), "blocked"),
        (Answer(b"", status=503), "blocked"),
        (Answer(b"", status=500), "other"),
        (Answer(b"", status=302, headers={"Location": "/list.html"}), "other"),
        (Answer(b"<html><body></body></html>"), "empty_list"),
        (Answer("<html><body>请拖动滑块完成安全验证</body></html>".encode()), "captcha"),
        (Answer(b"<form><input type='password' name='p'></form>"), "login_page"),
        (Answer(b"", status=302, headers={"Location": "/user/login?next=1"}), "login_page"),
        (Answer(b"\x1f\x8bbroken", headers={"Content-Encoding": "gzip"}), "decode"),
        (Answer(b"", headers={"Content-Encoding": "gzip"}), "empty_list"),
    ],
)
def test_failures_are_told_apart_in_chinese(
    site: Site, database: Database, log: MemoryLog, answer: Answer, code: str
) -> None:
    site.page("/user/login?next=1", "<html><body>请先登录</body></html>")
    site.page("/list.html", answer)
    register(database, url=site.root + "/list.html")

    assert crawl(database, log) == 0
    shown = health(database)
    assert shown.failure == code
    assert any("\u4e00" <= letter <= "\u9fff" for letter in shown.detail)


def test_a_host_that_is_down_and_one_that_says_nothing(
    site: Site, database: Database, log: MemoryLog
) -> None:
    never = threading.Event()
    site.page("/list.html", Answer(b"", wait=never))
    register(database, url=site.root + "/list.html")
    with serving() as gone:
        address = gone.root
    register(database, "gone", url=address + "/list.html")

    quick = replace(FAST, timeout_s=0.5, obey_robots=False)
    assert crawl(database, log, quick) == 0
    never.set()
    assert health(database).failure == "timeout"
    assert health(database, "gone").failure == "connection"


def test_wrong_options_are_a_failure_that_names_them(
    site: Site, database: Database, log: MemoryLog
) -> None:
    register(database, "one", url=site.root, options={"max_page": 3})
    register(database, "two", url=site.root, options={"follow": "("})
    register(database, "three", url=site.root, options={"selectors": {"title": 1}})
    assert crawl(database, log) == 0
    assert "没有 max_page 这个选项" in health(database, "one").detail
    assert "selectors.title 应为文字" in health(database, "three").detail
    assert "follow" in health(database, "two").detail
    assert site.asked == []


def test_sources_that_cannot_be_crawled_are_named(database: Database, log: MemoryLog) -> None:
    register(database, "hand", spider="manual")
    with pytest.raises(NotFoundError, match="nowhere"):
        crawl(database, log, sources=["nowhere"])
    with pytest.raises(InvalidInputError, match="hand"):
        crawl(database, log, sources=["hand"])
    assert crawl(database, log) == 0


@pytest.mark.needs("eval_data")
@pytest.mark.parametrize("right", [True, False], ids=["right charset", "wrong charset"])
def test_all_saved_pages_come_in_decoded_right_each_once(
    site: Site, database: Database, log: MemoryLog, eval_data: Path, right: bool
) -> None:
    truth = ground_truth(eval_data)
    wrong = ["ISO-8859-1", "utf-8", "gb2312", "big5"]
    for number, row in enumerate(truth):
        actual = row["actual_encoding"]
        charset = (
            actual
            if right
            else next(each for each in wrong[number % 4 :] + wrong if each != actual)
        )
        site.page(
            f"/news/{row['id']}.html",
            page_bytes(eval_data, row),
            content_type=f"text/html; charset={charset}",
        )
    rows = [(f"/news/{row['id']}.html", row["title"] or f"无题页面{row['id']}") for row in truth]
    site.page("/list.html", listing(rows).encode("gb18030"), content_type="text/html")
    register(database, url=site.root + "/list.html")

    assert crawl(database, log) == 33
    assert crawl(database, log) == 0
    found = {post.url: post for post in posts(log)}
    assert len(found) == 33
    good = 0
    for row in truth:
        post = found[f"{site.root}/news/{row['id']}.html"]
        assert "\ufffd" not in post.title
        sample = row["body"] or "".join(row.get("must_contain") or [])
        good += bool(not sample or bigram_f1(post.text, sample) > 0.5)
    assert good >= 31
