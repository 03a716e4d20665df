"""Twisted's reactor in a thread of its own: it starts once in a process and never stops.

Whoever crawls hands it a coroutine and waits. Signals stay with the main thread, and a process
can crawl as often as it likes, which a reactor that was stopped would not let it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from crawlers.guard import Guard, GuardedResolver
from crawlers.settings import REACTOR

T = TypeVar("T")

_START_S = 20.0
_lock = threading.Lock()
_resolver = GuardedResolver()
_loop: asyncio.AbstractEventLoop | None = None


def submit(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Run the coroutine on the reactor's loop; the future is the caller's to wait for."""
    return asyncio.run_coroutine_threadsafe(work, _running_loop())


def use(guard: Guard | None) -> None:
    """From now on names resolve to what this guard admits; without one, to nothing."""
    _resolver.guard = guard


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop  # noqa: PLW0603  -- a process has one reactor, that is how Twisted is
    with _lock:
        if _loop is None:
            ready: Future[asyncio.AbstractEventLoop] = Future()
            threading.Thread(target=_run, args=(ready,), name="reactor", daemon=True).start()
            _loop = ready.result(_START_S)
        return _loop


def _run(ready: Future[asyncio.AbstractEventLoop]) -> None:
    try:
        from scrapy.utils.reactor import install_reactor

        # Scrapy says at INFO and below what we say ourselves, and tracebacks of bad pages.
        logging.getLogger("scrapy").setLevel(logging.WARNING)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        install_reactor(REACTOR)
        from twisted.internet import reactor as installed

        reactor: Any = installed
        reactor.installNameResolver(_resolver)
        reactor.callWhenRunning(ready.set_result, loop)
        reactor.run(installSignalHandlers=False)
    except BaseException as error:
        if not ready.done():
            ready.set_exception(error)
        raise
