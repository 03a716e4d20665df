"""通知渠道 on the desk: how each fares, and the test button."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console import words
from api.console.acting import go, perform
from api.console.forms import Form
from api.deps import DeskDep, Now, PageUser
from api.permissions import Action, require
from registry import channels, clock_skew
from registry.channels import Channel
from registry.errors import DeskError

router = APIRouter(include_in_schema=False)
_STATES = {
    channels.OK: ("ok", "正常", "ok"),
    channels.FAILING: ("blind", "发不出", "blind"),
    channels.UNTRIED: ("na", "还没发过", "na"),
}
_NAMES = {"console": "控制台通知", "apprise": "通知地址（apprise）"}


class ChannelView(Struct, frozen=True, kw_only=True):
    """What the templates need of one channel."""

    name: str
    title: str
    code: str
    word: str
    sign: str
    detail: str


def title_of(name: str) -> str:
    """What a channel is called."""
    return _NAMES.get(name, name)


def channel_views(session: Session, now: datetime) -> list[ChannelView]:
    """All channels, those that fail first."""
    views = [_view(channel, now) for channel in channels.everything(session)]
    return sorted(views, key=lambda view: (view.code != "blind", view.name))


def wrong_clock(session: Session, now: datetime) -> str:
    """What a banner says of a clock that is off; "" where it is right or nobody knows."""
    skew = clock_skew.measured(session, now=now)
    return f"{skew.sentence}。" if skew is not None and skew.off else ""


@router.post("/channels/test")
async def try_out(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """Send a test message; its outcome comes up among the notices."""

    def work(session: Session) -> Response:
        require(user, Action.TRY_CHANNEL)
        name = form.get("channel", "")
        channels.try_out(session, name, by=user.display_name or user.name, now=now)
        return go("/", "tested", anchor="h-channel")

    def again(session: Session, error: DeskError) -> Response:
        from api.console.pages import desk as desk_page

        return desk_page(request, session, user, error)

    return await perform(desk, work, again)


def _view(channel: Channel, now: datetime) -> ChannelView:
    code, word, sign = _STATES.get(channel.state, ("na", channel.state, "na"))
    parts = [f"只通知{'、'.join(channel.to)}"] if channel.to else []
    if channel.state == channels.FAILING:
        parts.append(f"自{words.when(channel.since, now)} 起连续 {channel.failures} 次没有送达")
        parts.append(channel.detail)
    elif channel.sent_at is not None:
        parts.append(f"上次发出 {words.when(channel.sent_at, now)}")
    return ChannelView(
        name=channel.name,
        title=title_of(channel.name),
        code=code,
        word=word,
        sign=sign,
        detail="；".join(part for part in parts if part),
    )
