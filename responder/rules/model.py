"""The shape of a rule, after its file was read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property

from msgspec import Struct

from responder.vocabulary import Level

#: A basis that is no instant of the incident but comes again: each one begins a clock of its own.
SERIES = {
    "released": "上次发布",
    "onward": "上一级报告",
    "accepted": "受理",
    "false_claim": "发现不实信息",
}
UNCONFIRMED = "待本单位确认"
LEVELS = tuple(level.value for level in Level)


class Length(Struct, frozen=True):
    """Natural time, or working days where ``workdays`` is not 0; both 0: no limit is set."""

    natural: timedelta = timedelta()
    workdays: int = 0

    def __bool__(self) -> bool:
        """Whether there is a limit at all."""
        return bool(self.natural or self.workdays)

    def __str__(self) -> str:
        """In words, as a sentence uses it: 5 小时, 3 个工作日."""
        if self.workdays:
            return f"{self.workdays} 个工作日"
        minutes = int(self.natural.total_seconds() // 60)
        hours, rest = divmod(minutes, 60)
        return " ".join(
            part for part in (f"{hours} 小时" * bool(hours), f"{rest} 分钟" * bool(rest)) if part
        )


class Rule(Struct, frozen=True, kw_only=True):
    """One clock's rule. ``levels`` empty: whatever the level; see national.toml for the keys."""

    id: str
    name: str
    enabled: bool
    basis: tuple[str, ...]
    estimate: tuple[str, ...]
    length: Length
    levels: frozenset[str]
    conditional: bool  # runs as 待定级 until a level is set
    plain: bool  # also for 不属突发事件
    always: bool  # whatever the level and the type of the event
    stops: frozenset[str]
    duty: str
    citation: str
    mark: str
    decision: str
    thresholds: tuple[float, ...]
    due_soon: float
    event_types: frozenset[str] = frozenset()  # only these; empty: any
    growing: bool = False  # also for what a person marked 可能演变为重大
    on_demand: bool = False  # 必要时: only where a person found it necessary
    while_open: bool = False  # ends with the incident: closing it needs no stop
    presets: dict[str, Length] = {}  # lengths by the kind of an order
    region: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    @property
    def quoted(self) -> str:
        """The citation with its mark, as shown."""
        return f"{self.citation}（{self.mark}）"

    @property
    def unconfirmed(self) -> bool:
        """Whether its length is a default of ours that the unit has not confirmed yet."""
        return UNCONFIRMED in self.decision

    @property
    def series(self) -> str:
        """The basis that comes again, or "" where the rule makes one clock."""
        return self.basis[0] if self.basis[0] in SERIES else ""

    def holds(self, start: datetime) -> bool:
        """Whether the rule is in force at that basis."""
        return (self.valid_from is None or start >= self.valid_from) and (
            self.valid_until is None or start < self.valid_until
        )


class RuleSet(Struct, frozen=True, kw_only=True, dict=True):
    """The rules in their order, under one version.

    Rules of one id follow one another: the last that holds at the basis counts. ``levels`` are
    those that the unit uses. ``earlier`` are the versions that entries may name.
    """

    version: str
    region: str
    rules: tuple[Rule, ...]
    levels: tuple[str, ...] = LEVELS
    earlier: Mapping[str, RuleSet] = {}

    def enabled(self) -> tuple[Rule, ...]:
        """The rules that run."""
        return tuple(rule for rule in self.rules if rule.enabled)

    def ids(self) -> tuple[str, ...]:
        """The ids of the rules that run, each once."""
        return tuple(dict.fromkeys(rule.id for rule in self.enabled()))

    def get(self, rule_id: str) -> Rule | None:
        """The newest rule of that id, enabled or not."""
        return next((rule for rule in reversed(self.rules) if rule.id == rule_id), None)

    def pinned(self, version: str) -> RuleSet:
        """The rules of that version, these where it is not known."""
        return self if version == self.version else self.earlier.get(version, self)

    @cached_property
    def running(self) -> tuple[tuple[Rule, ...], ...]:
        """The rules by id, in order; within an id the one that counts first comes first."""
        by_id: dict[str, list[Rule]] = {}
        for rule in self.rules:
            by_id.setdefault(rule.id, []).append(rule)
        return tuple(
            tuple(reversed(rules))
            for rules in by_id.values()
            if any(rule.enabled for rule in rules)
        )
