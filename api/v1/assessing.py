"""研判: what the data shows of an incident, as a draft; written as an entry ``assessment``."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import Field

from api.deps import CurrentUser, DeskDep, Now, Reading
from api.figures import default_scope, figures
from api.v1.models import Instant, Number, Shown
from responder import assessment, incidents, query
from responder.assessment import Figure, Figures
from responder.rulebook import in_force

router = APIRouter(tags=["事件"])
_LONG = 500


class FigureOut(Shown):
    """A number and the search that counts it again."""

    name: str = Field(description="什么")
    value: int = Field(description="多少")
    href: str = Field(description="检索地址，条件与 GET /api/v1/posts 相同")


class AssessmentOut(Shown):
    """The draft of an assessment."""

    at: Instant = Field(description="统计到何时")
    scope: dict[str, str] = Field(description="口径：q、area、since、until")
    figures: list[FigureOut] = Field(description="数字；没有口径时为空")
    nature: str = Field(description="事件性质")
    trend: str = Field(description="舆情走势")
    risk: str = Field(description="可能出现的风险")
    advice: str = Field(description="预控处置意见")
    level: str = Field(description="定级建议，由人决定；没有为空")
    reasons: list[str] = Field(description="建议或不建议的理由")


def _figures(found: Figures | None) -> list[FigureOut]:
    if found is None:
        return []
    whole: list[Figure] = [
        found.posts,
        found.negative,
        found.uncertain,
        found.sources,
        found.last_hour,
        found.hour_before,
        *([found.first] if found.first else []),
        *(place.posts for place in found.places),
    ]
    return [
        FigureOut(name=one.name, value=one.value, href=f"/search?{urlencode(one.query)}")
        for one in whole
    ]


@router.get("/incidents/{number}/assessment", summary="研判草稿")
def draft(
    session: Reading,
    desk: DeskDep,
    now: Now,
    _user: CurrentUser,
    number: Number,
    q: Annotated[str, Query(max_length=_LONG, description="关键词，都要出现")] = "",
    area: Annotated[str, Query(max_length=_LONG, description="地点代码")] = "",
    since: Annotated[str, Query(max_length=_LONG, description="从何时（北京时间）")] = "",
    until: Annotated[str, Query(max_length=_LONG, description="到何时；不填为现在")] = "",
) -> AssessmentOut:
    """Figures and sentences; without a scope in the address that of the alert."""
    detail = query.incident(session, number, now)
    head = detail.incident
    given = {"q": q, "area": area, "since": since, "until": until}
    scope = {name: value for name, value in given.items() if value}
    scope = scope or default_scope(session, desk.index, head)
    found = figures(session, desk.index, scope, now=now)
    there = incidents.entries(session, number)
    proposal = assessment.propose_level(
        there, event_type=head.event_type, levels=in_force(session).rules.levels
    )
    made = assessment.draft(
        title=head.title,
        event_type=head.event_type,
        figures=found,
        entries=there,
        clocks=detail.clocks,
        proposal=proposal,
    )
    return AssessmentOut(
        at=now,
        scope=scope,
        figures=_figures(found),
        nature=made.nature,
        trend=made.trend,
        risk=made.risk,
        advice=made.advice,
        level=proposal.level,
        reasons=list(proposal.reasons),
    )
