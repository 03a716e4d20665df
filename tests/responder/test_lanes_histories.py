"""What a channel's way out keeps in any history: crashes, silence, refusals, clocks that jump."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import pairwise

import pytest
from support.registry import make_database
from support.responder import NOON, Watch

from registry import outbox
from registry.db import Database
from responder.lanes import Lane, Limits
from responder.notify import Notice, NotifyError

HISTORIES = 60
MOODS = ("ok", "ok", "silent", "down", "busy", "picky")


class Killed(BaseException):
    """The sender dies here."""


class Moody:
    """A receiver of any mood; ``dies``: its sender does, before or after it was reached."""

    name = "pager"

    def __init__(self) -> None:
        self.mood, self.dies = "ok", ""
        self.dislikes: set[str] = set()
        self.got: list[tuple[str, frozenset[str]]] = []
        self.refused: set[str] = set()

    def send(self, notice: Notice) -> str:
        if self.dies == "before":
            raise Killed
        disliked = self.mood == "picky" and not self.dislikes.isdisjoint(notice.keys)
        if self.mood in {"ok", "silent", "picky"} and not disliked:
            self.got.append((notice.key, frozenset(notice.keys)))
        if self.dies == "after":
            raise Killed
        if disliked:
            self.refused.add(notice.key)
            raise NotifyError("内容不合规", retry=False, answered=True)
        if self.mood in {"silent", "down", "busy"}:
            raise NotifyError(self.mood, answered=self.mood == "busy")
        return "已收"


class History:
    """One history, by its seed. ``settled``: how many had arrived when the message was settled."""

    def __init__(self, database: Database, seed: int) -> None:
        self.dice = random.Random(seed)
        self.database, self.watch, self.receiver = database, Watch(NOON), Moody()
        self.limits = Limits(
            bundle_most=self.dice.choice([1, 3, 20]),
            bundle_s=self.dice.choice([0, 5]),
            rate_per_min=self.dice.choice([0, 0, 4]),
        )
        self.put_ = 0
        self.settled: dict[str, int] = {}
        self.lane = self.started()

    def started(self) -> Lane:
        return Lane(
            self.database,
            self.receiver,
            self.watch,
            owner=str(self.dice.random()),
            check=lambda _session, _message, _now: "",
            mine=lambda _session, _now: True,
            limits=self.limits,
        )

    def live(self) -> None:
        steps = (self.put, self.run, self.stumble, self.settle, self.jump)
        for _ in range(self.dice.randint(5, 25)):
            self.dice.choices(steps, weights=(6, 6, 3, 1, 5))[0]()

    def put(self) -> None:
        now, dice = self.watch(), self.dice
        with self.database.transaction() as session:
            for _ in range(dice.randint(1, 4)):
                text = "停" * dice.choice([3, 300, 900])
                key = f"{self.put_}"
                self.put_ += 1
                if dice.random() < 0.15:
                    self.receiver.dislikes.add(key)
                payload = {"channel": "pager", "text": text}
                outbox.put(session, kind="t", key=key, payload=payload, due_at=now, now=now)

    def run(self) -> None:
        self.receiver.mood = self.dice.choice(MOODS)
        self.receiver.dies = self.dice.choice(["", "", "", "before", "after"])
        try:
            self.lane.run()
        except Killed:
            self.lane = self.started()

    def stumble(self) -> None:
        """Die with a claim in hand, or freeze between claim and sending."""
        batch, _ = self.lane._claim()
        if batch and self.dice.random() < 0.5:
            self.watch.forward(seconds=self.dice.choice([3, 100]))
            assert self.lane._send(batch) == 0
        else:
            self.lane = self.started()

    def settle(self) -> None:
        waiting = self.waiting()
        if waiting:
            one = self.dice.choice(waiting)
            with self.database.transaction() as session:
                outbox.not_sent(session, one.id, now=self.watch(), reason="已处置")
            self.settled[one.key] = len(self.receiver.got)

    def jump(self) -> None:
        self.watch.forward(seconds=self.dice.choice([-1200, -5, 1, 5, 30, 61, 300, 4000]))

    def waiting(self) -> list[outbox.Delivery]:
        return [one for one in self.rows() if one.state == "waiting"]

    def rows(self) -> list[outbox.Delivery]:
        with self.database.reading() as session:
            return outbox.recent(session, 1000)

    def end(self) -> None:
        """All is well from now on: what waits leaves."""
        self.receiver.mood, self.receiver.dies = "ok", ""
        until = self.watch() + timedelta(days=1)
        while self.waiting():
            assert self.watch() < until, "something waits for ever"
            self.watch.forward(seconds=61)
            self.lane.run()


@pytest.mark.promise("P8", "P9", "P15")
def test_whatever_happens_all_leave_and_a_repeat_has_the_key_that_it_had(tmp_path, figure):
    arrived = again = 0
    for seed in range(HISTORIES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        database = make_database(folder)
        history = History(database, seed)
        history.live()
        history.end()
        got, refused = history.receiver.got, history.receiver.refused
        for row in history.rows():
            under = [key for key, keys in got if row.key in keys]
            assert under or row.state != "sent", (seed, row.key)
            # Another key only after that of a bundle which the receiver refused as a whole.
            changes = [one for one, other in pairwise(under) if one != other]
            assert set(changes) <= refused, (seed, row.key, under)
            if row.key in history.settled:
                late = got[history.settled[row.key] :]
                assert all(row.key not in keys for _, keys in late), (seed, row.key)
            arrived += len(under)
            again += len(under) > 1
        named: dict[str, frozenset[str]] = {}
        for key, keys in got:  # who drops a repeat by its key has had all that it names
            assert keys <= named.setdefault(key, keys), (seed, key)
        database.dispose()
    assert again > HISTORIES / 2, "too tame"
    figure(f"{HISTORIES} histories of one channel: {arrived} arrivals, {again} came again")
