"""The crawl, once or for ever: which sources are visited when (采集)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

from crawlers.admission import Admission
from crawlers.settings import CrawlSettings, scrapy_settings
from crawlers.watch import Watch
from posts.log.port import PostLog
from registry import sources as source_registry
from registry.db import Database
from registry.errors import InvalidInputError, NotFoundError
from registry.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.crawler import Crawler

    from crawlers.spiders.desk import DeskSpider

log = structlog.get_logger()

_THREADS = 2
_STEP_S = 0.1
_one_crawl = threading.Lock()

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def crawl_once(
    *,
    database: Database,
    log: PostLog,
    settings: CrawlSettings,
    sources: Sequence[str] | None = None,
    clock: Clock = _utc_now,
) -> int:
    """Visit the named sources (default: all enabled ones), each once; returns the new posts.

    How each went stands in the sources' health. Raises NotFoundError or InvalidInputError for
    a source that is not there or has no spider.
    """
    chosen = _choose(database, sources)
    if not chosen:
        return 0

    async def plan(spider: DeskSpider) -> None:
        await asyncio.gather(*(spider.visit(source) for source in chosen))

    with _crawling(database, log, settings, plan, clock) as running:
        running.result()
        return running.new()


def crawl_forever(
    *,
    database: Database,
    log: PostLog,
    settings: CrawlSettings,
    stop: threading.Event,
    holder: str,
    clock: Clock = _utc_now,
    alive: Callable[[], None] = lambda: None,
) -> None:
    """Visit each source whenever it is due, until ``stop`` is set; then ends within 3 seconds.

    What a person asked for (现在检查) goes first. ``alive`` is called at each look at what is due.
    ``holder`` names this process in the lease ``crawl``: of several, one visits.
    """
    watch = Watch(stop, alive, holder)
    try:
        with _crawling(database, log, settings, watch.plan, clock) as running:
            while not stop.wait(_STEP_S):
                if running.done.done():
                    running.result()
                    return
            with suppress(FutureTimeoutError):
                running.result(settings.stop_s)
    finally:
        watch.release(database)


def _choose(database: Database, wanted: Sequence[str] | None) -> list[Source]:
    with database.reading() as session:
        if wanted is None:
            known = source_registry.everything(session)
            return [each for each in known if each.enabled and each.spider != "manual"]
        chosen = []
        for name in dict.fromkeys(wanted):
            try:
                source = source_registry.get(session, name)
            except NotFoundError as error:
                raise NotFoundError(f"没有来源「{name}」，用控制台或配置先登记它") from error
            if source.spider == "manual":
                raise InvalidInputError(f"来源「{name}」靠导入和录入，没有可采集的网址")
            chosen.append(source)
        return chosen


class _Running:
    """A crawl under way: its future and its crawler."""

    def __init__(self, done: Future[None], crawler: Crawler) -> None:
        self.done = done
        self._crawler = crawler

    def result(self, timeout_s: float | None = None) -> None:
        """Wait for its end; raises what ended it early."""
        self.done.result(timeout_s)
        error = getattr(self._crawler.spider, "error", None)
        if error is not None:
            raise error

    def new(self) -> int:
        """How many posts it saw for the first time."""
        return int(getattr(self._crawler.spider, "new", 0))


@contextmanager
def _crawling(
    database: Database,
    log_: PostLog,
    settings: CrawlSettings,
    plan: Callable[[DeskSpider], Awaitable[None]],
    clock: Clock,
) -> Iterator[_Running]:
    """Start the engine with the plan. One crawl at a time in a process: it has one reactor."""
    # Scrapy and Twisted are heavy: a process that does not crawl never loads them.
    from scrapy.crawler import Crawler

    from crawlers import reactor
    from crawlers.gate import Gate
    from crawlers.guard import Guard
    from crawlers.patience import Patience
    from crawlers.revisits import Revisits
    from crawlers.spiders.desk import DeskSpider
    from crawlers.visit import Tools

    if not _one_crawl.acquire(blocking=False):
        raise InvalidInputError("这个进程里已有采集在进行，请等它结束")
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="crawl")
    try:
        guard = Guard(settings.allow_private)
        admission = Admission(log_, database)
        tools = Tools(
            settings=settings,
            database=database,
            admission=admission,
            patience=Patience(),
            gate=Gate(settings.concurrency),
            revisits=Revisits(),
            executor=executor,
            clock=clock,
        )

        async def start() -> Crawler:
            return Crawler(DeskSpider, scrapy_settings(settings))

        reactor.use(guard)
        crawler = reactor.submit(start()).result()
        arguments: dict[str, Any] = {"tools": tools, "guard": guard, "plan": plan}
        done = reactor.submit(crawler.crawl_async(**arguments))
        try:
            yield _Running(done, crawler)
        finally:
            if not done.done():
                done.cancel()
    finally:
        reactor.use(None)
        executor.shutdown(wait=False, cancel_futures=True)
        _one_crawl.release()
