"""Escalation (升级): what nobody answers goes to the next person, step by step, again and again.

Pure: which steps are past at an instant, and when the next one is. What is told already, and who
is meant, is looked at elsewhere (responder/watchkeeper.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from responder.entries import Entry
from responder.policies import Policies, Policy, Step
from responder.rungs import DUE, EXPIRY, acknowledgement
from responder.timers import LEVEL, Timer


class Matter(Struct, frozen=True, kw_only=True):
    """Something that waits for an answer since an instant. ``key`` is its name among all."""

    key: str
    since: datetime
    policy: Policy
    what: str  # in words, without the wait
    payload: dict[str, Any]


class Due(Struct, frozen=True, kw_only=True):
    """A step of a matter that is past: its newest repeat."""

    matter: Matter
    step: int
    repeat: int
    at: datetime
    to: tuple[str, ...]

    @property
    def key(self) -> str:
        """Once only: matter, step, repeat."""
        return f"{self.matter.key}:{self.step}:{self.repeat}"


def planned(matters: Iterable[Matter], now: datetime) -> list[Due]:
    """The newest repeat of each step that is past, by matter and step."""
    found = []
    for matter in matters:
        for number, step in enumerate(matter.policy.steps, 1):
            first = matter.since + step.after
            if first > now:
                continue
            repeat = _repeat(step, first, now)
            at = first + repeat * step.every
            found.append(Due(matter=matter, step=number, repeat=repeat, at=at, to=step.to))
    return found


def next_at(matter: Matter, now: datetime) -> datetime | None:
    """When its next step or repeat is; None where there is none any more."""
    ahead = []
    for step in matter.policy.steps:
        first = matter.since + step.after
        if first > now:
            ahead.append(first)
        elif step.every:
            following = (now - first) // step.every + 1
            if step.repeats is None or following <= step.repeats:
                ahead.append(first + following * step.every)
    return min(ahead, default=None)


def clock_matter(
    timer: Timer, entries: Sequence[Entry], policies: Policies, now: datetime
) -> tuple[Matter | None, datetime | None]:
    """What of a clock (or of the wait for a level) waits for an acknowledgement.

    Also when it has to be looked at again though nothing waits: an acknowledgement that expires.
    """
    if not timer.past:
        return None, None
    threshold = max(rung.threshold for rung in timer.past)
    policy = policies.for_level() if timer.rule == LEVEL else policies.for_clock(threshold)
    if policy is None:
        return None, None
    at = next(rung.at for rung in timer.past if rung.key == str(threshold))
    since = max(at, timer.since)
    key = f"{timer.incident}:{timer.rule}:{timer.cycle}:{threshold}"
    seen = acknowledgement(entries, timer.rule, threshold, cycle=timer.cycle, now=now)
    if seen is not None and seen.at >= since:
        if threshold < DUE:
            return None, None
        since = seen.at + EXPIRY
        key += f"a{seen.seq}"
        if since > now:
            return None, since
    name = "尚未定级" if timer.rule == LEVEL else f"{timer.rule} {timer.name} {threshold}% 提醒"
    return (
        Matter(
            key=key,
            since=since,
            policy=policy,
            what=f"事件 {timer.incident}《{timer.title}》{name}",
            payload={
                "incident": timer.incident,
                "title": timer.title,
                "rule": timer.rule,
                "cycle": timer.cycle,
                "threshold": threshold,
                "planned": since.isoformat(),
            },
        ),
        None,
    )


def _repeat(step: Step, first: datetime, now: datetime) -> int:
    if not step.every:
        return 0
    passed = (now - first) // step.every
    return passed if step.repeats is None else min(passed, step.repeats)
