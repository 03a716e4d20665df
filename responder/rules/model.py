"""The shape of a rule, after its file was read and checked."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct


class Length(Struct, frozen=True):
    """Natural time, or working days where ``workdays`` is not 0; both 0: no limit is set."""

    natural: timedelta
    workdays: int = 0

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
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    @property
    def quoted(self) -> str:
        """The citation with its mark, as shown."""
        return f"{self.citation}（{self.mark}）"


class RuleSet(Struct, frozen=True, kw_only=True):
    """The rules in their order, under one version."""

    version: str
    region: str
    rules: tuple[Rule, ...]

    def enabled(self) -> tuple[Rule, ...]:
        """The rules that run."""
        return tuple(rule for rule in self.rules if rule.enabled)

    def get(self, rule_id: str) -> Rule | None:
        """The rule of that id, enabled or not."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)
