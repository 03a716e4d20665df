"""The rules as data (时限规则): what runs, from when, how long, for whom, stopped by what.

``national.toml`` holds the national defaults, each with its citation and the mark T (the text was
read), N (a report of it was read) or D (our decision); ``desk.toml`` switches on what only the
service runs, for incidents that it keeps. A unit's own file overrides single keys by rule id, or
adds rules; with ``from`` or ``until`` it does so for that time only. Faults are told in Chinese
with file, rule and key.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from posts.errors import reason_of
from registry.errors import InvalidInputError
from responder.rules.check import check_file, check_rule
from responder.rules.model import LEVELS, UNCONFIRMED, Length, Rule, RuleSet
from responder.wording import toml_fault

__all__ = [
    "Length",
    "Rule",
    "RuleSet",
    "desk",
    "desk_file",
    "load",
    "national",
    "overlap",
    "packaged",
    "read_rules",
    "variants",
]

_HERE = Path(__file__).parent
_NATIONAL = _HERE / "national.toml"
_DESK = _HERE / "desk.toml"


@cache
def national() -> RuleSet:
    """The national defaults, with the earlier versions that entries may name."""
    return replace(load(), earlier=packaged())


@cache
def desk() -> RuleSet:
    """What the service runs: the national defaults, and R4 and R7 to R9 for its incidents."""
    return replace(load(_DESK), earlier=packaged())


@cache
def packaged() -> dict[str, RuleSet]:
    """Every version that came with the service, by name: verdicts of then are judged by it."""
    earlier = [load(base=path) for path in sorted((_HERE / "earlier").glob("*.toml"))]
    return {one.version: one for one in (*earlier, load(), load(_DESK))}


def variants() -> dict[str, Path]:
    """The examples of local variants, by name."""
    return {path.stem: path for path in sorted((_HERE / "variants").glob("*.toml"))}


def desk_file() -> Path:
    """The file that switches on what only the service runs."""
    return _DESK


def load(*paths: Path | None, base: Path = _NATIONAL) -> RuleSet:
    """The national defaults, overridden by those files in order; None stands for no file.

    Raises InvalidInputError (file, rule, key) for a file that can't be read or used.
    """
    layers: dict[str, list[dict[str, Any]]] = {}
    version, region = "", ""
    levels: tuple[str, ...] = LEVELS
    for path in (base, *(path for path in paths if path is not None)):
        data = _read(path)
        check_file(path, data)
        own = str(data.get("version", path.stem))
        version = f"{version}+{own}" if version else own
        region = str(data.get("region", region))
        levels = tuple(data.get("levels", levels))
        seen: list[dict[str, Any]] = []
        for raw in _rules(path, data):
            _check_once(path, raw, seen)
            seen.append(raw)
            there = layers.get(raw["id"], [])
            merged = {**(there[-1] if there else {}), "region": region, **raw}
            if there and "length" in raw and "decision" not in raw:  # the unit has said how long
                merged["decision"] = _without_default(merged.pop("decision", ""))
                merged = {key: value for key, value in merged.items() if value != ""}
            for key in ("from", "until"):  # the validity of what it overrides is not its own
                if key not in raw:
                    merged.pop(key, None)
            check_rule(path, merged)
            timed = "from" in raw or "until" in raw
            layers[raw["id"]] = [*there, merged] if timed else [merged]
    return RuleSet(
        version=version,
        region=region,
        levels=levels,
        rules=tuple(_rule(raw) for rules in layers.values() for raw in rules),
    )


def _without_default(decision: str) -> str:
    sentences = [one for one in decision.split("。") if one and UNCONFIRMED not in one]
    return "".join(f"{one}。" for one in sentences)


def _check_once(path: Path, raw: dict[str, Any], seen: list[dict[str, Any]]) -> None:
    rule_id = raw.get("id")
    if not isinstance(rule_id, str) or not rule_id:
        raise InvalidInputError(f"规则文件 {path}：有一条规则缺少 id", field="id")
    for other in seen:
        if other["id"] == rule_id and overlap(raw, other):
            raise InvalidInputError(
                f"规则文件 {path}：{rule_id} 出现了两次，施行时间重叠，"
                "请并为一条或写明 from、until",
                field="id",
            )


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether there is a day on which both hold; what is no date counts as open."""

    def bounds(raw: dict[str, Any]) -> tuple[date, date]:
        first, last = raw.get("from"), raw.get("until")
        return (
            first if type(first) is date else date.min,
            last if type(last) is date else date.max,
        )

    (first, last), (begin, end) = bounds(one), bounds(other)
    return first < end and begin < last


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"读不到规则文件 {path}：{reason_of(error)}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInputError(f"规则文件 {path} {toml_fault(error)}") from error


def read_rules(path: Path | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the file says as it stands there, and its rules; None: the national file."""
    data = _read(path or _NATIONAL)
    return data, _rules(path or _NATIONAL, data)


def _rules(path: Path, data: dict[str, Any]) -> list[dict[str, Any]]:
    rules = data.get("rule", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise InvalidInputError(f"规则文件 {path}：rule 应写成 [[rule]]")
    return rules


def _rule(raw: dict[str, Any]) -> Rule:
    length = raw.get("length", {})
    return Rule(
        id=raw["id"],
        name=raw["name"],
        enabled=raw.get("enabled", True),
        basis=tuple(raw["basis"]),
        estimate=tuple(raw.get("estimate", ())),
        length=_length(length),
        levels=frozenset(raw.get("levels", ())),
        conditional=raw.get("conditional", False),
        plain=raw.get("plain", False),
        always=raw.get("always", False),
        stops=frozenset(raw["stops"]),
        duty=raw.get("duty", raw["name"]),
        citation=raw["citation"],
        mark=raw["mark"],
        decision=raw.get("decision", ""),
        thresholds=tuple(raw.get("thresholds", (0.5, 0.75, 0.9, 1.0))),
        due_soon=raw.get("due_soon", 0.75),
        event_types=frozenset(raw.get("event_types", ())),
        growing=raw.get("growing", False),
        on_demand=raw.get("on_demand", False),
        while_open=raw.get("while_open", False),
        presets={name: _length(length) for name, length in raw.get("presets", {}).items()},
        region=raw.get("region", ""),
        valid_from=_instant(raw.get("from")),
        valid_until=_instant(raw.get("until")),
    )


def _length(raw: dict[str, Any]) -> Length:
    return Length(
        natural=timedelta(hours=raw.get("hours", 0), minutes=raw.get("minutes", 0)),
        workdays=raw.get("workdays", 0),
    )


def _instant(day: Any) -> datetime | None:
    """00:00 Asia/Shanghai (no summer time in the years that rules are from) of a TOML date."""
    if day is None:
        return None
    return datetime.combine(day, time(), UTC) - timedelta(hours=8)
