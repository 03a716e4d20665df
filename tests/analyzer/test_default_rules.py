from __future__ import annotations

from pathlib import Path

import pytest
from support.posts import NOON, make_scored
from support.registry import make_database

from analyzer.grouping.defaults import default_rules
from analyzer.grouping.matching import Condition, haystack
from registry import alert_rules


def rules_for(text: str, **fields: object) -> set[str]:
    scored = make_scored(title="", text=text, areas=("53", "5331", "533102"), **fields)
    folded = haystack(scored.post)
    return {r.id for r in default_rules("5331") if Condition(r).matches(scored, folded)}


def test_the_registry_takes_them(tmp_path: Path):
    database = make_database(tmp_path)
    for code in ("5331", None):
        with database.transaction() as session:
            for rule in default_rules(code):
                alert_rules.put(session, rule, now=NOON)
                assert alert_rules.get(session, rule.id) == rule
    database.dispose()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("瑞丽一处山体滑坡，两人被困", {"default-accident"}),
        ("小区停水三天", {"default-utilities"}),
        ("学校食堂食物中毒", {"default-health"}),
        ("工地拖欠工资", {"default-wages"}),
        ("网传大桥坍塌不实", {"default-rumour", "default-accident"}),
        ("搅拌站半夜噪音", {"default-nuisance"}),
        ("地震演练中模拟被困", set()),
        ("周末去江边散步", set()),
    ],
)
def test_what_they_watch_for(text: str, expected: set[str]):
    assert rules_for(text) == expected


def test_they_watch_the_own_area_only():
    assert {rule.areas for rule in default_rules("5331")} == {("5331",)}
    assert {rule.areas for rule in default_rules(None)} == {()}
