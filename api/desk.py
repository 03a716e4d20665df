"""The parts of a running desk that a request may use, in one object on the application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, cast

import anyio
from anyio.to_thread import run_sync
from fastapi import Request
from sqlalchemy.orm import Session

from api.settings import ApiSettings
from posts.index.port import PostIndex
from posts.log.port import PostLog
from registry.db import Database

Clock = Callable[[], datetime]


class Admits(Protocol):
    """The door for what people enter (see crawlers.admission)."""

    def admit(self, items: list[Any]) -> list[Any]:
        """An outcome for each item, in their order."""


@dataclass(slots=True)
class Desk:
    """Database, log, index and the rest, made by the wiring and shared by all requests.

    Only so many transactions run at a time, and who waits for one waits on the event loop: threads
    that wait for a lock could otherwise take all the threads that its holder needs to go on.
    """

    database: Database
    log: PostLog
    index: PostIndex
    admission: Admits
    settings: ApiSettings
    clock: Clock
    readers: asyncio.Semaphore = field(init=False)
    writers: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.readers = asyncio.Semaphore(self.settings.readers)
        self.writers = asyncio.Semaphore(self.settings.writers)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        """A reading transaction, opened and closed in a worker thread."""
        async with self.readers, _in_thread(self.database.reading()) as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Session]:
        """A writing transaction: commits at the end, rolls back on an error."""
        async with self.writers, _in_thread(self.database.transaction()) as session:
            yield session


@asynccontextmanager
async def _in_thread(manager: AbstractContextManager[Session]) -> AsyncIterator[Session]:
    session = await run_sync(manager.__enter__)
    try:
        yield session
    except BaseException as error:
        # shielded: an abandoned request must still give back its transaction
        with anyio.CancelScope(shield=True):
            swallowed = await run_sync(manager.__exit__, type(error), error, error.__traceback__)
        if not swallowed:
            raise
    else:
        with anyio.CancelScope(shield=True):
            await run_sync(manager.__exit__, None, None, None)


def desk_of(scope_holder: Any) -> Desk:
    """The desk of a request or an application."""
    app = scope_holder.app if isinstance(scope_holder, Request) else scope_holder
    return cast(Desk, app.state.desk)
