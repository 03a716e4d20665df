"""The rules as data (时限规则): what runs, from when, how long, for whom, stopped by what.

``national.toml`` holds the national defaults, each with its citation and the mark T (the text was
read), N (a report of it was read) or D (our decision). A unit's own file overrides single keys by
rule id, or adds rules. Faults are told in Chinese with file, rule and key.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from registry.errors import InvalidInputError
from responder.rules.check import check_rule
from responder.rules.model import Length, Rule, RuleSet

__all__ = ["Length", "Rule", "RuleSet", "load", "national"]

_PACKAGED = Path(__file__).parent / "national.toml"


@cache
def national() -> RuleSet:
    """The national defaults."""
    return load()


def load(*paths: Path | None) -> RuleSet:
    """The national defaults, overridden by those files in order; None stands for no file.

    Raises InvalidInputError (file, rule, key) for a file that can't be read or used.
    """
    merged: dict[str, dict[str, Any]] = {}
    version, region = "", ""
    for path in (_PACKAGED, *(path for path in paths if path is not None)):
        data = _read(path)
        unknown = set(data) - {"version", "region", "rule"}
        if unknown:
            raise InvalidInputError(f"规则文件 {path}：不认识的键 {min(unknown)}")
        own = str(data.get("version", path.stem))
        version = f"{version}+{own}" if version else own
        region = str(data.get("region", region))
        seen: set[str] = set()
        for raw in _rules(path, data):
            rule_id = raw.get("id")
            if not isinstance(rule_id, str) or not rule_id:
                raise InvalidInputError(f"规则文件 {path}：有一条规则缺少 id")
            if rule_id in seen:
                raise InvalidInputError(f"规则文件 {path}：{rule_id} 出现了两次，请并为一条")
            seen.add(rule_id)
            merged[rule_id] = {**merged.get(rule_id, {}), **raw}
            check_rule(path, merged[rule_id])
    return RuleSet(
        version=version,
        region=region,
        rules=tuple(_rule(raw) for raw in merged.values()),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"读不到规则文件 {path}：{error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInputError(f"规则文件 {path} 不是有效的 TOML：{error}") from error


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
        length=Length(
            natural=timedelta(hours=length.get("hours", 0), minutes=length.get("minutes", 0)),
            workdays=length.get("workdays", 0),
        ),
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
        valid_from=_instant(raw.get("from")),
        valid_until=_instant(raw.get("until")),
    )


def _instant(day: Any) -> datetime | None:
    """00:00 Asia/Shanghai (no summer time in the years that rules are from) of a TOML date."""
    if day is None:
        return None
    return datetime.combine(day, time(), UTC) - timedelta(hours=8)
