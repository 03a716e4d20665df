from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from support.crawling import FAST, health, posts, register
from support.sites import Answer, Site, article, listing, serving

from crawlers.run import crawl_once
from crawlers.settings import CrawlSettings, scrapy_settings
from posts.log.memory import MemoryLog
from registry.db import Database

PROPER = CrawlSettings(allow_private=("127.0.0.0/8",), user_agent="YuqingDesk/0.1 (+test)")


@pytest.fixture
def site():
    with serving() as site:
        publish(site, 3)
        yield site


def publish(site: Site, count: int) -> None:
    links = [(f"/art/art_{n}.html", f"关于第{n}号供水工程的公告") for n in range(count)]
    for url, title in links:
        site.page(url, article(title, "正文在此，今晚停水。" * 10))
    site.page("/list.html", listing(links))


def robots(site: Site, text: str) -> None:
    site.page("/robots.txt", text, content_type="text/plain")


def test_one_request_at_a_time_a_second_apart_for_a_host_across_its_sources(
    site: Site, database: Database, log: MemoryLog
) -> None:
    register(database, "one", url=site.root + "/list.html")
    register(database, "two", url=site.root + "/list.html?two")
    site.pages["/list.html?two"] = site.pages["/list.html"]
    with serving("127.0.0.2") as other:
        publish(other, 3)
        register(database, "other", url=other.root + "/list.html")
        crawl_once(database=database, log=log, settings=PROPER)
        gaps = {
            each.host: [after.at - before.at for before, after in pairwise(each.asked)]
            for each in (site, other)
        }
        overlap = other.asked[-1].at > site.asked[0].at and site.asked[1].at < other.asked[-1].at

    assert len(gaps["127.0.0.1"]) == 8
    assert min(gaps["127.0.0.1"] + gaps["127.0.0.2"]) >= 0.98
    assert (site.most_at_once, other.most_at_once) == (1, 1)
    assert overlap  # another host does not wait for this one
    agents = {asked.headers["User-Agent"] for asked in site.asked}
    assert agents == {"YuqingDesk/0.1 (+test)"}
    assert all("Cookie" not in asked.headers for asked in site.asked)


def test_the_rules_of_robots_txt_are_kept(site: Site, database: Database, log: MemoryLog) -> None:
    robots(site, "User-agent: YuqingDesk\nDisallow: /art/art_1\n\nUser-agent: *\nDisallow: /\n")
    register(database, url=site.root + "/list.html")

    assert crawl_once(database=database, log=log, settings=FAST) == 2
    assert "/art/art_1.html" not in site.paths()
    assert site.asked[0].path == "/robots.txt"


def test_a_site_that_wants_nobody_is_left_alone_and_said_so(
    site: Site, database: Database, log: MemoryLog
) -> None:
    robots(site, "User-agent: *\nDisallow: /\n")
    register(database, url=site.root + "/list.html")

    assert crawl_once(database=database, log=log, settings=FAST) == 0
    assert site.paths() == []
    assert health(database).failure == "robots"
    assert crawl_once(database=database, log=log, settings=replace(FAST, obey_robots=False)) == 3


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer(status=503),
        Answer(status=403),
        Answer(status=302, headers={"Location": "/robots.txt"}),
        Answer(b"\x1f\x8bbroken", headers={"Content-Encoding": "gzip"}),
        Answer(b"x" * (FAST.max_bytes + 1)),
    ],
    ids=["500", "503", "403", "loop", "broken", "endless"],
)
def test_where_robots_txt_cannot_be_read_nothing_is_crawled(
    site: Site, database: Database, log: MemoryLog, answer: Answer
) -> None:
    site.page("/robots.txt", answer)
    register(database, url=site.root + "/list.html")

    assert crawl_once(database=database, log=log, settings=FAST) == 0
    assert site.paths() == []
    assert health(database).failure == "robots"


def test_without_robots_txt_there_are_no_rules(
    site: Site, database: Database, log: MemoryLog
) -> None:
    register(database, url=site.root + "/list.html")
    assert crawl_once(database=database, log=log, settings=FAST) == 3
    assert [asked.path for asked in site.asked].count("/robots.txt") == 1


def test_a_longer_pause_that_the_site_asks_for_is_kept(
    site: Site, database: Database, log: MemoryLog
) -> None:
    robots(site, "User-agent: *\nCrawl-delay: 0.4\n")
    register(database, url=site.root + "/list.html")

    crawl_once(database=database, log=log, settings=FAST)
    times = [asked.at for asked in site.asked]
    assert min(after - before for before, after in pairwise(times[1:])) >= 0.38
    assert len(posts(log)) == 3


def test_what_scrapy_is_told() -> None:
    told = scrapy_settings(CrawlSettings())
    assert told["CONCURRENT_REQUESTS_PER_DOMAIN"] == 1
    assert told["DOWNLOAD_DELAY"] >= 1
    assert told["DOWNLOAD_DELAY_JITTER"] == 0
    assert told["USER_AGENT"].startswith("YuqingDesk/")
    assert not told["COOKIES_ENABLED"]
    assert not told["TELNETCONSOLE_ENABLED"]
    assert not told["HTTPPROXY_ENABLED"]
