"""P1: a level 特别重大 or 重大 means R1 and R2, at once and for as long as it is open.

A state machine drives a real database through everything that decides about those clocks, by the
functions that the service uses; after each step it looks at every incident.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from support.registry import make_database
from support.responder import NOON, two_signers

from registry import users
from registry.errors import DeskError
from responder import incidents, joining, ledger, query, rulebook, signing, time_machine
from responder.clocks import Clock, as_of, judge
from responder.drafts import draft
from responder.entries import Correction, Instant, is_stop
from responder.rules import desk

EXAMPLES = 2_000
STEPS = 5
MAJOR = ("特别重大", "重大")
EVIDENCE = {"channel": "县政府网站", "url": "https://example.gov.cn/1", "signer": "李主任"}
LEVELS = ("特别重大", "重大", "较大", "一般")
SETTLING: tuple[dict[str, object], ...] = (
    {"type": "release", "status": "published", "evidence": EVIDENCE},
    {"type": "conference", "status": "held", "evidence": EVIDENCE},
    {"type": "answer", "status": "published", "evidence": EVIDENCE},
    {"type": "report", "method": "书面", "to": "州政府", "evidence": EVIDENCE},
)
which = st.integers(0, 3)
hours = st.integers(0, 30)
levels = st.sampled_from(LEVELS)


class _Undo(Exception):  # noqa: N818 - not an error: the transaction of a whole example ends
    pass


class TwoClocks(RuleBasedStateMachine):
    """One example is one transaction of a prepared database, taken back at its end."""

    database = None
    persons: tuple[users.User, ...] = ()
    examples = 0
    steps = 0
    refused = 0
    replayed = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).examples += 1
        self.opening = self.database.transaction()
        self.session = self.opening.__enter__()
        self.now = NOON
        self.numbers: list[int] = []
        self.frozen: dict[tuple[int, int, str], tuple[object, ...]] = {}
        self.conditional: set[tuple[int, int, str]] = set()
        self.seen: dict[int, int] = {}
        self.lived: list[tuple[int, datetime, list[Clock]]] = []
        self._do(lambda: self._open(2, "重大"))

    def teardown(self) -> None:
        try:
            for number in self.numbers:
                assert incidents.verify(self.session, number) == []
            for number, then, lived in self.lived[-4:]:
                replayed = time_machine.stood(self.session, number, then)
                assert list(replayed.clocks) == query.by_urgency(lived)
                type(self).replayed += 1
        finally:
            assert not self.opening.__exit__(_Undo, _Undo(), None)

    def _do(self, act) -> None:
        """What may be refused changes nothing; whatever was done, the promise holds after it."""
        type(self).steps += 1
        self.now += timedelta(minutes=7)
        there = len(self.numbers)
        try:
            with self.session.begin_nested():
                act()
        except DeskError:
            type(self).refused += 1
            del self.numbers[there:]
        self._look()

    def _one(self, index: int) -> int:
        return self.numbers[index % len(self.numbers)]

    def _add(self, index: int, body: dict[str, object]) -> None:
        entry = draft(body, by="张三", now=self.now)
        incidents.add(self.session, self._one(index), entry, now=self.now)

    def _open(self, ago: int, level: str | None) -> None:
        made = incidents.open_incident(
            self.session,
            title="塌陷",
            by="张三",
            now=self.now,
            occurred=self.now - timedelta(hours=ago) if ago % 4 else None,
            reported=self.now - timedelta(minutes=ago),
            level=level,
        )
        self.numbers.append(made.id)

    @rule(ago=hours, level=st.none() | levels)
    def open(self, ago, level):
        if len(self.numbers) < 4:
            self._do(lambda: self._open(ago, level))

    @rule(index=which, change=st.integers(1, 3), back=st.integers(0, 6))
    def set_level(self, index, change, back):
        current = incidents.get(self.session, self._one(index)).level
        level = LEVELS[(LEVELS.index(current or "一般") + change) % 4]
        self._do(
            lambda: incidents.set_level(
                self.session,
                self._one(index),
                level,
                by="王县长",
                now=self.now,
                at=self.now - timedelta(minutes=back),
            )
        )

    @rule(index=which, kind=st.sampled_from(["release", "conference"]), back=st.integers(0, 6))
    def publish(self, index, kind, back):
        body = {
            "type": kind,
            "status": "held" if kind == "conference" else "published",
            "evidence": EVIDENCE,
            "at": self.now - timedelta(minutes=20 * back),
        }
        self._do(lambda: self._add(index, body))

    @rule(index=which, back=hours)
    def occurred(self, index, back):
        value = self.now - timedelta(minutes=11 * back)
        body = {"type": "instant", "which": "occurred", "value": value}
        self._do(lambda: self._add(index, body))

    @rule(index=which, kind=st.sampled_from(["不属突发事件", "事故灾难", "公共卫生"]))
    def event_type(self, index, kind):
        if kind != "不属突发事件" or index == 3:
            self._do(lambda: self._add(index, {"type": "event_type", "event_type": kind}))

    @rule(index=which, pick=which, by=st.integers(-40, 40), same=st.integers(0, 5))
    def correct(self, index, pick, by, same):
        number = self._one(index)
        entries = ledger.load(self.session, number)
        targets = [one for one in entries if isinstance(one, Instant) or is_stop(one)]
        target = targets[-1 - pick % len(targets)]
        body = {
            "type": "correction",
            "target": target.seq,
            "value": getattr(target, "value", target.at) + timedelta(minutes=10 * by),
            "reason": "以网页为准",
            "evidence": EVIDENCE,
        }

        def act() -> None:
            first, second = self.persons
            entry = draft(body, by="", now=self.now)
            asked = signing.propose(self.session, number, entry, by=first, now=self.now)
            signing.confirm(self.session, asked, by=first if same == 0 else second, now=self.now)

        self._do(act)

    @rule(into=which, further=st.integers(1, 3), marked=st.booleans())
    def merge(self, into, further, marked):
        def act() -> None:
            if len(self.numbers) == 1:
                self._open(further, "较大")
            taken = self._one(into + further)
            whole = [e.seq for e in ledger.load(self.session, taken) if is_stop(e) and marked]
            joining.merge(
                self.session,
                self._one(into),
                taken,
                by="李四",
                now=self.now,
                reason="同一起",
                whole=whole,
            )

        self._do(act)

    @rule(index=which)
    def split(self, index):
        def act() -> None:
            made = joining.split(
                self.session, self._one(index), title="部分", by="李四", now=self.now, reason="另办"
            )
            self.numbers.append(made.id)

        if len(self.numbers) < 4:
            self._do(act)

    @rule(index=which, settle=st.integers(0, 3))
    def close(self, index, settle):
        def act() -> None:
            for body in SETTLING if settle else ():
                self._add(index, body)
            self._add(index, {"type": "closed", "reason": "处置完毕"})

        self._do(act)

    @rule(index=which, back=hours)
    def reopen(self, index, back):
        closed = [row.id for row in query.incidents(self.session, state="closed")]
        if not closed:
            return
        self._do(
            lambda: joining.reopen(
                self.session,
                closed[index % len(closed)],
                basis=self.now - timedelta(minutes=back),
                by="李四",
                now=self.now,
                reason="又起",
            )
        )

    def _look(self) -> None:
        book = rulebook.in_force(self.session)
        for row in query.incidents(self.session):
            if self.seen.get(row.id) == row.count:
                continue
            self.seen[row.id] = row.count
            entries = ledger.load(self.session, row.id)
            later = self.now + timedelta(hours=40)

            def judged(some, now, incident=row.id):
                return judge(
                    some, rules=book.rules, calendar=book.calendar, now=now, incident=incident
                )

            live = judged(entries, self.now)
            self.lived.append((row.id, self.now, [verdict.clock for verdict in live]))
            current = [v.clock.rule for v in live if v.cycle == row.cycle]
            wanted = row.state == "open" and row.level in MAJOR
            if wanted and row.event_type != "不属突发事件":
                assert current.count("R1") == current.count("R2") == 1
            assert all(current.count(name) == 1 for name in current)
            assert judged(list(reversed(entries)), self.now) == live
            assert judged(as_of(entries, self.now), self.now) == live
            self._check_frozen(row, entries, judged(entries, later))

    def _check_frozen(self, row, entries, verdicts) -> None:
        """A verdict changes by a correction only, and then tells the one before.

        Before there is a level R1 and R2 are conditional (待定级): they count only where a major
        level follows, and end where another one does.
        """
        incident = row.id
        corrected = sum(isinstance(entry, Correction) for entry in entries)
        found = {}
        for verdict in verdicts:
            if verdict.stop is not None and "." not in verdict.clock.rule:
                key = (incident, verdict.cycle, verdict.clock.rule)
                clock = verdict.clock
                found[key] = (corrected, clock.start, clock.due, clock.state, clock.margin_s)
        for key, before in list(self.frozen.items()):
            if key[0] != incident:
                continue
            if key in self.conditional and key not in found:
                assert row.level not in (None, *MAJOR), "a stopped clock runs again"
                del self.frozen[key]
                continue
            assert key in found, "a stopped clock runs again"
            if before[0] == corrected:
                assert found[key] == before
        self.frozen.update(found)
        self.conditional -= {key for key in self.conditional if key[0] == incident}
        if row.level is None:
            self.conditional |= {
                key for key in found if key[1:] in {(row.cycle, "R1"), (row.cycle, "R2")}
            }


@pytest.mark.promise("P1")
def test_every_open_major_incident_has_r1_and_r2_whatever_happens(tmp_path, figure):
    database = make_database(tmp_path)
    with database.transaction() as session:
        rulebook.adopt(session, desk(), who="系统", now=NOON)
        TwoClocks.persons = two_signers(session, NOON)
    TwoClocks.database = database
    run_state_machine_as_test(
        TwoClocks,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    database.dispose()
    assert TwoClocks.examples >= EXAMPLES
    done = TwoClocks.steps - TwoClocks.refused
    figure(
        f"{TwoClocks.examples} examples, {done} acts done and {TwoClocks.refused} refused, "
        f"{TwoClocks.replayed} replays equal what was live"
    )
