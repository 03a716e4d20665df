"""Hints beside the level picker: which of an incident's facts belong to which level, and why."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from responder.assessment import propose_level
from responder.drafts import draft
from responder.entries import Entry
from responder.hints import LevelHint, level_hints, no_numbers
from responder.rules.model import LEVELS

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def fact(text: str, status: str = "已确认") -> Entry:
    return draft({"type": "fact", "text": text, "status": status}, by="甲", now=NOW)


def hints(*facts: Entry, kind: str = "事故灾难", levels=LEVELS) -> dict[str, LevelHint]:
    return {hint.level: hint for hint in level_hints(facts, event_type=kind, levels=levels)}


def test_each_number_stands_beside_the_level_that_it_comes_to():
    found = hints(fact("死亡12人，重伤45人。"), fact("直接经济损失200万元"))
    assert found["重大"].met == ("死亡 12 人（记录 #0）",)
    assert found["较大"].met == ("重伤 45 人（记录 #0）",)
    assert found["一般"].met == ("直接经济损失 200 万元（记录 #0）",)
    assert found["特别重大"].met == ()
    assert "10–29 人" in found["重大"].criteria
    assert found["重大"].command == "初判重大的，由省级指挥应对"


def test_what_is_not_confirmed_decides_nothing_and_is_shown_as_such():
    found = hints(fact("网民称死亡40人", status="待核实"))
    assert found["特别重大"].unsure == ("死亡 40 人（记录 #0）",)
    assert found["特别重大"].met == ()


@pytest.mark.parametrize(
    ("text", "near"), [("死亡8人", True), ("死亡7人", False), ("死亡8人，重伤120人", False)]
)
def test_close_to_a_level_that_is_not_reached(text: str, near: bool):
    assert bool(hints(fact(text))["重大"].near) is near


def test_the_hints_agree_with_the_proposal():
    for text in ("死亡30人", "死亡29人", "重伤50人", "直接经济损失1亿元", "重伤9人", "死亡3人"):
        proposed = propose_level([fact(text)], event_type="事故灾难").level
        assert [name for name, hint in hints(fact(text)).items() if hint.met] == [proposed], text


def test_no_numbers_for_other_events_and_only_the_units_levels():
    found = hints(fact("死亡12人"), kind="社会安全", levels=LEVELS[1:])
    assert list(found) == list(LEVELS[1:])
    assert all(not hint.met and not hint.criteria for hint in found.values())
    assert "另行规定" in no_numbers("社会安全")
    assert "没有可以照套" in no_numbers("公共卫生")
    assert no_numbers("") == no_numbers("事故灾难") == ""
