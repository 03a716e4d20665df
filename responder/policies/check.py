"""What a file of escalation policies may say. Each fault names file, policy and key, in Chinese."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from registry.duty import DutyRole
from registry.errors import InvalidInputError
from registry.users import Role
from responder.colours import HEAT_NAMES, HEATS

APPLIES = ("预警", "时限", "定级")
FOREVER = -1
ON_DUTY = frozenset(f"在班:{role.value}" for role in DutyRole)
_ROLES = frozenset(f"角色:{role.value}" for role in Role)
_KEYS = frozenset({"id", "name", "applies", "heats", "thresholds", "step", "enabled"})
_STEP_KEYS = frozenset({"after_min", "to", "repeat_min", "repeats"})
_THRESHOLDS = frozenset({50, 75, 90, 100})
_NEEDED = (("预警", "red"), ("预警", "orange"), ("时限", 100), ("定级", None))
_MOST_MINUTES = 7 * 24 * 60
_MOST_REPEATS = 1000


def check_policy(path: Path, raw: dict[str, Any]) -> None:
    """Raises InvalidInputError where the policy can't be used."""
    for key, problem in _problems(raw):
        name = raw.get("id") or "（没有 id 的一条）"
        raise InvalidInputError(f"升级办法 {path}：{name} 的 {key} {problem}", field=key)


def _problems(raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("id", "name"):
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            yield key, "没有写"
    if unknown := set(raw) - _KEYS:
        yield min(unknown), "是不认识的键"
    if not isinstance(raw.get("enabled", True), bool):
        yield "enabled", "应为 true 或 false"
    if raw.get("applies") not in APPLIES:
        yield "applies", f"应为其中之一：{'、'.join(APPLIES)}"
    yield from _scope_problems(raw)
    steps = raw.get("step")
    if not isinstance(steps, list) or not steps or not all(isinstance(s, dict) for s in steps):
        yield "step", "至少要有一步"
        return
    yield from _order_problems(steps)


def _order_problems(steps: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for number, step in enumerate(steps, 1):
        if problem := next(_step_problems(step), ""):
            yield f"第 {number} 步", problem
    for number, (one, following) in enumerate(pairwise(steps), 2):
        if following["after_min"] < one["after_min"]:
            yield f"第 {number} 步", "的 after_min 比前一步还早"


def _scope_problems(raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, known, when in (("heats", HEATS, "预警"), ("thresholds", _THRESHOLDS, "时限")):
        given = raw.get(key, [])
        if raw["applies"] == when and not given:
            yield key, "没有写"
        if raw["applies"] != when and given:
            yield key, f"只用于 applies = “{when}”"
        if not isinstance(given, list) or any(one not in known for one in given):
            said = "、".join(str(one) for one in sorted(known, key=str))
            yield key, f"只能是 {said}，写的是 {given!r}"


def check_whole(path: Path, enabled: Sequence[dict[str, Any]]) -> None:
    """Raises InvalidInputError where two policies claim one matter, or an urgent one has none."""
    owner: dict[tuple[str, Any], str] = {}
    for raw in enabled:
        for what in raw.get("heats") or raw.get("thresholds") or [None]:
            other = owner.setdefault((raw["applies"], what), raw["id"])
            if other != raw["id"]:
                both = f"{other} 与 {raw['id']} 冲突，都管{_said(raw['applies'], what)}"
                raise InvalidInputError(
                    f"升级办法 {path}：{both}。请合并，或把其中一条写 enabled = false"
                )
    for applies, what in _NEEDED:
        if (applies, what) not in owner:
            raise InvalidInputError(
                f"升级办法 {path}：没有一条管{_said(applies, what)}，出了事会没有人知道"
            )


def _step_problems(step: dict[str, Any]) -> Iterator[str]:
    if unknown := set(step) - _STEP_KEYS:
        yield f"有不认识的键 {min(unknown)}"
    if not _whole(step.get("after_min"), 0, _MOST_MINUTES):
        yield f"的 after_min 应为 0 到 {_MOST_MINUTES} 的整数分钟"
    if not _whole(step.get("repeats", 0), FOREVER, _MOST_REPEATS):
        yield f"的 repeats 应为 -1（一直重复）到 {_MOST_REPEATS}"
    if step.get("repeats", 0) and not _whole(step.get("repeat_min"), 1, _MOST_MINUTES):
        yield "要重复，却没有写 repeat_min（至少 1 分钟）"
    to = step.get("to")
    if not isinstance(to, list) or not to:
        yield "的 to 没有写：告诉谁"
        return
    for target in to:
        if not is_target(target):
            known = "、".join(sorted(ON_DUTY))
            yield f"的 to 里 {target!r} 不认识，可写 {known}、角色:分管领导、用户:登录名、单位:编号"


def is_target(target: object) -> bool:
    """Whether that says whom: 在班:值班员, 角色:分管领导, 用户:zhangsan, 单位:住建局."""
    if not isinstance(target, str):
        return False
    kind, _, name = target.partition(":")
    named = kind in ("用户", "单位") and bool(name.strip())
    return target in ON_DUTY or target in _ROLES or named


def _whole(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _said(applies: str, what: Any) -> str:
    if applies == APPLIES[0]:
        return f"{HEAT_NAMES[what]}色预警"
    return "未定级的事件" if what is None else f"时限的 {what}% 提醒"
