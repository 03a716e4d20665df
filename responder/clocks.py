"""The countdowns of an incident: a pure function of (entries, rules, calendar, now).

Nothing is stored and nothing ticks: whoever asks gets every clock as it stands at ``now``. What
decides what is written in docs/rules.md; each clock explains itself in one Chinese sentence.

Each cycle is judged by the version of the rules that its first entry names, where that version is
known. A verdict is frozen at the stop: what is written later changes it only as a correction.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime

from responder import reasons, wording
from responder.entries import Confirmation, Correction, Entry
from responder.facts import Facts, confirmations, corrections, gather, in_order, relevant
from responder.judging import Clock, State, Verdict, judge_rule
from responder.rules.model import Rule, RuleSet
from responder.series import judge_series
from responder.workdays import Calendar

__all__ = ["Clock", "State", "Verdict", "as_of", "clocks", "judge", "to_dict"]


def clocks(
    entries: Sequence[Entry],
    *,
    rules: RuleSet,
    calendar: Calendar,
    now: datetime,
    incident: int | None = None,
) -> list[Clock]:
    """Every clock of the incident, in the order of the rules, older cycles first.

    A rule that does not apply or has no basis is left out. ``now`` is aware.
    """
    return [
        verdict.clock
        for verdict in judge(entries, rules=rules, calendar=calendar, now=now, incident=incident)
    ]


def judge(
    entries: Sequence[Entry],
    *,
    rules: RuleSet,
    calendar: Calendar,
    now: datetime,
    incident: int | None = None,
) -> list[Verdict]:
    """As :func:`clocks`, with what stands behind each clock."""
    return _Judge(entries, rules, calendar, now, incident).verdicts()


class _Judge:
    """One reading of one incident."""

    def __init__(
        self,
        entries: Sequence[Entry],
        rules: RuleSet,
        calendar: Calendar,
        now: datetime,
        incident: int | None,
    ) -> None:
        ordered = relevant(in_order(entries))
        # Of when the stops were, whatever is written between: they hold for each part of it.
        self._confirmed = confirmations(ordered)
        self._ordered = [entry for entry in ordered if not isinstance(entry, Confirmation)]
        self._held = corrections(self._ordered)
        self._cycles = gather(self._ordered, self._held, self._confirmed)
        self._rules = rules
        self._calendar = calendar
        self._now = now
        self._incident = incident
        self._known: dict[tuple[int, int], list[Facts]] = {}

    def verdicts(self) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for facts in self._cycles:
            for same_id in self._rules.pinned(facts.pin).running:
                if same_id[0].series:
                    verdicts += self._series(same_id, facts)
                elif (verdict := self._one(same_id, facts, self._now)) is not None:
                    verdicts.append(self._frozen(verdict, same_id, facts))
        return verdicts

    def _one(self, same_id: Sequence[Rule], facts: Facts, now: datetime) -> Verdict | None:
        return judge_rule(same_id, facts, self._calendar, now, self._incident)

    def _frozen(self, verdict: Verdict, same_id: Sequence[Rule], facts: Facts) -> Verdict:
        """The verdict as it was when the clock had stopped, as corrected, with what was before."""
        ordered = self._ordered
        if verdict.stop is not None:
            ordered = self._until_stopped(same_id, facts.cycle)
            again = self._at(ordered, self._held, same_id, facts.cycle, self._now)
            verdict = again or verdict
        told = verdict
        for number, correction in enumerate(self._held):
            before = self._at(
                ordered, self._held[:number], same_id, facts.cycle, correction.written_at
            )
            if before is not None and _differs(before, verdict):
                told = reasons.with_earlier(told, before, correction)
        return told

    def _until_stopped(self, same_id: Sequence[Rule], cycle: int) -> list[Entry]:
        """The entries up to the first one after which the clock was stopped (see P7: for good)."""

        def stopped(length: int) -> bool:
            ordered = self._ordered[:length]
            verdict = self._at(ordered, corrections(ordered), same_id, cycle, self._now)
            return verdict is not None and verdict.stop is not None

        if not stopped(len(self._ordered)):
            return self._ordered
        length = bisect_left(range(len(self._ordered) + 1), x=True, key=stopped)
        return self._ordered[:length]

    def _at(
        self,
        ordered: list[Entry],
        held: Sequence[Correction],
        same_id: Sequence[Rule],
        cycle: int,
        now: datetime,
    ) -> Verdict | None:
        cycles = self._gathered(ordered, held)
        return self._one(same_id, cycles[cycle], now) if cycle < len(cycles) else None

    def _gathered(self, ordered: list[Entry], held: Sequence[Correction]) -> list[Facts]:
        """The facts of that many first entries with that many first corrections."""
        key = (len(ordered), len(held))
        if key not in self._known:
            self._known[key] = gather(ordered, held, self._confirmed)
        return self._known[key]

    def _series(self, same_id: Sequence[Rule], facts: Facts) -> list[Verdict]:
        found = judge_series(same_id, facts, self._calendar, self._now, self._incident)
        for number, correction in enumerate(self._held):
            earlier = self._gathered(self._ordered, self._held[:number])[facts.cycle]
            was = judge_series(
                same_id, earlier, self._calendar, correction.written_at, self._incident
            )
            by_label = {verdict.clock.rule: verdict for verdict in was}
            for at, verdict in enumerate(found):
                before = by_label.get(verdict.clock.rule)
                if before is not None and _differs(before, verdict):
                    found[at] = reasons.with_earlier(verdict, before, correction)
        return found


def as_of(entries: Sequence[Entry], instant: datetime) -> list[Entry]:
    """The entries that were written by that instant: the incident as it stood."""
    return [entry for entry in entries if entry.written_at <= instant]


def to_dict(clock: Clock, *, incident: bool = False) -> dict[str, object]:
    """The clock's keys as ``yuqing clocks`` prints them; instants are ISO with +08:00."""
    shown: dict[str, object] = {"incident": clock.incident} if incident else {}
    for name in Clock.__struct_fields__:
        if name != "incident":
            value = getattr(clock, name)
            if isinstance(value, datetime):
                value = wording.iso(value)
            shown[name] = str(value) if isinstance(value, State) else value
    return shown


def _differs(one: Verdict, other: Verdict) -> bool:
    stops = (one.stop and one.stop.at, other.stop and other.stop.at)
    return one.clock.due != other.clock.due or stops[0] != stops[1]
