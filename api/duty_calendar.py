"""The roster as a calendar that phones subscribe to: open by its own token, and by nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.deps import Now, Reading
from registry import duty_feeds, roster
from registry.duty import stretches
from registry.errors import NotFoundError

router = APIRouter(include_in_schema=False)
_BEFORE, _AHEAD = timedelta(days=31), timedelta(days=92)


@router.get("/duty.ics")
def calendar(
    session: Reading, now: Now, token: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """One month back, three ahead. An unknown or revoked token finds nothing."""
    feed = duty_feeds.for_token(session, token)
    if feed is None:
        raise NotFoundError("没有这份日历，或订阅已取消。请在值班表页重新订阅。")
    shown = [
        one
        for one in stretches(roster.shifts(session, now - _BEFORE, now + _AHEAD))
        if feed.scope == duty_feeds.ALL or one.shift.user == feed.user_id
    ]
    name = "值班表" if feed.scope == duty_feeds.ALL else "我的值班"
    return Response(
        duty_feeds.calendar(shown, name=name, now=now),
        media_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": 'inline; filename="duty.ics"',
            "Cache-Control": "private, no-store",
        },
    )
