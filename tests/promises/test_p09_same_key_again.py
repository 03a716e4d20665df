"""P9: what is sent again after a kill comes under the key it came under before, bundles too."""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from support.receivers import Receiver, receiving
from support.respond_process import Office, office
from support.stores import address

from registry import outbox
from registry.db import Database

KILLS = 8
TOGETHER = 4
CLAIM_S = 20.0


def put(database: Database, keys: list[str], at: Office, *, ago: timedelta) -> None:
    now = at.now()
    with database.transaction() as session:
        for key in keys:
            payload = {"channel": "pack", "text": key}
            outbox.put(session, kind="test", key=key, payload=payload, due_at=now - ago, now=now)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(look, what: str) -> None:
    deadline = time.monotonic() + 60
    while not look():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def same_again(receiver: Receiver) -> int:
    """How many came again; all of a kind under one key, in the header and in the body."""
    for got, headers in zip(receiver.got, receiver.headers, strict=True):
        assert headers["Idempotency-Key"] == got["key"]
    under: dict[str, set[str]] = {}
    held: dict[str, set[tuple[str, ...]]] = {}
    for got in receiver.got:
        held.setdefault(got["key"], set()).add(tuple(got["keys"]))
        for key in got["keys"]:
            under.setdefault(key, set()).add(got["key"])
    assert {key: keys for key, keys in under.items() if len(keys) > 1} == {}
    assert {key: sets for key, sets in held.items() if len(sets) > 1} == {}
    return sum(count - 1 for count in Counter(got["key"] for got in receiver.got).values())


@pytest.mark.promise("P9")
def test_a_bundle_whose_sender_dies_comes_again_under_its_key(
    database: Database, tmp_path: Path, figure
):
    """Each sender dies when its receiver has the bundle and nobody has written that down."""
    expected: list[str] = []
    with receiving() as pack:
        channels = [{"name": "pack", "url": pack.url, "bundle_most": 2 * TOGETHER}]
        with office(tmp_path, address(database), channels, ttl_s=1.0, claim_s=CLAIM_S) as at:
            for number in range(KILLS):
                keys = [f"{number}:{one}" for one in range(TOGETHER)]
                # What is due before all that waits must not join a bundle that has left already.
                put(database, keys, at, ago=timedelta(minutes=number))
                expected += keys
                victim = at.start(f"r{number}", dies="sent")
                wait_for(lambda pid=victim: not alive(pid), "the sender sends, and dies of it")
                at.kill(victim)
                at.forward(CLAIM_S + 5)
            at.start("last")
            wait_for(lambda: len(set(pack.keys)) == len(expected), "all are told")
            wait_for(lambda: _settled(database), "all is written down")
    assert set(pack.keys) == set(expected)
    bundles = [got for got in pack.got if len(got["keys"]) > 1]
    again = same_again(pack)
    assert again == KILLS, "each kill makes one duplicate, and is seen to"
    assert sum(count - 1 for count in Counter(got["key"] for got in bundles).values()) == KILLS
    figure(
        f"{'SQLite' if database.sqlite else 'PostgreSQL'}: {KILLS} senders killed between sending "
        f"and writing it down: {again} bundles came again, each under its own key"
    )


def _settled(database: Database) -> bool:
    with database.reading() as session:
        return all(one.state == "sent" for one in outbox.recent(session, 500))
