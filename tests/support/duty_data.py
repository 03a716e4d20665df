"""A roster with all on it: day and night, a stand-in, a swap asked for, a silence, a list."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from registry import duty_feeds, handovers, roster, silences, swaps
from registry.duty import DutyRole, Hours, Kind
from registry.users import Role
from responder.handover_list import checklist

if TYPE_CHECKING:
    from support.api import MadeDesk

ROTA = ("zhiban", "yanpan", "guanli")


def fill_duty(desk: MadeDesk) -> None:
    """This week's roster, with a gap tomorrow night."""
    now, hours = desk.clock(), Hours()
    today, _, start, end = hours.current(now)
    monday = today - timedelta(days=today.weekday())
    with desk.database.transaction() as session:
        made = {}
        for number in range(14):
            for offset, kind in enumerate((Kind.DAY, Kind.NIGHT)):
                day = monday + timedelta(days=number)
                if (day, kind) == (today + timedelta(days=1), Kind.NIGHT):
                    continue
                made[day, kind] = roster.plan(
                    session,
                    day=day,
                    kind=kind,
                    role=DutyRole.OFFICER,
                    name=ROTA[(number + offset) % 3],
                    by="排班人",
                    now=now,
                    hours=hours,
                )
            roster.plan(
                session,
                day=monday + timedelta(days=number),
                kind=Kind.MAJOR,
                role=DutyRole.LEADER,
                name="lingdao",
                by="排班人",
                now=now,
                hours=hours,
            )
        running = next(one for one in made.values() if one.starts_at == start)
        if end - now > timedelta(minutes=20):
            roster.override(
                session,
                name="anquan",
                by="排班人",
                now=now,
                replaces=running.id,
                start=now + timedelta(minutes=10),
                end=end - timedelta(minutes=5),
                note="开会",
            )
        ahead = [one for one in made.values() if one.starts_at > now + timedelta(days=2)]
        mine = next(one for one in ahead if one.name == "值班员甲")
        theirs = next(one for one in ahead if one.name == "研判员甲")
        duty, analyst = desk.people[Role.DUTY_OFFICER], desk.people[Role.ANALYST]
        swaps.ask(session, shift=theirs.id, other=mine.id, by=analyst.id, now=now, reason="家事")
        duty_feeds.issue(session, duty.id, now=now)
        silences.add(
            session,
            word="停电检修",
            until=now + timedelta(hours=3),
            owner="值班员甲",
            reason="供电公司已公告",
            now=now,
        )
        handovers.prepare(
            session,
            by=analyst.id,
            note="停水一事等水厂答复，14 点前催一次。",
            body=checklist(session, now),
            now=now,
        )
