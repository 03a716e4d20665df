"""The one long-lived spider: all sources run in one engine, so that a host has one queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import scrapy
import structlog

from crawlers.failures import OTHER, CrawlFailure
from crawlers.guard import Guard
from crawlers.settings import CrawlSettings
from crawlers.spiders import feed, site, sitemap
from crawlers.spiders.options import parse
from crawlers.visit import Tools, Visit
from registry import clock_skew, sources
from registry.errors import DeskError, UnavailableError
from registry.sources import Source

log = structlog.get_logger()

_WAYS: dict[str, Callable[[Visit], Awaitable[None]]] = {
    "site": site.crawl,
    "feed": feed.crawl,
    "sitemap": sitemap.crawl,
}


class DeskSpider(scrapy.Spider):
    """Visits sources. ``plan`` decides which and when; it gets the spider and returns at the end.

    Requests go to the engine's downloader directly (guard, robots, retries, redirects, one slot a
    host), so that a visit reads as it runs: list, then articles.
    """

    name = "desk"

    def __init__(
        self,
        *,
        tools: Tools,
        guard: Guard,
        plan: Callable[[DeskSpider], Awaitable[None]],
        **rest: Any,
    ) -> None:
        super().__init__(**rest)
        self.tools = tools
        self.guard = guard
        self.plan = plan
        self.new = 0
        self.new_of: dict[str, int] = {}  # by source, since the start
        self.error: Exception | None = None
        self._visited: set[str] = set()

    @property
    def settings_(self) -> CrawlSettings:
        """Our settings (``settings`` is Scrapy's)."""
        return self.tools.settings

    async def start(self) -> AsyncIterator[Any]:
        """Run the plan; the engine stays open until it ends."""
        try:
            await self.plan(self)
        except Exception as error:
            self.error = error  # for who started the crawl; the engine would only log it
            raise
        no_items: tuple[Any, ...] = ()
        for item in no_items:  # Scrapy wants an iterator; items are admitted by the visits
            yield item

    async def visit(self, source: Source) -> bool:
        """One round of the source, with its health recorded. False: our own side was not ready."""
        started = self.tools.clock()
        failure: CrawlFailure | None = None
        try:
            visit = Visit(
                source,
                parse(source.options),
                self.tools,
                self.crawler,
                first=source.id not in self._visited,
            )
        except DeskError as error:
            await self._record(source, started, None, CrawlFailure(OTHER, error.message))
            return True
        try:
            await _WAYS[source.spider](visit)
            if visit.fetched < visit.options.max_articles:
                self._visited.add(source.id)
            failure = _common(visit)
        except CrawlFailure as found:
            failure = found
        except UnavailableError as error:
            log.warning("visit_postponed", source=source.id, reason=error.message)
            return False
        except Exception:
            log.exception("visit_broke", source=source.id)
            failure = CrawlFailure(OTHER, "采集程序出错，已记入日志，请联系维护人员")
        self.new += visit.new
        self.new_of[source.id] = self.new_of.get(source.id, 0) + visit.new
        for each in visit.failures:
            log.info("fetch_failed", source=source.id, failure=each.code, detail=each.detail)
        return await self._record(source, started, visit, failure)

    async def _record(
        self, source: Source, started: Any, visit: Visit | None, failure: CrawlFailure | None
    ) -> bool:
        def write() -> None:
            with self.tools.database.transaction() as session:
                if failure is not None:
                    sources.record_failure(
                        session,
                        source.id,
                        now=started,
                        failure=failure.code,
                        detail=failure.detail,
                    )
                for host, offset in (visit.offsets if visit else {}).items():
                    clock_skew.record(session, host, offset=offset, now=self.tools.clock())
                if failure is None and visit is not None:
                    # Dated by its start: the interval runs from one look at the list to the next.
                    sources.record_success(
                        session, source.id, now=started, found=visit.found, new=visit.new
                    )

        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self.tools.executor, write)
        except DeskError as error:
            log.warning("visit_not_recorded", source=source.id, reason=error.message)
            return False
        if failure is not None:
            log.warning(
                "visit_failed", source=source.id, failure=failure.code, detail=failure.detail
            )
        elif visit is not None:
            log.info("visit_done", source=source.id, found=visit.found, new=visit.new)
        return True


def _common(visit: Visit) -> CrawlFailure | None:
    """The failure of a visit whose list was fine, where every single article failed."""
    if visit.new or not visit.failures or len(visit.failures) < visit.fetched:
        return None
    first = visit.failures[0]
    if visit.fetched and all(failure.code == first.code for failure in visit.failures):
        return first
    return None
