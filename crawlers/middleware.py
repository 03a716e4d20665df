"""What every request passes before it leaves: the address guard, then robots.txt, strictly."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import structlog
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.robotstxt import ProtegoRobotParser

from crawlers.failures import (
    CONNECTION,
    REFUSED_ADDRESS,
    ROBOTS,
    TIMEOUT,
    CrawlFailure,
    of_exception,
)
from crawlers.settings import AGENT_TOKEN

if TYPE_CHECKING:
    from crawlers.spiders.desk import DeskSpider

log = structlog.get_logger()

_SUCCESS = range(200, 300)
_NO_RULES = (404, 410)
_NO_ANSWER = (REFUSED_ADDRESS, CONNECTION, TIMEOUT)
_LONGEST_PAUSE_S = 60.0
_MAX_ROBOTS_BYTES = 500 * 1024  # what RFC 9309 asks a crawler to read at least


class AddressGuard:
    """Refuses what the guard refuses; runs for each request, so for each redirect too."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way to make it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raise CrawlFailure where the address may not be connected to."""
        await _spider(self._crawler).guard.check(request.url)


class StrictRobots:
    """robots.txt as RFC 9309 has it, and stricter: where it can't be read, nothing is fetched.

    404 and 410 mean that there are no rules. Rules are kept for an hour, a failure for a minute.
    A Crawl-delay longer than ours is kept to.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._rules: dict[str, tuple[float, ProtegoRobotParser | CrawlFailure | None]] = {}
        self._reading: dict[str, asyncio.Future[None]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way to make it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raise CrawlFailure where the rules forbid the request, or can't be read."""
        if request.meta.get("is_robots") or not _spider(self._crawler).settings_.obey_robots:
            return
        parts = urlsplit(request.url)
        site = f"{parts.scheme}://{parts.netloc}"
        while (kept := self._rules.get(site)) is None or kept[0] < time.monotonic():
            reading = self._reading.get(site)
            if reading is None:
                await self._read(site)
            else:
                await asyncio.shield(reading)
        rules = kept[1]
        if isinstance(rules, CrawlFailure):
            raise rules
        if rules is None:
            return
        if not rules.allowed(request.url, AGENT_TOKEN):
            raise CrawlFailure(
                ROBOTS, f"{site}/robots.txt 不允许采集 {request.url}，已遵守，不采集"
            )
        self._keep_delay(rules, parts.hostname or "", request)

    async def _read(self, site: str) -> None:
        settings = _spider(self._crawler).settings_
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reading[site] = done
        url = f"{site}/robots.txt"
        keep_s = settings.robots_retry_s
        rules: ProtegoRobotParser | CrawlFailure | None
        try:
            request = Request(url, meta={"is_robots": True, "max_retry_times": 1}, dont_filter=True)
            response = await self._crawler.engine.download_async(request)
            rules = _rules(response)
            if not isinstance(rules, CrawlFailure):
                keep_s = settings.robots_keep_s
        except Exception as error:  # noqa: BLE001  -- whatever it is, the site is not crawled
            cause = of_exception(error, url, timeout_s=settings.timeout_s)
            # A host that does not answer at all is down: that is not a matter of its rules.
            code = cause.code if cause.code in _NO_ANSWER else ROBOTS
            rules = CrawlFailure(code, f"读不到 robots.txt，按规矩不采集：{cause.detail}")
        finally:
            del self._reading[site]
            done.set_result(None)
        self._rules[site] = (time.monotonic() + keep_s, rules)

    def _keep_delay(self, rules: ProtegoRobotParser, host: str, request: Request) -> None:
        asked = rules.crawl_delay(AGENT_TOKEN)
        if asked is None or asked <= _spider(self._crawler).settings_.delay_s:
            return
        delay = min(float(asked), _LONGEST_PAUSE_S)
        request.meta["autothrottle_dont_adjust_delay"] = True
        downloader = self._crawler.engine.downloader
        downloader.per_slot_settings[host] = {"concurrency": 1, "delay": delay, "jitter": 0}
        slot = downloader.slots.get(host)
        if slot is not None:
            slot.delay = delay


def _rules(response: Response) -> ProtegoRobotParser | CrawlFailure | None:
    if response.status in _SUCCESS:
        return ProtegoRobotParser(response.body[:_MAX_ROBOTS_BYTES], None)
    if response.status in _NO_RULES:
        return None
    return CrawlFailure(
        ROBOTS, f"{response.url} 返回 {response.status}，读不到采集规则，按规矩不采集"
    )


def _spider(crawler: Crawler) -> DeskSpider:
    from crawlers.spiders.desk import DeskSpider

    spider = crawler.spider
    assert isinstance(spider, DeskSpider)
    return spider
