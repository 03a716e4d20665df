"""The plan of a crawl without end: who is due, and what a person wants looked at now (值守)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from registry import jobs
from registry import sources as source_registry
from registry.db import Database
from registry.errors import DeskError, NotFoundError
from registry.jobs import Job
from registry.lease import Tenure
from registry.sources import Source

if TYPE_CHECKING:
    from crawlers.spiders.desk import DeskSpider

log = structlog.get_logger()

T = TypeVar("T")

CHECK = "source_check"
LEASE = "crawl"
LEASE_TTL_S = 12.0
_STEP_S = 0.1
_POSTPONE_S = 10.0


class Watch:
    """Looks for due sources and for jobs, one visit of each source at a time.

    Only the holder of the lease ``crawl`` visits: two crawls beside each other could not keep the
    distance between the requests to a site. The others stand by. ``alive`` is called at each
    look: a crawl that looks no more is one that hangs.
    """

    def __init__(self, stop: threading.Event, alive: Callable[[], None], holder: str) -> None:
        self._stop = stop
        self._alive = alive
        self._lease = Tenure(LEASE, holder=holder, ttl_s=LEASE_TTL_S)
        self._under_way: dict[str, asyncio.Task[bool]] = {}
        self._checks: set[asyncio.Task[None]] = set()
        self._not_before: dict[str, float] = {}

    async def plan(self, spider: DeskSpider) -> None:
        """Run until the stop event."""
        loop = asyncio.get_running_loop()
        look_at = 0.0
        try:
            while not self._stop.is_set():
                if loop.time() >= look_at:
                    look_at = loop.time() + spider.settings_.poll_s
                    if await self._look(spider):
                        self._alive()
                await asyncio.sleep(min(_STEP_S, spider.settings_.poll_s))
        finally:
            self._drop()

    def release(self, database: Database) -> None:
        """Give the lease back after the end, so that another one need not wait for it."""
        self._lease.give_back(database)

    def _drop(self) -> None:
        for task in (*self._under_way.values(), *self._checks):
            task.cancel()

    async def _has_lease(self, spider: DeskSpider) -> bool:
        tools, lease = spider.tools, self._lease
        had = lease.held
        if lease.sure(tools.clock()):
            return True
        held = await _in_thread(spider, lambda: lease.hold(tools.database, tools.clock()))
        if had and not held:
            self._drop()  # we were stopped for a while, and another one visits these sites now
        return held

    async def _look(self, spider: DeskSpider) -> bool:
        tools = spider.tools

        def look() -> tuple[list[Source], Job | None]:
            now = tools.clock()
            with tools.database.reading() as session:
                due = source_registry.due(session, now=now)
                asked = jobs.waiting(session, kinds=[CHECK])
            if not asked:
                return due, None
            with tools.database.transaction() as session:
                return due, jobs.claim(session, kinds=[CHECK], now=now)

        try:
            if not await self._has_lease(spider):
                return True
            due, job = await _in_thread(spider, look)
        except DeskError as error:
            log.warning("sources_unreadable", reason=error.message)
            return False
        if job is not None:
            check = asyncio.get_running_loop().create_task(self._check(spider, job))
            self._checks.add(check)
            check.add_done_callback(self._checks.discard)
        for source in due:
            self._begin(spider, source)
        return True

    def _begin(self, spider: DeskSpider, source: Source) -> None:
        loop = asyncio.get_running_loop()
        if source.id in self._under_way or self._not_before.get(source.id, 0.0) > loop.time():
            return
        self._visit(spider, source)

    def _visit(self, spider: DeskSpider, source: Source) -> asyncio.Task[bool]:
        loop = asyncio.get_running_loop()

        def ended(task: asyncio.Task[bool]) -> None:
            self._under_way.pop(source.id, None)
            well = not task.cancelled() and task.exception() is None and task.result()
            if not well:
                self._not_before[source.id] = loop.time() + _POSTPONE_S

        task = loop.create_task(spider.visit(source))
        self._under_way[source.id] = task
        task.add_done_callback(ended)
        return task

    async def _check(self, spider: DeskSpider, job: Job) -> None:
        """Visit the job's source now, at most for the job's time, and write down how it went."""
        tools = spider.tools
        # The visit may take what the limit leaves, less what it takes to write the outcome down.
        limit_s = max(1.0, job.limit_s - 2.0)
        result: dict[str, Any] = {}
        try:
            source = await _in_thread(spider, lambda: _get(spider, job.subject))
            if source.spider == "manual":
                error = "这个信源靠导入和录入，没有可抓取的网址"
            else:
                running = self._under_way.get(source.id)  # one that runs already will do
                before = spider.new_of.get(source.id, 0)
                visit = running or self._visit(spider, source)
                well = await asyncio.wait_for(asyncio.shield(visit), limit_s)
                error = "" if well else "数据库正忙，这一轮没有记下，请稍后再试"
                result = await _in_thread(spider, lambda: _outcome(spider, source.id))
                result["new"] = spider.new_of.get(source.id, 0) - before
        except TimeoutError:
            error = f"{limit_s:.0f} 秒内没有抓完，抓取仍在继续，结果见信源状态"
        except DeskError as failed:
            error = failed.message

        def write() -> None:
            with tools.database.transaction() as session:
                now = tools.clock()
                if error:
                    jobs.fail(session, job.id, now=now, error=error)
                else:
                    jobs.finish(session, job.id, now=now, result=result)

        try:
            await _in_thread(spider, write)
        except DeskError as failed:
            log.warning("job_not_recorded", job=job.id, reason=failed.message)


async def _in_thread(spider: DeskSpider, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(spider.tools.executor, work)


def _get(spider: DeskSpider, source: str) -> Source:
    with spider.tools.database.reading() as session:
        return source_registry.get(session, source)


def _outcome(spider: DeskSpider, source: str) -> dict[str, Any]:
    """The source's health as it stands after the visit."""
    with spider.tools.database.reading() as session:
        for one, health in source_registry.health(session, now=spider.tools.clock()):
            if one.id == source:
                return {
                    "state": health.state,
                    "failure": health.failure,
                    "detail": health.detail,
                    "streak": health.streak,
                }
    raise NotFoundError(f"没有编号为 {source} 的信源。")
