"""What the entries of one cycle say: instants, levels over time, stops, what is not applicable.

A reopened incident has several cycles. Order is by (written_at, seq), so that the order in which
entries are handed in never matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TypeAlias

import msgspec
from msgspec import Struct

from responder.entries import (
    Closed,
    Confirmation,
    Correction,
    Entry,
    EventType,
    EventTyped,
    FalseClaim,
    Instant,
    Level,
    LevelSet,
    MayGrow,
    Merge,
    MergedInto,
    Moment,
    Needed,
    NotApplicable,
    Opened,
    Order,
    Release,
    Reopen,
    Report,
    is_stop,
    stop_names,
)

_STRICTEST = (Level.EXTREME, Level.MAJOR, Level.LARGE, Level.ORDINARY)
_DECIDING = (LevelSet, EventTyped, Merge, MayGrow)
_TOLD: frozenset[type[Entry]] = frozenset(
    {
        *_DECIDING,
        Opened,
        Instant,
        Correction,
        Confirmation,
        NotApplicable,
        Reopen,
        Closed,
        MergedInto,
        Needed,
        FalseClaim,
        Order,
    }
)


Settling: TypeAlias = dict[int, Confirmation | Correction]


class Known(Struct, frozen=True):
    """An instant as it is known, and the entry that says so."""

    value: datetime
    estimated: bool
    entry: Entry


class Standing(Struct, frozen=True):
    """The level and type in force from ``at`` on, set by ``entry``."""

    at: datetime
    level: Level | None
    event_type: EventType | None
    entry: Entry | None
    growing: bool = False  # marked 可能演变为重大


class Stop(Struct, frozen=True):
    """A published release, held conference …: when, as confirmed or corrected, and the entry.

    ``settled`` is what says when it was; None: only the signer does.
    """

    at: datetime
    entry: Entry
    settled: Confirmation | Correction | None = None


class Facts(Struct, frozen=True, kw_only=True):
    """One cycle. ``ended`` is when the next cycle began; ``reopened`` began this one."""

    cycle: int
    reopened: Reopen | None
    ended: datetime | None
    moments: dict[Moment, Known]
    said: dict[Moment, list[datetime]]  # all that was ever given, corrected or not
    standings: list[Standing]
    stops: dict[str, list[Stop]]
    not_applicable: dict[str, NotApplicable]
    anchors: dict[str, list[Stop]]  # what comes again, by the basis of rules (SERIES)
    needed: dict[str, Needed]
    closed: Closed | MergedInto | None
    pin: str  # the version of the rules in force when the cycle began


def relevant(ordered: Sequence[Entry]) -> list[Entry]:
    """The entries that say anything about clocks; order is kept."""
    return [entry for entry in ordered if type(entry) in _TOLD or is_stop(entry)]


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    """The entries by (written_at, seq); ties are broken by content."""
    ordered = sorted(entries, key=lambda entry: (entry.written_at, entry.seq))
    for before, after in pairwise(ordered):
        if before.seq == after.seq and before.written_at == after.written_at:
            return sorted(
                entries, key=lambda entry: (entry.written_at, entry.seq, msgspec.json.encode(entry))
            )
    return ordered


def corrections(ordered: Sequence[Entry]) -> list[Correction]:
    """The corrections that hold: with a reason and a second person who is not the first."""
    return [
        entry
        for entry in ordered
        if isinstance(entry, Correction)
        and entry.reason.strip()
        and entry.second.strip()
        and entry.second != entry.by
    ]


def confirmations(ordered: Sequence[Entry]) -> dict[int, Confirmation]:
    """What pages say of the times of stops, by the number of the stop; the first one stands."""
    return {e.target: e for e in reversed(ordered) if isinstance(e, Confirmation)}


def gather(
    ordered: Sequence[Entry],
    corrected: Sequence[Correction],
    confirmed: Mapping[int, Confirmation] | None = None,
) -> list[Facts]:
    """The facts of each cycle, oldest first, with those corrections applied.

    ``confirmed``: times that pages confirm, where ``ordered`` is a part only.
    """
    values = {correction.target: correction.value for correction in corrected}
    settled: Settling = dict(confirmations(ordered) if confirmed is None else confirmed)
    settled.update((correction.target, correction) for correction in corrected)
    cycles: list[tuple[Reopen | None, list[Entry]]] = [(None, [])]
    for entry in ordered:
        if isinstance(entry, Reopen):
            cycles.append((entry, []))
        else:
            cycles[-1][1].append(entry)
    found: list[Facts] = []
    for number, (reopen, entries) in enumerate(cycles):
        begun = [*([reopen] if reopen else []), *entries]
        ended = [entry for entry in entries if isinstance(entry, Closed | MergedInto)]
        following = cycles[number + 1][0] if number + 1 < len(cycles) else None
        last = found[-1].standings[-1] if found and found[-1].standings else None
        found.append(
            Facts(
                cycle=number,
                reopened=reopen,
                ended=following.written_at if following else None,
                moments=_moments(entries, values),
                said=_said(entries, values),
                standings=_standings(entries, reopen, last),
                stops=_stops(entries, settled),
                not_applicable=_not_applicable(entries),
                anchors=_anchors(entries, settled),
                needed={e.rule: e for e in reversed(entries) if isinstance(e, Needed)},
                closed=ended[-1] if ended else None,
                pin=next((entry.rules for entry in begun if entry.rules), ""),
            )
        )
    return found


def _moments(entries: list[Entry], values: dict[int, datetime]) -> dict[Moment, Known]:
    """A certain instant beats an estimated one; of equals the first written stands."""
    moments: dict[Moment, Known] = {}
    for entry in entries:
        if isinstance(entry, Instant):
            value = values.get(entry.seq, entry.value)
            there = moments.get(entry.which)
            if there is None or (there.estimated and not entry.estimated):
                moments[entry.which] = Known(value, entry.estimated, entry)
        elif isinstance(entry, Merge):
            for which, taken, estimated in (
                (Moment.OCCURRED, entry.occurred, entry.estimated),
                (Moment.DETECTED, entry.detected, False),
                (Moment.REPORTED, entry.reported, False),
            ):
                there = moments.get(which)
                if taken is not None and (there is None or taken < there.value):
                    moments[which] = Known(taken, estimated, entry)
    return moments


def _said(entries: list[Entry], values: dict[int, datetime]) -> dict[Moment, list[datetime]]:
    said: dict[Moment, list[datetime]] = {}
    for entry in entries:
        if isinstance(entry, Instant):
            said.setdefault(entry.which, []).append(entry.value)
            if entry.seq in values:
                said[entry.which].append(values[entry.seq])
    return said


def _standings(
    entries: list[Entry], reopen: Reopen | None, last: Standing | None
) -> list[Standing]:
    """Level and type over time, by when they were decided; a new cycle inherits the last."""
    standings: list[Standing] = []
    level = event_type = None
    growing = False
    if reopen is not None and last is not None:
        level, event_type, growing = last.level, last.event_type, last.growing
        standings.append(Standing(reopen.at, level, event_type, reopen, growing))
    deciding = [entry for entry in entries if isinstance(entry, _DECIDING)]
    for entry in sorted(deciding, key=lambda e: (e.at, e.written_at, e.seq)):
        if isinstance(entry, LevelSet):
            level = entry.level
        elif isinstance(entry, EventTyped):
            event_type = entry.event_type
        elif isinstance(entry, MayGrow):
            growing = entry.value
        elif isinstance(entry, Merge):
            level = stricter(level, entry.level) if entry.level else level
            event_type = event_type or entry.event_type
            growing = growing or entry.growing
        standings.append(Standing(entry.at, level, event_type, entry, growing))
    return standings


def stricter(one: Level | None, other: Level) -> Level:
    """The stricter of two levels."""
    return other if one is None else min(one, other, key=_STRICTEST.index)


def _stop(entry: Entry, settled: Settling) -> Stop:
    by = settled.get(entry.seq)
    return Stop(by.value if by else entry.at, entry, by)


def _stops(entries: list[Entry], settled: Settling) -> dict[str, list[Stop]]:
    """Stops by kind. What came from a merged incident counts only when marked for the whole."""
    stops: dict[str, list[Stop]] = {}
    for entry in entries:
        if is_stop(entry) and (getattr(entry, "origin", None) is None or entry.whole):  # type: ignore[attr-defined]
            for name in stop_names(entry):
                stops.setdefault(name, []).append(_stop(entry, settled))
    return stops


def _anchors(entries: list[Entry], settled: Settling) -> dict[str, list[Stop]]:
    """What begins a clock of its own each time, in the order in which it was written."""
    anchors: dict[str, list[Stop]] = {}
    for entry in entries:
        if isinstance(entry, FalseClaim):
            anchors.setdefault("false_claim", []).append(_stop(entry, settled))
        elif isinstance(entry, Order):
            anchors.setdefault("accepted", []).append(_stop(entry, settled))
        elif (
            isinstance(entry, Report)
            and is_stop(entry)
            and entry.onward.strip()
            and (not entry.origin or entry.whole)
        ):
            anchors.setdefault("onward", []).append(_stop(entry, settled))
        elif isinstance(entry, Release) and is_stop(entry) and (not entry.origin or entry.whole):
            anchors.setdefault("released", []).append(_stop(entry, settled))
    return anchors


def _not_applicable(entries: list[Entry]) -> dict[str, NotApplicable]:
    signed: dict[str, NotApplicable] = {}
    for entry in entries:
        if (
            isinstance(entry, NotApplicable)
            and entry.reason.strip()
            and entry.clause.strip()
            and entry.second.strip()
            and entry.second != entry.by
        ):
            signed.setdefault(entry.rule, entry)
    return signed
