"""P14, P8 on PostgreSQL: kill -9 of the server; stages go on when it is back, nothing is lost."""

from __future__ import annotations

import functools
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.receivers import receiving
from support.respond_process import office
from support.service import until
from support.stores import address

from registry import audit, outbox
from registry.db import Database
from registry.errors import UnavailableError

soon = functools.partial(until, deadline_s=60, every_s=0.01)

KILLS = 4


class Writer(threading.Thread):
    """Writes a message with its audit entry again and again; keeps what was acknowledged."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self.stopped = threading.Event()
        self.acknowledged: list[str] = []
        self.refused: list[str] = []

    def run(self) -> None:
        number = 0
        while not self.stopped.wait(0.02):
            number += 1
            now, key = datetime.now(UTC), f"m{number}"
            try:
                with self._database.transaction() as session:
                    payload = {"channel": "hook", "text": key}
                    outbox.put(session, kind="test", key=key, payload=payload, due_at=now, now=now)
                    audit.record(session, who="x", action="y", subject=key, now=now)
            except UnavailableError as error:
                self.refused.append(error.message)
            else:
                self.acknowledged.append(key)


@pytest.mark.needs("postgres")
@pytest.mark.promise("P8", "P14")
def test_the_server_is_killed_and_nothing_acknowledged_is_lost(own_server, tmp_path: Path, figure):
    server = own_server("postgres")
    database = Database(server.address, busy_timeout_s=2)
    database.migrate()
    writer = Writer(database)
    with (
        receiving() as hook,
        office(
            tmp_path,
            address(database),
            [{"name": "hook", "url": hook.url}],
            ttl_s=1.0,
            claim_s=5.0,
        ) as at,
    ):
        for name in ("one", "two"):
            at.start(name)
        writer.start()
        try:
            for _ in range(KILLS):
                seen = len(hook.keys)
                soon(lambda s=seen: len(hook.keys) > s + 5, what="messages arrive")
                server.kill()
                told = len(writer.refused)
                soon(lambda t=told: len(writer.refused) > t, what="the writer is told")
                server.start()
            written = len(writer.acknowledged)
            soon(lambda w=written: len(writer.acknowledged) > w + 10, what="writing goes on")
        finally:
            writer.stopped.set()
            writer.join()
        wanted = set(writer.acknowledged)
        soon(lambda: wanted <= set(hook.keys), what="all that was acknowledged is sent")
    with database.reading() as session:
        there = {one.key for one in outbox.recent(session, 100_000)}
        assert audit.verify(session) == []
    database.dispose()
    assert wanted <= there
    assert len(there) <= len(wanted) + KILLS, "at most the one under way at each kill"
    twice = len(hook.keys) - len(set(hook.keys))
    figure(
        f"PostgreSQL killed {KILLS} times under two responders: {len(wanted)} acknowledged "
        f"messages, 0 lost, all sent, {twice} sent twice; {len(writer.refused)} writes refused "
        "in plain words; chain whole"
    )
