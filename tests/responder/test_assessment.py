"""研判: what the data says, in sentences; a level only from what a person confirmed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from responder import assessment
from responder.assessment import Figure, Figures, propose_level
from responder.clocks import clocks
from responder.drafts import draft
from responder.entries import Entry
from responder.rules import national
from responder.workdays import load_calendar

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def fact(text: str, *, status: str = "已确认", minutes: int = 0) -> Entry:
    at = NOW - timedelta(minutes=60 - minutes)
    body = {"type": "fact", "text": text, "status": status, "at": at.isoformat()}
    return draft(body, by="甲", now=NOW)


def figures(posts: int = 12, negative: int = 8, now: int = 5, before: int = 2) -> Figures:
    def figure(value: int) -> Figure:
        return Figure(name="x", value=value, query={})

    return Figures(
        at=NOW,
        posts=figure(posts),
        negative=figure(negative),
        uncertain=figure(1),
        sources=figure(3),
        last_hour=figure(now),
        hour_before=figure(before),
        first_at=NOW - timedelta(minutes=131),
        first_source="县论坛",
        first=figure(1),
    )


LEVELS = {
    "死亡30人": "特别重大",
    "死亡 29 人": "重大",
    "已有10人遇难": "重大",
    "3人死亡，50人重伤": "重大",
    "死亡9人": "较大",
    "死亡两人": "一般",
    "三十二名群众遇难": "特别重大",
    "重伤一百人": "特别重大",
    "重伤9人": "一般",
    "直接经济损失1.2亿元": "特别重大",
    "直接经济损失 5,000 万元": "重大",
    "经济损失约999万元": "一般",
}


@pytest.mark.parametrize("text", LEVELS)
def test_a_level_is_proposed_by_the_numbers_that_a_person_confirmed(text: str):
    found = propose_level([fact(text)], event_type="事故灾难")
    assert found.level == LEVELS[text]
    assert "第493号" in found.reasons[-1]
    assert "记录 #" in found.reasons[0]


@pytest.mark.parametrize(
    "text",
    [
        "死亡人数不详",
        "滞留货车 1,312 辆，司乘约 2,600 人",
        "死亡0人",
        "疑似死亡5人",
        "网传12人死亡",
    ],
)
def test_nothing_is_proposed_without_such_numbers(text: str):
    found = propose_level([fact(text)], event_type="事故灾难")
    assert found.level == ""
    assert "不提建议" in found.reasons[0]


def test_what_is_not_confirmed_supports_no_level():
    found = propose_level([fact("死亡12人", status="待核实")], event_type="")
    assert found.level == ""
    assert "待核实的不作依据" in found.reasons[0]


def test_the_newest_number_counts():
    facts = [fact("死亡3人", minutes=30), fact("死亡31人", minutes=10)]
    assert propose_level(facts, event_type="").level == "较大"


@pytest.mark.parametrize("event_type", ["自然灾害", "公共卫生", "社会安全", "不属突发事件"])
def test_other_types_have_no_numbers_to_go_by(event_type: str):
    found = propose_level([fact("死亡40人")], event_type=event_type)
    assert found.level == ""
    assert event_type in found.reasons[0]


def test_a_level_that_the_unit_does_not_have_is_not_proposed():
    found = propose_level([fact("死亡40人")], event_type="", levels=("重大", "较大", "一般"))
    assert found.level == ""
    assert "没有“特别重大”" in found.reasons[-1]


def test_the_form_says_what_the_data_shows_and_what_is_due():
    entries = [
        draft({"type": "instant", "which": "occurred", "value": NOW.isoformat()}, by="甲", now=NOW),
        draft({"type": "level_set", "level": "重大"}, by="甲", now=NOW),
        fact("滞留货车 1,312 辆"),
        fact("有人受伤", status="待核实"),
    ]
    due = clocks(entries, rules=national(), calendar=load_calendar(), now=NOW)
    made = assessment.draft(
        title="边坡滑塌",
        event_type="事故灾难",
        figures=figures(),
        entries=entries,
        clocks=due,
        proposal=propose_level([fact("死亡10人")], event_type="事故灾难"),
    )
    assert "事件类型：事故灾难" in made.nature
    assert "已确认：滞留货车 1,312 辆" in made.nature
    assert "12 条，3 个来源，历时 2 小时 11 分；近 1 小时 5 条，前 1 小时 2 条，上升" in made.trend
    assert "首帖 2026-03-02 11:49，县论坛" in made.trend
    assert "负面 8 条，占 12 条的 67%，另有 1 条不确定（不足 30 条，比例只供参考）" in made.risk
    assert "尚待核实：有人受伤" in made.risk
    assert "2026-03-02 19:00 前完成" in made.advice
    assert "建议定级：重大，由人决定" in made.advice


def test_without_posts_no_share_is_said():
    assert assessment.share(figures(posts=0, negative=0)) == "没有帖文，谈不上比例"
    assert "比例只供参考" not in assessment.share(figures(posts=30))
    assert assessment.direction(figures(now=1, before=1)).endswith("持平")
