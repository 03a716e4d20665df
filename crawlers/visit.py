"""One visit to a source: what it fetches, what it admits, how it went (一轮采集)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit

from msgspec import Struct
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawlers.admission import Admission, Item, Outcome, State, item_id
from crawlers.answers import Lead, Page, better, content_type, is_attached, is_text
from crawlers.extraction import Extracted, Selectors, extract
from crawlers.failures import CrawlFailure, of_exception, of_page, of_status
from crawlers.gate import Gate
from crawlers.patience import Patience
from crawlers.revisits import Revisits
from crawlers.settings import CrawlSettings
from crawlers.spiders.options import Options
from posts.identity import post_id
from registry import sightings
from registry.db import Database
from registry.sightings import Sighting
from registry.sources import Source

T = TypeVar("T")


class Tools(Struct, frozen=True):
    """What all visits share."""

    settings: CrawlSettings
    database: Database
    admission: Admission
    patience: Patience
    gate: Gate
    revisits: Revisits
    executor: Executor
    clock: Callable[[], datetime]


class Visit:
    """One round of one source. ``found``: rows seen; ``new``: posts seen for the first time."""

    def __init__(
        self, source: Source, options: Options, tools: Tools, crawler: Crawler, *, first: bool
    ) -> None:
        self.source = source
        self.options = options
        self.first = first
        self.found = 0
        self.new = 0
        self.fetched = 0
        self.failures: list[CrawlFailure] = []
        self.offsets: dict[str, timedelta] = {}  # by host: how far our clock is ahead of its
        self._aging: list[tuple[datetime, str, Lead]] = []
        self._tools = tools
        self._crawler = crawler

    def now(self) -> datetime:
        """The time, aware."""
        return self._tools.clock()

    async def fetch(self, url: str) -> Page:
        """The page at the address. Raises CrawlFailure."""
        timeout_s = self._tools.settings.timeout_s
        try:
            request = Request(url, dont_filter=True)
            async with self._tools.gate.through(url):
                response = await self._crawler.engine.download_async(request)
        except ValueError as error:
            raise CrawlFailure("other", f"地址 {url[:200]} 不合法：{error}") from error
        except Exception as error:
            raise of_exception(error, url, timeout_s=timeout_s) from error
        self._compare_clocks(response)
        failure = of_status(response.status, url)
        if failure is not None:
            raise failure
        return Page(url, response.url, response.body, content_type(response))

    def _compare_clocks(self, response: Response) -> None:
        """By the Date header, unless the answer was kept somewhere on its way (Age)."""
        date_ = response.headers.get("Date")
        host = urlsplit(response.url).hostname
        if not date_ or not host or "Age" in response.headers:
            return
        try:
            there = parsedate_to_datetime(date_.decode("latin-1"))
            self.offsets[host] = self.now() - there
        except (ValueError, TypeError, OverflowError):  # no date, or one without a zone
            return

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run what blocks or computes beside the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._tools.executor, work)

    async def unseen(self, leads: Iterable[Lead]) -> list[Lead]:
        """Those of the leads that are not on the log yet and did not fail a moment ago."""
        by_id = {self._id(lead): lead for lead in leads}

        def look() -> dict[str, Sighting]:
            with self._tools.database.reading() as session:
                return sightings.known(session, by_id)

        known = await self.in_thread(look)
        now = self.now()
        self._aging = [
            (seen.first_seen_at, identity, by_id[identity])
            for identity, seen in known.items()
            if self._tools.revisits.due(identity, seen.first_seen_at, now)
        ]
        return [
            lead
            for identity, lead in by_id.items()
            if identity not in known and self._tools.patience.allows(identity)
        ]

    def _id(self, lead: Lead) -> str:
        now = self.now()
        item = Item(
            source=self.source.id, kind="", native=lead.native, url=lead.url, fetched_at=now
        )
        return item_id(item) or post_id(self.source.id, lead.url)

    async def admit(self, items: Sequence[Item]) -> list[Outcome]:
        """Admit the items; what is seen for the first time counts as new."""
        outcomes = await self.in_thread(lambda: self._tools.admission.admit(items))
        self.new += sum(outcome.state is State.ACCEPTED and outcome.new for outcome in outcomes)
        return outcomes

    def item(self, lead: Lead, *, title: str, text: str, author: str | None) -> Item:
        """The lead with its content, as an item fetched now."""
        return Item(
            source=self.source.id,
            kind=self.source.kind,
            native=lead.native,
            url=lead.url,
            title=title,
            text=text,
            published_at=lead.published_at,
            author=author or lead.author,
            fetched_at=self.now(),
        )

    async def article(self, lead: Lead) -> None:
        """Fetch and admit one article. A failure is kept in ``failures``, not raised.

        What failed or gave nothing is left alone for a while, longer each time. Of an attached
        file (PDF, Word) only the title on the list is taken.
        """
        identity = self._id(lead)
        try:
            if lead.title and is_attached(lead.url):
                item = self.item(lead, title=lead.title, text="", author=lead.author)
            else:
                self.fetched += 1
                item = await self._read(lead, await self.fetch(lead.url))
        except CrawlFailure as failure:
            self.failures.append(failure)
            self._tools.patience.failed(identity)
            return
        (outcome,) = await self.admit([item])
        if outcome.state is State.REJECTED:
            self._tools.patience.failed(identity)

    async def look_again(self) -> None:
        """Fetch one known article that may have changed, where this visit had no new one.

        The one that waited longest comes first. A failure says nothing of the source.
        """
        if self.fetched or not self._aging:
            return
        _, identity, lead = min(self._aging, key=lambda waiting: waiting[:2])
        self._tools.revisits.looked(identity, self.now())
        try:
            item = await self._read(lead, await self.fetch(lead.url))
        except CrawlFailure:
            return
        await self.admit([item])

    async def _read(self, lead: Lead, page: Page) -> Item:
        if not is_text(page):
            return self.item(lead, title=lead.title, text="", author=lead.author)
        extracted = await self._extract(page)
        if not extracted.body.strip():
            failure = of_page(page.text(), page.url, page.asked)
            if failure is not None:
                raise failure
        found = Lead(
            url=lead.url,
            native=lead.native,
            # The page itself knows the minute; a list often knows the day only.
            published_at=better(extracted.published_at, lead.published_at),
        )
        return self.item(
            found,
            title=extracted.title or lead.title,
            text=extracted.body,
            author=extracted.author or lead.author,
        )

    async def articles(
        self, leads: Sequence[Lead], *, refresh: Callable[[], Awaitable[list[Lead]]] | None = None
    ) -> None:
        """Fetch the articles in turn. In a long turn the list is looked at again in between.

        ``refresh`` gives leads that came up meanwhile; they go first, being the newest.
        """
        waiting = list(leads)
        looked = self.now()
        while waiting and self.fetched < self.options.max_articles:
            await self.article(waiting.pop(0))
            if refresh is None or not waiting:
                continue
            if (self.now() - looked).total_seconds() >= self.source.interval_s:
                looked = self.now()
                known = {lead.url for lead in waiting}
                waiting[:0] = [lead for lead in await refresh() if lead.url not in known]

    async def _extract(self, page: Page) -> Extracted:
        chosen = self.options.selectors
        selectors = Selectors(
            title=chosen.title,
            published=chosen.published,
            body=chosen.body,
            author=chosen.author,
        )
        now = self.now()
        return await self.in_thread(
            lambda: extract(
                page.body,
                url=page.url,
                content_type=page.content_type,
                selectors=selectors,
                now=now,
            )
        )
