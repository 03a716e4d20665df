"""An incident with all that its page can show: orders, claims, a proposal of a level, and more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from registry import channels, units
from registry.units import Unit
from registry.users import Role
from responder import erasure_requests, incidents, rulebook, signing
from responder.drafts import draft
from responder.rules import desk as desk_rules

if TYPE_CHECKING:
    from support.api import MadeDesk

LAW = {"reason": "事件中收集的个人信息", "clause": "应对法第八十五条"}


def adopt_desk_rules(desk: MadeDesk) -> None:
    """The rules of the service, R4 to R9 too; for the incidents that are opened after it."""
    with desk.database.transaction() as session:
        rulebook.adopt(session, desk_rules(), who="系统", now=desk.clock())


def fill_matters(desk: MadeDesk, incident: int) -> int:
    """More on that incident; gives another one that has no level and numbers that suggest one."""
    now = desk.clock()
    duty, security = desk.people[Role.DUTY_OFFICER], desk.people[Role.SECURITY]
    ago = (now - timedelta(minutes=25)).isoformat()
    started = (now - timedelta(hours=5)).isoformat()
    proof = {"channel": "县政府网站", "url": "https://county.example/1", "signer": "段明远"}
    bodies: tuple[dict[str, Any], ...] = (
        {"type": "assigned", "lead": "县交通运输局", "support": ["县公安局"]},
        {"type": "may_grow", "reason": "坡体仍在变形", "signer": "值班员甲"},
        {"type": "order", "number": "12345-0071", "kind": "咨询", "text": "何时通车"},
        {"type": "false_claim", "text": "网传“口岸关闭一个月”", "at": ago},
        {"type": "release", "status": "published", "title": "通报", "at": ago, "evidence": proof},
    )
    wrong: dict[str, Any] = {
        "type": "correction",
        "target": 2,
        "value": started,
        "reason": "以监控时间为准",
    }
    wrong |= {"evidence": {"source": "监控录像"}}
    not_needed = {"type": "not_applicable", "rule": "R2", "reason": "上级召开", "clause": "3.3.5"}
    with desk.database.transaction() as session:
        units.put(session, Unit(id="traffic", name="县交通运输局", head="杨局长"))
        channels.announce(session, {"wecom": "apprise", "console": "console"}, now=now)
        channels.report(session, "wecom", failure="对方超时未答", now=now)
        for body in bodies:
            incidents.add(session, incident, draft(body, by="值班员甲", now=now), now=now)
        for body in (wrong, not_needed):
            entry = draft(body, by="值班员甲", now=now)
            signing.propose(session, incident, entry, by=duty, now=now)
        asked = erasure_requests.Request(entries=(f"{incident}#1",), **LAW)
        erasure_requests.propose(session, asked, by=security, now=now)
        made = incidents.open_incident(
            session, title="弄坝水库清淤工地坍塌", by="值班员甲", now=now, event_type="事故灾难"
        )
        for text, status in (("致死亡12人，重伤9人。", "已确认"), ("直接经济损失2亿元", "待核实")):
            fact = draft({"type": "fact", "text": text, "status": status}, by="值班员甲", now=now)
            incidents.add(session, made.id, fact, now=now)
    return made.id
