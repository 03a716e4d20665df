"""The live stream: what changed, told to every open console (server-sent events).

One poller in the process looks at ``registry.changes`` while anybody listens and fans out to
bounded queues. A listener that can't keep up is closed: the browser comes back by itself with the
last id that it saw, and catches up from the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

import structlog
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Request
from starlette.responses import StreamingResponse

from api.deps import CurrentUser, DeskDep
from api.desk import Desk
from api.identity import identify
from registry import changes
from registry.changes import Change

log = structlog.get_logger()
SHANGHAI = ZoneInfo("Asia/Shanghai")
QUEUE_SIZE = 256
CATCH_UP = 500  # changes that are read at a time for who missed some
RETRY_MS = 2000
CHECK_EVERY = timedelta(minutes=1)  # whether the listener is still signed in
MAX_DIGITS = 19  # what a 64-bit number surely holds

router = APIRouter(tags=["实时"])


class ChangeFeed:
    """Fans changes out to listeners; ``close`` ends all of them at once."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.closed = False
        self._queues: set[asyncio.Queue[Change | None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._position = 0

    async def changes_since(self, position: int, limit: int) -> list[Change]:
        """What the database has after that id, oldest first."""
        async with self.desk.reading() as session:
            return await run_sync(partial(changes.since, session, position, limit))

    async def last(self) -> int:
        """The id of the newest change."""
        async with self.desk.reading() as session:
            return await run_sync(changes.last, session)

    async def listen(self, after: int | None) -> AsyncGenerator[Change | None]:
        """Changes as they come, those after ``after`` first; None each heartbeat."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue(QUEUE_SIZE)
        # In the queue's set before the database is read: what comes in between is heard twice,
        # never missed, and told apart by its number.
        self._queues.add(queue)
        try:
            seen = await self.last() if after is None else after
            yield None
            while missed := await self.changes_since(seen, CATCH_UP) if after is not None else []:
                for change in missed:
                    seen = change.id
                    yield change
            if self._task is None or self._task.done():
                self._position = seen
                self._task = asyncio.get_running_loop().create_task(self._poll())
            async for heard in self._from(queue):
                if heard is None or heard.id > seen:
                    seen = seen if heard is None else heard.id
                    yield heard
        finally:
            self._queues.discard(queue)

    async def _from(self, queue: asyncio.Queue[Change | None]) -> AsyncIterator[Change | None]:
        loop, heartbeat = asyncio.get_running_loop(), self.desk.settings.stream_heartbeat_s
        beat_at = loop.time() + heartbeat
        while not self.closed:
            try:
                change = await asyncio.wait_for(queue.get(), max(0.0, beat_at - loop.time()))
            except TimeoutError:
                beat_at = loop.time() + heartbeat
                yield None
                continue
            if change is None:
                return
            yield change

    async def _poll(self) -> None:
        while self._queues and not self.closed:
            try:
                for change in await self.changes_since(self._position, QUEUE_SIZE):
                    self._position = change.id
                    self._fan_out(change)
            except Exception as error:  # noqa: BLE001 - whatever it is, look again in a second
                log.warning("stream_poll_failed", error=type(error).__name__)
            await asyncio.sleep(self.desk.settings.stream_poll_s)

    def _fan_out(self, change: Change) -> None:
        for queue in list(self._queues):
            try:
                queue.put_nowait(change)
            except asyncio.QueueFull:
                log.warning("stream_listener_dropped")
                self._end(queue)

    def _end(self, queue: asyncio.Queue[Change | None]) -> None:
        self._queues.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)

    def close(self) -> None:
        """End every stream; called before the server waits for its connections."""
        self.closed = True
        for queue in list(self._queues):
            self._end(queue)

    async def aclose(self) -> None:
        """End the poller too."""
        self.close()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


def event(name: str, data: dict[str, object], *, number: int | None = None) -> str:
    """One event in wire form; JSON keeps line ends out of it."""
    lines = [] if number is None else [f"id: {number}"]
    lines += [f"event: {name}", f"data: {json.dumps(data, ensure_ascii=False)}"]
    return "\n".join(lines) + "\n\n"


def last_event_id(header: str | None) -> int | None:
    """The id that a browser saw last; nonsense counts as none."""
    if header is None or not header.isascii() or not header.isdigit():
        return None
    return int(header) if len(header) < MAX_DIGITS else None


@router.get(
    "/stream",
    summary="实时事件流（SSE）",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def stream(
    request: Request,
    desk: DeskDep,
    _user: CurrentUser,
    last_event: Annotated[
        str | None, Header(alias="Last-Event-ID", description="上次见到的事件编号")
    ] = None,
) -> StreamingResponse:
    """``event: change`` ``{"topic", "subject", "at"}`` and ``event: time`` ``{"now"}``."""
    feed: ChangeFeed = request.app.state.feed
    after = last_event_id(last_event)

    async def lines() -> AsyncIterator[str]:
        yield f"retry: {RETRY_MS}\n\n"
        checked_at = desk.clock()
        async with contextlib.aclosing(feed.listen(after)) as changes_seen:
            async for change in changes_seen:
                now = desk.clock()
                if now - checked_at >= CHECK_EVERY:
                    checked_at = now
                    if await identify(desk, request, now) is None:
                        return  # signed out meanwhile: whoever comes back is asked again
                if change is None:
                    told = now.astimezone(SHANGHAI).isoformat(timespec="milliseconds")
                    yield ": heartbeat\n\n" + event("time", {"now": told})
                else:
                    at = change.at.astimezone(SHANGHAI).isoformat(timespec="seconds")
                    data: dict[str, object] = {"topic": change.topic, "subject": change.subject}
                    yield event("change", data | {"at": at}, number=change.id)

    return StreamingResponse(
        lines(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )
