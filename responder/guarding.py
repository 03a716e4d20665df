"""Watches a library that connects by itself: where to, how long, what is answered (外联审核).

A notification library resolves names, follows redirects and speaks protocols on its own, so an
address that was checked beforehand says little. Python reports every ``connect`` and ``sendto`` to
audit hooks, with the address that it really goes to; what is raised there prevents it. Within
:func:`guarded` only admitted addresses pass, all connections are cut at the deadline, and the
answers over HTTP are read within bounds and kept to be judged; elsewhere nothing changes.
"""

from __future__ import annotations

import contextlib
import io
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from msgspec import Struct

from registry.addresses import Admitted

MOST_BYTES = 65_536  # of an answer; whatever follows is left unread
_NAMED = "socket.getaddrinfo"
_CONNECT = "socket.connect"
_JUDGED = frozenset({_NAMED, _CONNECT, "socket.sendto", "socket.sendmsg"})


class Answer(Struct, frozen=True):
    """What a receiver said, up to 64 KiB of it."""

    status: int
    body: bytes


class Guard:
    """What happened within one :func:`guarded`.

    ``refused``: the hosts, as they were asked for; ``answers``: over HTTP, the last one last;
    ``cut``: the deadline came first.
    """

    def __init__(self, allowed: Admitted) -> None:
        self._allowed = allowed
        self._asked = ""
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self.refused: list[str] = []
        self.answers: list[Answer] = []
        self.cut = False

    def judge(self, event: str, given: tuple[Any, ...]) -> None:
        """Raises PermissionError, which the library takes for a connection that failed."""
        if event == _NAMED:
            host = given[0]
            self._asked = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
            return
        address = given[1]
        host, port = (address[0], address[1]) if isinstance(address, tuple) else ("本机服务", 0)
        asked = self._asked.lower() or str(host)
        if self.cut or not self._allowed.of(asked, int(port), [str(host)]):
            if not self.cut:
                self.refused.append(asked)
            raise PermissionError(f"not admitted: {asked}")
        if event == _CONNECT:
            self._keep(given[0])

    def end(self) -> None:
        """The deadline: whatever is still open is cut, and nothing opens any more."""
        with self._lock:
            self.cut = True
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def let_go(self) -> None:
        """Forget the connections; who opened them closes them."""
        with self._lock:
            while self._open:
                self._open.pop().close()

    def _keep(self, opened: socket.socket) -> None:
        # A second handle: the library may wrap its own for TLS, and that one is of no use then.
        with self._lock, contextlib.suppress(OSError):
            self._open.append(opened.dup())


# The context goes along into the threads that the library hands its work to.
_guard: ContextVar[Guard | None] = ContextVar("guard", default=None)


@contextmanager
def guarded(allowed: Admitted, *, limit_s: float = 30.0) -> Generator[Guard]:
    """Until it ends, ``limit_s`` at most, what runs here connects to admitted addresses only."""
    _install()
    guard = Guard(allowed)
    token = _guard.set(guard)
    late = threading.Timer(limit_s, guard.end)
    late.daemon = True
    late.start()
    try:
        yield guard
    finally:
        late.cancel()
        guard.let_go()
        _guard.reset(token)


@cache
def _install() -> None:
    """Once in a process: a hook can't be taken away again."""
    sys.addaudithook(_heard)


def _heard(event: str, given: tuple[Any, ...]) -> None:
    if event in _JUDGED and (guard := _guard.get()) is not None:
        guard.judge(event, given)


@cache
def listen_to(requests: Any) -> None:
    """Within :func:`guarded` keep what comes back over this module ``requests``, up to 64 KiB.

    Left alone it reads an answer to its end, however long that is, into memory.
    """
    adapter = requests.adapters.HTTPAdapter
    plain = adapter.send

    def send(self: Any, request: Any, stream: bool = False, **given: Any) -> Any:
        guard = _guard.get()
        if guard is None:
            return plain(self, request, stream=stream, **given)
        answer = plain(self, request, stream=True, **given)
        try:
            body = answer.raw.read(MOST_BYTES, decode_content=True)
        except Exception as error:  # of urllib3; its callers know those of requests
            raise requests.exceptions.ConnectionError(type(error).__name__) from error
        finally:
            answer.raw.close()
            self.close()
        answer.raw = io.BytesIO(body)
        guard.answers.append(Answer(answer.status_code, body))
        return answer

    adapter.send = send
