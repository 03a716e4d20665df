"""What a rule file may say. Each fault names the file, the rule and the key, in Chinese."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, NoReturn

from registry.errors import InvalidInputError
from responder.rules.model import LEVELS, SERIES
from responder.vocabulary import REPORT_STOPS, EventType, Moment

BASES = frozenset({*(moment.value for moment in Moment), *SERIES})
STOPS = frozenset(
    {
        "release",
        "conference",
        "answer",
        "interpretation",
        "clarification",
        "report",
        "news_centre",
        "settled",
        *REPORT_STOPS.values(),
    }
)
_LEVELS = frozenset(LEVELS)
_EVENT_TYPES = frozenset(name.value for name in EventType)
_NO_LIMIT = frozenset({"false_claim"})  # such a clock may run without a limit: elapsed time only
_NEEDED = ("name", "basis", "stops", "citation", "mark")
_MAX_HOURS = 24 * 366
_MAX_WORKDAYS = 366


def check_file(path: Path, data: dict[str, Any]) -> None:
    """Raises InvalidInputError for what stands beside the rules."""
    unknown = set(data) - {"version", "region", "levels", "rule"}
    if unknown:
        raise InvalidInputError(f"规则文件 {path}：不认识的键 {min(unknown)}")
    for key in ("version", "region"):
        if key in data and _text(data[key]):
            raise InvalidInputError(f"规则文件 {path}：{key} 应为文字", field=key)
    levels = data.get("levels", list(LEVELS))
    if _levels(levels) or not levels or levels != sorted(set(levels), key=LEVELS.index):
        raise InvalidInputError(
            f"规则文件 {path}：levels 只能用 {'、'.join(LEVELS)}，由重到轻，不重复",
            field="levels",
        )


def check_rule(path: Path, raw: dict[str, Any]) -> None:
    """Raises InvalidInputError where the rule can't be used."""

    def fault(key: str, what: str) -> NoReturn:
        raise InvalidInputError(f"规则文件 {path}：{raw['id']} 的 {key} {what}", field=key)

    for key in _NEEDED:
        if key not in raw:
            fault(key, "没有写")
    for key, value in raw.items():
        if key not in _KEYS:
            fault(key, "是不认识的键")
        problem = _KEYS[key](value)
        if problem:
            fault(key, f"{problem}，写的是 {value!r}")
    if raw.get("from") and raw.get("until") and raw["from"] >= raw["until"]:
        fault("until", "不晚于 from")
    if raw.get("enabled", True):
        _check_enabled(raw, fault)


def _check_enabled(raw: dict[str, Any], fault: Callable[[str, str], NoReturn]) -> None:
    """An enabled rule may only name what the service records, and needs a length."""
    for name in (*raw["basis"], *raw.get("estimate", ())):
        if name not in BASES:
            fault("basis", f"不能启用：还没有时点 {name}，可用 {'、'.join(sorted(BASES))}")
    for name in raw["stops"]:
        if name not in STOPS:
            fault("stops", f"不能启用：还没有记录 {name}，可用 {'、'.join(sorted(STOPS))}")
    series = SERIES.keys() & set(raw["basis"])
    if series and len(raw["basis"]) > 1:
        fault("basis", f"中 {min(series)} 须单独写：它每来一次就另起一条时限")
    if series and raw.get("conditional"):
        fault("conditional", f"不能用于 {min(series)}：它不从事件的时点起算")
    if raw.get("conditional") and not raw.get("levels"):
        fault("conditional", "须与 levels 一起写：没有级别的规则谈不上待定级")
    if not raw.get("length") and not series & _NO_LIMIT:
        fault("length", "没有写：启用的规则须有时限")


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value.strip() else "应为文字"


def _yes_no(value: Any) -> str:
    return "" if isinstance(value, bool) else "应为 true 或 false"


def _names(value: Any) -> str:
    good = isinstance(value, list) and value and all(isinstance(name, str) for name in value)
    return "" if good else "应为文字列表"


def _levels(value: Any) -> str:
    good = isinstance(value, list) and all(name in _LEVELS for name in value)
    return "" if good else "只能用 特别重大、重大、较大、一般"


def _event_types(value: Any) -> str:
    good = isinstance(value, list) and value and all(name in _EVENT_TYPES for name in value)
    return "" if good else f"只能用 {'、'.join(sorted(_EVENT_TYPES))}"


def _presets(value: Any) -> str:
    if not isinstance(value, dict) or not value:
        return '应写成 { "咨询" = { workdays = 2 } }'
    return next((problem for length in value.values() if (problem := _length(length))), "")


def _length(value: Any) -> str:
    if not isinstance(value, dict) or not value or set(value) - {"hours", "minutes", "workdays"}:
        return "应写成 { hours = … }、{ minutes = … } 或 { workdays = … }"
    if "workdays" in value and len(value) > 1:
        return "不能既有工作日又有小时"
    for number in value.values():
        if isinstance(number, bool) or not isinstance(number, int | float) or not number > 0:
            return "应为正数"
    workdays = value.get("workdays", 1)
    if not isinstance(workdays, int) or workdays > _MAX_WORKDAYS:
        return f"的工作日应为整数，不超过 {_MAX_WORKDAYS}"
    hours = value.get("hours", 0) + value.get("minutes", 0) / 60
    return "" if hours <= _MAX_HOURS else f"不能超过 {_MAX_HOURS} 小时"


def _fraction(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 < value <= 1


def _share(value: Any) -> str:
    return "" if _fraction(value) else "应大于 0、不大于 1"


def _shares(value: Any) -> str:
    good = isinstance(value, list) and value and all(_fraction(share) for share in value)
    return "" if good and value == sorted(set(value)) else "应为由小到大、大于 0 不大于 1 的列表"


def _mark(value: Any) -> str:
    return "" if value in {"T", "N", "D"} else "应为 T、N 或 D"


def _day(value: Any) -> str:
    good = isinstance(value, date) and not isinstance(value, datetime)
    return "" if good else "应为日期，如 2025-01-01"


_KEYS: dict[str, Callable[[Any], str]] = {
    "id": _text,
    "name": _text,
    "enabled": _yes_no,
    "basis": _names,
    "estimate": _names,
    "length": _length,
    "levels": _levels,
    "conditional": _yes_no,
    "plain": _yes_no,
    "always": _yes_no,
    "stops": _names,
    "duty": _text,
    "citation": _text,
    "mark": _mark,
    "decision": _text,
    "thresholds": _shares,
    "due_soon": _share,
    "event_types": _event_types,
    "growing": _yes_no,
    "on_demand": _yes_no,
    "while_open": _yes_no,
    "presets": _presets,
    "region": _text,
    "from": _day,
    "until": _day,
}
