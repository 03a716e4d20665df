"""The instants at which a clock reminds (提醒档): shares of its length, then repeats after due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from responder.clocks import Verdict
from responder.entries import Acknowledgement, Entry, Reopen

DUE = 100  # percent
EVERY = timedelta(minutes=30)
EXPIRY = timedelta(minutes=30)  # of an acknowledgement after the due instant
_SLACK = timedelta(seconds=60)


class Rung(Struct, frozen=True):
    """One reminder: its share in percent, when it is due, and what makes its key unique."""

    threshold: int
    at: datetime
    key: str


def thresholds(verdict: Verdict) -> dict[int, datetime]:
    """The thresholds of a clock in percent, and when each is."""
    clock = verdict.clock
    length = clock.due - clock.start
    return {round(share * 100): clock.start + length * share for share in verdict.rule.thresholds}


def past_thresholds(verdict: Verdict, now: datetime) -> dict[int, datetime]:
    """Those that are past."""
    return {percent: at for percent, at in thresholds(verdict).items() if at <= now}


def acknowledgement(
    entries: Sequence[Entry], rule: str, threshold: int, *, cycle: int, now: datetime
) -> Acknowledgement | None:
    """The newest acknowledgement of that threshold in that cycle.

    One that lies ahead was written by a clock that was fast: it answers nothing that is told now.
    """
    found: Acknowledgement | None = None
    number = 0
    for entry in entries:
        if isinstance(entry, Reopen):
            number += 1
        elif (
            isinstance(entry, Acknowledgement)
            and number == cycle
            and entry.rule == rule
            and entry.threshold == threshold
            and entry.at <= now + _SLACK
        ):
            found = entry
    return found


def repeat(
    due: datetime, seen: Acknowledgement | None, now: datetime, *, every: timedelta = EVERY
) -> Rung | None:
    """The newest repeat after the due instant; None before the first or while acknowledged."""
    if seen is not None and seen.at >= due:
        again = seen.at + EXPIRY
        if now < again:
            return None
        number = (now - again) // every
        return Rung(DUE, again + number * every, f"{DUE}a{seen.seq}.{number}")
    number = (now - due) // every
    return Rung(DUE, due + number * every, f"{DUE}.{number}") if number > 0 else None


def next_repeat(
    due: datetime, seen: Acknowledgement | None, now: datetime, *, every: timedelta = EVERY
) -> datetime:
    """When the next repeat after ``now`` is, if nobody sees the one before it."""
    first, step = due, 1
    if seen is not None and seen.at >= due:
        first, step = seen.at + EXPIRY, 0 if now < seen.at + EXPIRY else 1
    return first + (max(now - first, timedelta(0)) // every + step) * every
