from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from support.crawling import FAST, health, posts, register
from support.sites import Answer, Site, article, listing, serving

from crawlers.run import crawl_forever, crawl_once
from crawlers.settings import CrawlSettings
from posts.errors import RetryError
from posts.log.memory import MemoryLog
from registry import jobs, lease, sources
from registry.db import Database
from registry.errors import InvalidInputError

BRISK = replace(FAST, poll_s=0.05)


@pytest.fixture
def site():
    with serving() as site:
        yield site


def publish(site: Site, *numbers: int) -> None:
    links = [(f"/art/art_{n}.html", f"关于第{n}号供水工程的公告") for n in numbers]
    for url, title in links:
        site.page(url, article(title, f"{title}，今晚停水。" * 10))
    site.page("/list.html", listing(links))


def until(condition: Callable[[], bool], *, within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        threading.Event().wait(0.02)


@contextmanager
def crawling(
    database: Database, log: MemoryLog, settings: CrawlSettings, holder: str = "one"
) -> Iterator[None]:
    """A crawl without end beside the test; it must end within seconds of being told."""
    stop = threading.Event()
    errors: list[BaseException] = []

    def run() -> None:
        try:
            crawl_forever(database=database, log=log, settings=settings, stop=stop, holder=holder)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        told = time.monotonic()
        thread.join(60)
        took = time.monotonic() - told
    assert not thread.is_alive()
    assert took < 15
    assert errors == []


def test_what_a_site_publishes_meanwhile_comes_in_by_itself(
    site: Site, database: Database, log: MemoryLog
) -> None:
    publish(site, 1, 2)
    register(database, url=site.root + "/list.html", interval_s=1)
    with crawling(database, log, BRISK):
        until(lambda: len(posts(log)) == 2)
        publish(site, 3, 1, 2)
        until(lambda: len(posts(log)) == 3)
    assert site.paths().count("/art/art_1.html") == 1


def test_a_source_is_never_visited_twice_at_once(
    site: Site, database: Database, log: MemoryLog
) -> None:
    hold = threading.Event()
    publish(site, 1, 2, 3)
    site.page("/list.html", Answer(site.pages["/list.html"].body, wait=hold))
    register(database, url=site.root + "/list.html", interval_s=1)
    with crawling(database, log, BRISK):
        until(lambda: site.paths() == ["/list.html"])
        threading.Event().wait(1.5)
        assert site.paths() == ["/list.html"]
        hold.set()
        until(lambda: len(posts(log)) == 3)


def test_it_stops_in_time_with_a_request_under_way_and_can_start_again(
    site: Site, database: Database, log: MemoryLog
) -> None:
    hold = threading.Event()
    publish(site, 1)
    whole = site.pages["/list.html"].body
    site.page("/list.html", Answer(whole, wait=hold))
    register(database, url=site.root + "/list.html", interval_s=1)
    with crawling(database, log, BRISK):
        until(lambda: site.paths() == ["/list.html"])
    hold.set()
    site.page("/list.html", whole)
    assert crawl_once(database=database, log=log, settings=FAST) == 1


def test_a_silent_source_does_not_hold_up_the_others(
    site: Site, database: Database, log: MemoryLog
) -> None:
    hold = threading.Event()
    with serving("127.0.0.2") as silent:
        silent.page("/list.html", Answer(b"", wait=hold))
        register(database, "a-silent", url=silent.root + "/list.html", interval_s=1)
        publish(site, 1)
        register(database, url=site.root + "/list.html", interval_s=1)
        with crawling(database, log, BRISK):
            until(lambda: len(posts(log)) == 1)
        hold.set()


def test_a_log_that_is_full_for_a_while_loses_nothing_and_blames_no_source(
    site: Site, database: Database
) -> None:
    class Full(MemoryLog):
        full = True

        def append(self, topic: str, batch: object) -> None:
            if self.full:
                raise RetryError("disk full")
            super().append(topic, batch)  # type: ignore[arg-type]

    log = Full()
    publish(site, 1)
    register(database, url=site.root + "/list.html")
    assert crawl_once(database=database, log=log, settings=FAST) == 0
    assert health(database).failure == ""
    log.full = False
    assert crawl_once(database=database, log=log, settings=FAST) == 1


def test_a_process_crawls_once_at_a_time(site: Site, database: Database, log: MemoryLog) -> None:
    publish(site, 1)
    register(database, url=site.root + "/list.html")
    with crawling(database, log, BRISK):
        until(lambda: len(posts(log)) == 1)
        with pytest.raises(InvalidInputError, match="已有采集"):
            crawl_once(database=database, log=log, settings=FAST)


def test_from_published_to_the_log(site: Site, database: Database, log: MemoryLog) -> None:
    """With an interval of 1 s and half a second between requests, to keep the test short."""
    settings = replace(BRISK, delay_s=0.5)
    publish(site, 0, 100)
    register(database, url=site.root + "/list.html", interval_s=1)
    waits: list[float] = []
    with crawling(database, log, settings):
        until(lambda: len(posts(log)) == 2)
        for number in range(1, 6):
            published = time.monotonic()
            publish(site, *range(number, -1, -1), 100)
            until(lambda wanted=number + 2: len(posts(log)) == wanted)  # type: ignore[misc]
            waits.append(time.monotonic() - published)
    assert min(waits) < 6  # 1 s of interval, 2 requests half a second apart
    assert max(waits) < 15
    seen = datetime.now(UTC)
    assert all(post.first_seen_at <= seen for post in posts(log))


def test_of_two_crawls_one_visits_and_the_other_takes_over_when_it_leaves(database, log, site):
    publish(site, 1)
    register(database, url=f"{site.root}/list.html", interval_s=3600)
    clock = lambda: datetime.now(UTC)  # noqa: E731
    with database.transaction() as session:  # another machine crawls
        assert lease.acquire(session, "crawl", holder="two", now=clock(), ttl_s=600)
    looks = threading.Event()
    stop = threading.Event()
    given = {"database": database, "log": log, "settings": BRISK, "stop": stop, "holder": "one"}
    thread = threading.Thread(target=crawl_forever, kwargs={**given, "alive": looks.set})
    thread.start()
    try:
        assert looks.wait(60)
        looks.clear()
        assert looks.wait(60)  # it looked twice, and stood by
        assert posts(log) == []
        with database.transaction() as session:
            lease.release(session, "crawl", holder="two")
        until(lambda: len(posts(log)) == 1)
    finally:
        stop.set()
        thread.join(60)
    with database.reading() as session:
        assert lease.holder(session, "crawl") is None


def test_a_source_that_a_person_wants_checked_is_visited_at_once(database, site):
    """Its interval is an hour and it was visited a moment ago."""
    publish(site, 1)
    register(database, url=f"{site.root}/list.html", interval_s=3600)
    register(database, "hand", spider="manual")
    clock = lambda: datetime.now(UTC)  # noqa: E731
    with database.transaction() as session:
        sources.record_success(session, "gov", now=clock(), found=1, new=0)
        numbers = [
            jobs.add(session, kind="source_check", subject=one, body={}, now=clock(), limit_s=30)
            for one in ("gov", "hand", "gone")
        ]
    stop = threading.Event()
    beats = []
    given = {
        "database": database,
        "log": MemoryLog(),
        "settings": BRISK,
        "stop": stop,
        "holder": "one",
    }
    thread = threading.Thread(
        target=crawl_forever, kwargs={**given, "clock": clock, "alive": lambda: beats.append(1)}
    )
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while True:
            with database.reading() as session:
                found = [jobs.get(session, number) for number in numbers]
            if all(job.state in ("done", "failed") for job in found):
                break
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
    finally:
        stop.set()
        thread.join(60)
    assert found[0].result == {"state": "ok", "failure": "", "detail": "", "streak": 0, "new": 1}
    assert found[1].error == "这个信源靠导入和录入，没有可抓取的网址"
    assert "gone" in found[2].error
    assert beats
