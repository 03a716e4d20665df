"""All that is wrong with rule files, and what two of them say against each other (规则检查)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from registry.errors import InvalidInputError
from responder.rules import desk_file, load, overlap, read_rules
from responder.rules.check import check_file, check_rule
from responder.rules.model import Length

_EVERYWHERE = frozenset({"", "全国"})
_STEPS = (("R4-1", "R4-2"),)  # the second step may not be due before the first


def faults(paths: Sequence[Path]) -> list[str]:
    """Every fault as one Chinese sentence with file, rule and key; [] where all can be used."""
    found: list[str] = []
    said: list[tuple[Path, str, dict[str, Any]]] = []
    for path in paths:
        own = _of_file(path, said)
        if not own:
            own = _steps(path)
        found += own
    return found + _conflicts(said)


def _of_file(path: Path, said: list[tuple[Path, str, dict[str, Any]]]) -> list[str]:
    try:
        data, raws = read_rules(path)
    except InvalidInputError as error:
        return [error.message]
    found = _caught(lambda: check_file(path, data))
    region = str(data.get("region", ""))
    base = {
        raw["id"]: raw for raw in (*read_rules(None)[1], *_switched(read_rules(desk_file())[1]))
    }
    for raw in raws:
        rule_id = raw.get("id")
        if not isinstance(rule_id, str) or not rule_id:
            found.append(f"规则文件 {path}：有一条规则缺少 id")
            continue
        merged = {**base.get(rule_id, {}), **raw}
        wrong = _caught(lambda merged=merged: check_rule(path, merged))
        found += wrong
        if not wrong:
            said.append((path, str(raw.get("region", region)), raw))
    return found


def _switched(raws: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the service switches on, with the national keys that it switches on."""
    national = {raw["id"]: raw for raw in read_rules(None)[1]}
    return [{**national[raw["id"]], **raw} for raw in raws]


def _conflicts(said: list[tuple[Path, str, dict[str, Any]]]) -> list[str]:
    found = []
    for at, (path, region, raw) in enumerate(said):
        for other_path, other_region, other in said[:at]:
            if (
                raw["id"] == other["id"]
                and overlap(raw, other)
                and (region == other_region or _EVERYWHERE & {region, other_region})
            ):
                where = f"（{region or '全国'}）"
                found.append(
                    f"规则文件 {path}：{raw['id']} 与 {other_path} 中的 {other['id']} 冲突："
                    f"同一地区{where}、施行时间重叠，请只留一条或写明 from、until"
                )
    return found


def _steps(path: Path) -> list[str]:
    rules = load(desk_file(), path)
    found = []
    for first, second in _STEPS:
        one, two = rules.get(first), rules.get(second)
        if (
            one
            and two
            and one.enabled
            and two.enabled
            and _seconds(two.length) < _seconds(one.length)
        ):
            found.append(
                f"规则文件 {path}：{second} 的 length（{two.length}）短于 {first}（{one.length}），"
                "先后不对，请核对"
            )
    return found


def _seconds(length: Length) -> float:
    return length.workdays * 86400 or length.natural.total_seconds()


def _caught(check: Any) -> list[str]:
    try:
        check()
    except InvalidInputError as error:
        return [error.message]
    return []
