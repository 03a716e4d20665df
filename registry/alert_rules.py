"""Monitoring rules: words, places and a count within a window of time (监测规则)."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import audit, gazetteer
from registry.errors import InvalidInputError, NotFoundError
from registry.statements import clean
from registry.tables import AlertRuleRow

HEATS = ("red", "orange", "yellow", "blue")
SENTIMENTS = ("negative", "neutral", "positive", "uncertain")


class AlertRule(Struct, frozen=True, kw_only=True):
    """A rule fires where ``min_count`` posts within ``window_s`` meet all that it asks for.

    Words: at least one of ``any_of``, every one of ``all_of``, none of ``none_of``; an empty
    tuple asks for nothing. ``cooldown_s`` is the time in which it does not fire again.
    """

    id: str
    name: str
    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    sentiments: tuple[str, ...] = ()
    min_count: int = 3
    window_s: int = 3600
    cooldown_s: int = 3600
    heat: str = "yellow"
    enabled: bool = True


_LISTS = ("any_of", "all_of", "none_of", "areas", "kinds", "sources", "sentiments")


def put(session: Session, rule: AlertRule, *, now: datetime, who: str = "系统") -> None:
    """Keep the rule, in place of what stood under its id. Raises InvalidInputError."""
    rule = checked(rule)
    row = session.get(AlertRuleRow, rule.id)
    before = None if row is None else _rule(row)
    if before == rule:
        return
    row = row or AlertRuleRow(id=rule.id)
    for field, value in msgspec.structs.asdict(rule).items():
        if field in _LISTS:
            setattr(row, field, [clean(item) for item in value])
        else:
            setattr(row, field, clean(value) if isinstance(value, str) else value)
    session.add(row)
    session.flush()
    action = "新建监测规则" if before is None else "修改监测规则"
    audit.record(
        session, who=who, action=action, subject=rule.id, before=before, after=rule, now=now
    )


def checked(rule: AlertRule) -> AlertRule:
    """The rule as it would be kept. Raises InvalidInputError."""
    require_good(rule)
    # Posts carry trimmed codes: 533100 as people write it would never match.
    areas = tuple(dict.fromkeys(gazetteer.area_code(code) for code in rule.areas))
    return msgspec.structs.replace(rule, areas=areas)


def get(session: Session, rule_id: str) -> AlertRule:
    """The rule. Raises NotFoundError."""
    return _rule(_row(session, rule_id))


def everything(session: Session) -> list[AlertRule]:
    """All rules, by id, also those that are switched off."""
    return [_rule(row) for row in session.scalars(select(AlertRuleRow).order_by(AlertRuleRow.id))]


def remove(session: Session, rule_id: str, *, now: datetime, who: str = "系统") -> None:
    """The rule is gone; its alerts stay. Raises NotFoundError."""
    row = _row(session, rule_id)
    before = _rule(row)
    session.delete(row)
    session.flush()
    audit.record(session, who=who, action="删除监测规则", subject=rule_id, before=before, now=now)


def _row(session: Session, rule_id: str) -> AlertRuleRow:
    row = session.get(AlertRuleRow, rule_id)
    if row is None:
        raise NotFoundError(f"没有编号为 {rule_id} 的监测规则。")
    return row


def _rule(row: AlertRuleRow) -> AlertRule:
    plain = {field: getattr(row, field) for field in AlertRule.__struct_fields__}
    return msgspec.convert(plain, AlertRule)


def require_good(rule: AlertRule) -> None:
    """Raises InvalidInputError, with the field, for a rule that can't be kept."""

    def refuse(field: str, sentence: str) -> None:
        raise InvalidInputError(f"监测规则 {rule.id or '（无编号）'}：{sentence}", field=field)

    if not rule.id.strip() or not rule.name.strip():
        refuse("id", "要有编号和名称。")
    if not any((rule.any_of, rule.all_of, rule.areas, rule.sources, rule.sentiments, rule.kinds)):
        refuse("any_of", "至少要有一个条件（词语、地域、信源、类型或情感），否则每条帖文都会命中。")
    for field in _LISTS:
        if any(not item.strip() for item in getattr(rule, field)):
            refuse(field, f"{field} 里有空白的一项。")
    if rule.min_count < 1:
        refuse("min_count", "条数至少为 1。")
    if rule.window_s < 1 or rule.cooldown_s < 0:
        refuse("window_s", "时间窗至少为 1 秒，冷却时间不能为负。")
    if rule.heat not in HEATS:
        refuse("heat", f"热度只能是 {'、'.join(HEATS)}。")
    if unknown := set(rule.sentiments) - set(SENTIMENTS):
        refuse("sentiments", f"不认识的情感 {'、'.join(sorted(unknown))}。")
