"""What the service says of itself: all is well, once a day; the clock is wrong (平安与时钟)."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from registry import channels, clock_skew, outbox, stages
from registry.db import Session

KIND = "service"
LATEST = timedelta(hours=2)  # a 平安 that comes later than this says nothing of the morning
_LOOK_EVERY_S = 60.0
_SHANGHAI = ZoneInfo("Asia/Shanghai")


class WellBeing:
    """Looks once a minute; writes into the outbox, so that the whole way out is what is proved."""

    def __init__(self, all_well_at: str) -> None:
        self._all_well_at = all_well_at
        self._looked_at: float | None = None

    def look(self, session: Session, *, now: datetime) -> int:
        """Put what is to be said; returns how many messages that were."""
        tick = time.monotonic()
        if self._looked_at is not None and tick - self._looked_at < _LOOK_EVERY_S:
            return 0
        self._looked_at = tick
        return all_well(session, at=self._all_well_at, now=now) + wrong_clock(session, now=now)


def all_well(session: Session, *, at: str, now: datetime) -> int:
    """The daily 平安 at ``HH:MM``, once for each channel but the console; "" is never."""
    if not at:
        return 0
    hour, minute = map(int, at.split(":"))
    local = now.astimezone(_SHANGHAI)
    planned = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if not timedelta(0) <= local - planned < LATEST:
        return 0
    troubled = [one.name for one in stages.everything(session) if one.state != "running"]
    state = f"环节 {'、'.join(troubled)} 不在运行，请查看控制台" if troubled else "各环节运行正常"
    text = f"【平安】舆情台 {local:%m-%d %H:%M}：{state}。哪天没收到这一条，请检查服务和渠道。"
    key = f"all-well:{local:%Y-%m-%d}"
    return _put(session, key, "舆情台平安", text, now=now, skip=("console",))


def wrong_clock(session: Session, *, now: datetime) -> int:
    """A clock that is off by more than a minute, once a day for each channel."""
    skew = clock_skew.measured(session, now=now)
    if skew is None or not skew.off:
        return 0
    key = f"clock:{now.astimezone(_SHANGHAI):%Y-%m-%d}"
    return _put(session, key, "本机时钟不准", f"【时钟】{skew.sentence}。", now=now)


def _put(
    session: Session,
    key: str,
    title: str,
    text: str,
    *,
    now: datetime,
    skip: tuple[str, ...] = (),
) -> int:
    return sum(
        outbox.put(
            session,
            kind=KIND,
            key=f"{key}:{channel.name}",
            payload={"title": title, "text": text, "channel": channel.name},
            due_at=now,
            now=now,
        )
        for channel in channels.everything(session)
        if channel.name not in skip
    )
