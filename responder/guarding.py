"""Judges each connection that a library opens by itself, at the moment it is opened (外联审核).

A notification library resolves names, follows redirects and speaks protocols on its own, so an
address that was checked beforehand says little. Python reports every ``connect`` and ``sendto`` to
audit hooks, with the address that it really goes to; what is raised there prevents it. Within
:func:`guarded` only admitted addresses pass; elsewhere nothing changes.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from registry.addresses import Admitted

_NAMED = "socket.getaddrinfo"
_JUDGED = frozenset({_NAMED, "socket.connect", "socket.sendto", "socket.sendmsg"})


class Guard:
    """What was refused within one :func:`guarded`: the hosts, as they were asked for."""

    def __init__(self, allowed: Admitted) -> None:
        self._allowed = allowed
        self._asked = ""
        self.refused: list[str] = []

    def judge(self, event: str, given: tuple[Any, ...]) -> None:
        """Raises PermissionError, which the library takes for a connection that failed."""
        if event == _NAMED:
            host = given[0]
            self._asked = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
            return
        address = given[1]
        host, port = (address[0], address[1]) if isinstance(address, tuple) else ("本机服务", 0)
        asked = self._asked.lower() or str(host)
        if not self._allowed.of(asked, int(port), [str(host)]):
            self.refused.append(asked)
            raise PermissionError(f"not admitted: {asked}")


# The context goes along into the threads that the library hands its work to.
_guard: ContextVar[Guard | None] = ContextVar("guard", default=None)


@contextmanager
def guarded(allowed: Admitted) -> Generator[Guard]:
    """Until it ends what runs in this context connects to admitted addresses only."""
    _install()
    guard = Guard(allowed)
    token = _guard.set(guard)
    try:
        yield guard
    finally:
        _guard.reset(token)


@cache
def _install() -> None:
    """Once in a process: a hook can't be taken away again."""
    sys.addaudithook(_heard)


def _heard(event: str, given: tuple[Any, ...]) -> None:
    if event in _JUDGED and (guard := _guard.get()) is not None:
        guard.judge(event, given)
