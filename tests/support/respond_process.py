"""Responders in real processes, quickly: a small server forks them, so that a start takes 10 ms.

The clock of a process is the machine's plus what stands in a file, so a test can move it under a
process that runs. Each process writes what it owned and sent, with the machine's monotonic time,
to one trace.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
POINTS = ("planned", "claiming", "claimed", "sent")


class Office:
    """The test's side: starts, moves the clock, reads the trace."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        channels: Sequence[dict[str, Any]],
        *,
        ttl_s: float = 1.0,
        claim_s: float = 60.0,
        idle_s: float = 0.02,
    ) -> None:
        self.trace_file = folder / "trace"
        self.clock_file = folder / "clock"
        self.move_to(0.0)
        self.trace_file.touch()
        plan = {
            "database": database_url,
            "channels": list(channels),
            "ttl_s": ttl_s,
            "claim_s": claim_s,
            "idle_s": idle_s,
            "trace": str(self.trace_file),
            "clock": str(self.clock_file),
        }
        self._server = subprocess.Popen(
            [sys.executable, "-P", __file__, json.dumps(plan)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self._server.stdout is not None
        assert self._server.stdout.readline() == "ready\n"
        self.pids: list[int] = []

    def start(self, holder: str, *, dies: str = "") -> int:
        """A responder of that name; returns its process id.

        ``dies`` names a point of :data:`POINTS` at which it kills itself, the first time it is
        there: gaps that a kill at a random time hardly ever meets.
        """
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(f"{holder}|{dies}\n")
        self._server.stdin.flush()
        pid = int(self._server.stdout.readline())
        self.pids.append(pid)
        return pid

    def kill(self, pid: int) -> None:
        """kill -9."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.pids.remove(pid)

    def now(self) -> datetime:
        """What the processes take for now."""
        return now_by(self.clock_file)

    def move_to(self, offset_s: float) -> None:
        """Set how far their clock is from the machine's."""
        self.offset_s = offset_s
        beside = self.clock_file.with_suffix(".new")
        beside.write_text(str(offset_s))
        beside.replace(self.clock_file)

    def forward(self, seconds: float) -> None:
        """Move their clock on."""
        self.move_to(self.offset_s + seconds)

    def trace(self, what: str) -> list[dict[str, Any]]:
        """The lines of one kind."""
        with self.trace_file.open() as file:
            lines = [json.loads(line) for line in file if line.endswith("\n")]
        return [line for line in lines if line["what"] == what]

    def close(self) -> None:
        """End all that still runs."""
        for pid in list(self.pids):
            self.kill(pid)
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(60)
        self._server.stdout.close()


@contextlib.contextmanager
def office(folder: Path, database_url: str, channels: Any, **given: Any) -> Iterator[Office]:
    """An office until the block ends; ``channels``: name, url, and what Limits takes."""
    made = Office(folder, database_url, channels, **given)
    try:
        yield made
    finally:
        made.close()


def now_by(file: Path) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=float(file.read_text()))


def _serve(plan: dict[str, Any]) -> None:
    """Fork a responder for each line of standard input, say its process id."""
    import responder.outgoing
    import responder.worker  # noqa: F401 - loaded once, before the forks

    if plan["database"].startswith("postgresql"):
        import psycopg  # noqa: F401

        import registry.db_postgresql  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                _respond(plan, *line.strip().split("|"))
            finally:
                os._exit(1)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _respond(plan: dict[str, Any], holder: str, dies: str) -> None:  # noqa: C901 - small classes within
    import structlog

    from posts.log.memory import MemoryLog
    from registry import lease
    from registry.addresses import Admitted
    from registry.db import Database, Session
    from responder.lanes import Limits
    from responder.notify import Notice
    from responder.webhook import WebhookNotifier
    from responder.worker import GROUP, Responder

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    trace = os.open(plan["trace"], os.O_WRONLY | os.O_APPEND)
    clock_file = Path(plan["clock"])

    def clock() -> datetime:
        return now_by(clock_file)

    def say(what: str, **more: Any) -> None:
        line = {"what": what, "holder": holder, "at": time.monotonic(), **more}
        os.write(trace, json.dumps(line).encode() + b"\n")

    def at_point(point: str) -> None:
        if point == dies:
            os.kill(os.getpid(), signal.SIGKILL)

    class Traced(WebhookNotifier):
        def send(self, notice: Notice) -> str:
            at_point("claimed")
            say("send", keys=list(notice.keys))
            how = super().send(notice)
            at_point("sent")
            return how

    class TracedResponder(Responder):
        def _own(self) -> bool:
            with self._database.reading() as session:
                owner = lease.holder(session, GROUP, now=clock())
            own = super()._own()
            if own and owner != holder:
                say("took over")
            return own

        # A process that is frozen says what it did when it wakes, if that still counts: so the
        # time is taken inside the write transaction, and what was undone is not said at all.
        def _mine(self, session: Session, now: datetime) -> bool:
            session.connection()  # now it has the write lock
            at = time.monotonic()
            mine = super()._mine(session, now)
            say("claim", mine=mine, at=at)
            at_point("claiming")
            return mine

        @contextlib.contextmanager
        def _owned(self):
            with super()._owned() as given:
                at = time.monotonic()
                yield given
                at_point("planned")  # written, not committed
            say("owned", at=at)

    database = Database(plan["database"])
    allowed = Admitted(["127.0.0.1"], setting="x")
    notifiers, limits = [], {}
    for channel in plan["channels"]:
        given = dict(channel)
        name, url = given.pop("name"), given.pop("url")
        timeout_s = given.pop("timeout_s", 2.0)
        limits[name] = Limits(claim_s=plan["claim_s"], **given)
        notifiers.append(
            Traced(
                name,
                url,
                secret=holder.encode(),
                clock=clock,
                allowed=allowed,
                timeout_s=timeout_s,
            )
        )
    responder = TracedResponder(
        MemoryLog(), database, notifiers, clock, holder, ttl_s=plan["ttl_s"], limits=limits
    )
    while True:
        if not responder.step():
            time.sleep(plan["idle_s"])


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
