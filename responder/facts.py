"""What the entries of one cycle say: instants, levels over time, stops, what is not applicable.

A reopened incident has several cycles. Order is by (written_at, seq), so that the order in which
entries are handed in never matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import msgspec
from msgspec import Struct

from responder.entries import (
    Correction,
    Entry,
    EventType,
    EventTyped,
    Instant,
    Level,
    LevelSet,
    Merge,
    Moment,
    NotApplicable,
    Reopen,
    is_stop,
    kind,
)

_STRICTEST = (Level.EXTREME, Level.MAJOR, Level.LARGE, Level.ORDINARY)


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


class Stop(Struct, frozen=True):
    """A published release, held conference …: when, as corrected, and the entry."""

    at: datetime
    entry: Entry


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


def gather(ordered: Sequence[Entry], corrected: Sequence[Correction]) -> list[Facts]:
    """The facts of each cycle, oldest first, with those corrections applied."""
    values = {correction.target: correction.value for correction in corrected}
    cycles: list[tuple[Reopen | None, list[Entry]]] = [(None, [])]
    for entry in ordered:
        if isinstance(entry, Reopen):
            cycles.append((entry, []))
        else:
            cycles[-1][1].append(entry)
    found: list[Facts] = []
    for number, (reopen, entries) in enumerate(cycles):
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
                stops=_stops(entries, values),
                not_applicable=_not_applicable(entries),
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
        elif isinstance(entry, Merge) and entry.occurred is not None:
            there = moments.get(Moment.OCCURRED)
            if there is None or entry.occurred < there.value:
                moments[Moment.OCCURRED] = Known(entry.occurred, estimated=False, entry=entry)
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
    if reopen is not None and last is not None:
        level, event_type = last.level, last.event_type
        standings.append(Standing(reopen.at, level, event_type, reopen))
    deciding = [e for e in entries if isinstance(e, LevelSet | EventTyped | Merge)]
    for entry in sorted(deciding, key=lambda e: (e.at, e.written_at, e.seq)):
        if isinstance(entry, LevelSet):
            level = entry.level
        elif isinstance(entry, EventTyped):
            event_type = entry.event_type
        elif entry.level is not None:
            level = stricter(level, entry.level)
        standings.append(Standing(entry.at, level, event_type, entry))
    return standings


def stricter(one: Level | None, other: Level) -> Level:
    """The stricter of two levels."""
    return other if one is None else min(one, other, key=_STRICTEST.index)


def _stops(entries: list[Entry], values: dict[int, datetime]) -> dict[str, list[Stop]]:
    """Stops by kind. What came from a merged incident counts only when marked for the whole."""
    stops: dict[str, list[Stop]] = {}
    for entry in entries:
        if is_stop(entry) and (getattr(entry, "origin", None) is None or entry.whole):  # type: ignore[attr-defined]
            stops.setdefault(kind(entry), []).append(Stop(values.get(entry.seq, entry.at), entry))
    return stops


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
