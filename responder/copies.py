"""Entries that are one text in several incidents: copies by merging and splitting (副本).

Merging takes over what was published and what still waits; a part that is split off inherits
releases, and its opening tells the reason of the split. Who destroys one destroys them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from responder import ledger
from responder.entries import Entry, Merge, MergedInto, Opened, Split

#: Names of people who answer for the entry, what clocks are computed from, and versions.
STAYS = frozenset({*ledger.HEADER, "signer", "second", "rule", "rules", "calendar", "kind"})
_QUOTABLE = ("title", "text", "summary", "reason", "criteria", "nature", "trend", "risk", "advice")


def with_copies(session: Session, wanted: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those entries (incident, number), those that were copied from them and those they copy."""
    found: set[tuple[int, int]] = set()
    for incident, seq in sorted(set(wanted)):
        found.add((incident, seq))
        entries = ledger.load(session, incident)
        named = next((one for one in entries if one.seq == seq), None)
        if named is None or not any(texts(named)):
            continue
        for other in _related(session, incident, entries):
            for entry in other:
                if _same(named, entry):
                    found.add((entry.incident, entry.seq))
    return sorted(found)


def quotable(entry: Entry) -> Iterator[str]:
    """What others may quote of an entry: its texts, without names of units, channels, addresses."""
    for name in _QUOTABLE:
        value = getattr(entry, name, "")
        if isinstance(value, str) and value:
            yield value


def texts(part: Any) -> Iterator[str]:
    """Every text of an entry that its erasure destroys."""
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if isinstance(value, msgspec.Struct):
            yield from texts(value)
        elif name in STAYS or isinstance(value, Enum):
            continue
        elif isinstance(value, str) and value:
            yield value
        elif isinstance(value, tuple):
            yield from (str(one) for one in value)


def _same(one: Entry, other: Entry) -> bool:
    mine, theirs = sorted(texts(one)), sorted(texts(other))
    if type(one) is type(other):
        return mine == theirs
    # Both sides of one act tell its reason.
    sides = (Merge, MergedInto, Split, Opened)
    both = isinstance(one, sides) and isinstance(other, sides)
    return both and one.written_at == other.written_at and not set(mine).isdisjoint(theirs)


def _related(session: Session, incident: int, entries: list[Entry]) -> Iterator[list[Entry]]:
    """The entries of all incidents that merging and splitting join with this one."""
    known = {incident: entries}
    waiting = [incident]
    while waiting:
        for entry in known[waiting.pop()]:
            other = getattr(entry, "other", None) or getattr(entry, "split_from", None)
            if isinstance(other, int) and other not in known:
                known[other] = ledger.load(session, other)
                waiting.append(other)
    del known[incident]
    yield from known.values()
