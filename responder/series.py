"""Clocks that begin again each time: after each release, for each order, each false claim.

The n-th clock of rule R7 is called ``R7.1``, ``R7.2`` …; 不适用 may name one of them, or R7 for
all. What has no limit (R9 by the texts: 及时) makes no clock: :func:`elapsed` tells the time that
passed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from responder.entries import Clarification, Entry, Order, Release, Report, Settled
from responder.facts import Facts, Stop, corrections, gather, in_order, relevant
from responder.judging import Basis, Span, Verdict, decide, span_of
from responder.rules.model import SERIES, Length, Rule, RuleSet
from responder.workdays import Calendar


class Elapsed(Struct, frozen=True, kw_only=True):
    """What is to be done 及时, without a number of hours: since when, and until when."""

    rule: str
    name: str
    basis: str
    start: datetime
    stopped: datetime | None
    seconds: int
    text: str
    citation: str


def judge_series(
    same_id: Sequence[Rule], facts: Facts, calendar: Calendar, now: datetime, incident: int | None
) -> list[Verdict]:
    """The clocks of the rules of one id, one for each time that the basis came."""
    found = []
    for rule, span, basis, stop, label in _each(same_id, facts):
        length = rule.length
        if length:
            found.append(
                decide(rule, facts, span, basis, stop, calendar, now, incident, label=label)
            )
    return found


def elapsed(entries: Sequence[Entry], *, rules: RuleSet, now: datetime) -> list[Elapsed]:
    """What runs without a limit, oldest first."""
    ordered = relevant(in_order(entries))
    found = []
    for facts in gather(ordered, corrections(ordered)):
        for same_id in rules.pinned(facts.pin).running:
            if not same_id[0].series:
                continue
            for rule, _, basis, stop, label in _each(same_id, facts):
                if not rule.length:
                    until = stop.at if stop else now
                    found.append(
                        Elapsed(
                            rule=label,
                            name=rule.name,
                            basis=basis.label,
                            start=basis.start,
                            stopped=stop.at if stop else None,
                            seconds=int((until - basis.start).total_seconds()),
                            text=getattr(_anchor(facts, rule, label), "text", ""),
                            citation=rule.quoted,
                        )
                    )
    return found


def _anchor(facts: Facts, rule: Rule, label: str) -> Entry:
    return facts.anchors[rule.series][int(label.rpartition(".")[2]) - 1].entry


def _each(
    same_id: Sequence[Rule], facts: Facts
) -> Iterator[tuple[Rule, Span, Basis, Stop | None, str]]:
    """Each clock: its rule with its own length, how it applies, its basis, stop and label."""
    anchors = facts.anchors.get(same_id[0].series, [])
    before: datetime | None = None
    for number, anchor in enumerate(anchors, start=1):
        start = anchor.at.astimezone(UTC)
        if same_id[0].series == "released":
            if before is not None and start < before:
                continue  # written down late: what followed it was there before
            before = start
        rule = next((rule for rule in same_id if rule.holds(start)), None)
        span = span_of(rule, facts) if rule is not None and rule.enabled else None
        if rule is None or span is None or span.conditional:
            continue
        if span.revoked_at is not None and start > span.revoked_at:
            continue  # it came after the rule had ended
        basis = Basis(start, SERIES[rule.series], anchor.entry.written_at)
        own = replace(rule, length=_length(rule, anchor))
        yield own, span, basis, _stop(rule, facts, anchor), f"{rule.id}.{number}"


def _length(rule: Rule, anchor: Stop) -> Length:
    entry = anchor.entry
    if isinstance(entry, Order):
        if entry.workdays:
            return Length(workdays=entry.workdays)
        if entry.hours:
            return Length(timedelta(hours=entry.hours))
        return rule.presets.get(entry.kind, rule.length)
    if isinstance(entry, Release) and entry.next_at is not None and entry.next_at > anchor.at:
        return Length(entry.next_at - anchor.at)
    return rule.length


def _stop(rule: Rule, facts: Facts, anchor: Stop) -> Stop | None:
    """The first that was written after the anchor, is not before it, and is meant for it."""
    found = []
    for name in rule.stops:
        stops = facts.stops.get(name, [])  # in the order in which they were written
        after = bisect_right(stops, _written(anchor), key=_written)
        for stop in islice(stops, after, None):
            if stop.at >= anchor.at and _meant(stop.entry, anchor.entry):
                found.append(stop)
                break
    return min(found, key=_written, default=None)


def _written(stop: Stop) -> tuple[datetime, int]:
    return stop.entry.written_at, stop.entry.seq


def _meant(stop: Entry, anchor: Entry) -> bool:
    if isinstance(stop, Settled):
        return stop.order == anchor.seq
    if isinstance(stop, Clarification):
        return stop.claim in {None, anchor.seq}
    if isinstance(stop, Report) and isinstance(anchor, Report):
        return stop.hop > anchor.hop
    return True
