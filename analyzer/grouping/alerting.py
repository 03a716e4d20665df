"""The windows of the alert rules, as the first part of grouping."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

import structlog

from analyzer.grouping.lookback import look_back
from analyzer.grouping.matching import Condition, definition, haystack
from analyzer.grouping.memory import Memory, forget
from analyzer.grouping.signals import make_signal
from analyzer.grouping.windows import RuleState, RuleWindow, entry
from posts.index.port import PostIndex
from posts.model import ScoredPost, Signal
from registry import alert_rules
from registry.db import Database

_HOLD_LATE_FOR = timedelta(seconds=60)
"""While a backlog of old posts is being read, its crossings wait for its end, at most so long:
one signal with the whole count, and not one for each batch."""

_log = structlog.get_logger()


class _Watch:
    """A rule at work."""

    def __init__(self, condition: Condition, window: RuleWindow) -> None:
        self.condition = condition
        self.window = window
        self.late_since: datetime | None = None


class RuleWindows:
    """A part (see parts.py): counts posts in the windows of the rules that are switched on.

    ``index`` lets a new or edited rule see the posts that came before it.
    """

    name = "rules"

    def __init__(self, database: Database, memory: Memory, index: PostIndex | None) -> None:
        self._database = database
        self._memory = memory
        self._index = index
        self._watches: dict[str, _Watch] = {}
        self._states: dict[str, RuleState] = {}

    def start(self, now: datetime) -> None:  # noqa: ARG002 (the form of every part)
        """Begin from what was saved last, by this worker or by the one before."""
        self._states = self._memory.load()
        self._watches = {}

    def refresh(self, now: datetime) -> None:
        """Take new and edited rules in, drop those that are gone."""
        with self._database.reading() as session:
            rules = [rule for rule in alert_rules.everything(session) if rule.enabled]
        old = self._watches
        watches: dict[str, _Watch] = {}
        for rule in rules:
            key = str(rule.id)
            state = self._states.get(key)
            if state is None or state.definition != definition(rule):
                watches[key] = self._begin(Condition(rule), state, now)
            elif key in old:
                watches[key] = old[key]
            else:
                watches[key] = _Watch(Condition(rule), RuleWindow(rule, state))
        self._watches = watches
        self._states = {key: watch.window.state for key, watch in watches.items()}

    def read(self, scored: Sequence[ScoredPost], now: datetime) -> None:
        """Count the posts in the window of each rule that they match."""
        if not self._watches:
            return
        for one in scored:
            folded = haystack(one.post)
            for watch in self._watches.values():
                if watch.condition.matches(one, folded):
                    new = entry(one.post, one.areas)
                    if watch.window.add(new) and new.late and watch.late_since is None:
                        watch.late_since = now

    def tell(self, now: datetime, *, caught_up: bool) -> list[Signal]:
        """The crossings; those of late posts when their backlog has been read."""
        told: list[Signal] = []
        for watch in self._watches.values():
            streams = [False]
            if watch.late_since is not None and (
                caught_up or now - watch.late_since >= _HOLD_LATE_FOR
            ):
                streams.append(True)
                watch.late_since = None
            for late in streams:
                crossing = watch.window.cross(now, late=late)
                if crossing is not None:
                    told.append(make_signal(watch.condition.rule, crossing, now))
        return told

    def save(self, now: datetime) -> None:  # noqa: ARG002 (the form of every part)
        """Write the states of all rules."""
        self._memory.save(self._states)

    def held(self) -> Iterable[str]:
        """The posts whose titles are kept for a reason that people read."""
        return [one.id for state in self._states.values() for one in state.entries]

    def forget(self, posts: Collection[str]) -> bool:
        """Drop their titles; they still count."""
        return forget(self._states, posts)

    def close(self) -> None:
        """Nothing is open."""

    def _begin(self, condition: Condition, before: RuleState | None, now: datetime) -> _Watch:
        """A rule at first sight or after an edit: filled from the index, what was told kept."""
        rule = condition.rule
        state = RuleState(definition=definition(rule))
        if before is not None:
            state.live, state.late = before.live, before.late
        watch = _Watch(condition, RuleWindow(rule, state))
        told = {one.id for one in before.entries if one.told} if before else set()
        for one in look_back(self._index, condition, now) if self._index else ():
            one.told = one.id in told
            watch.window.add(one)
        if state.entries:
            watch.late_since = now - _HOLD_LATE_FOR
        _log.info("rule_watched", rule=str(rule.id), posts=len(state.entries))
        return watch
