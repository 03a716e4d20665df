"""Notices stages that live but get nowhere (停摆), by the beats that their own steps give.

Silence is measured with the machine's monotonic clock, from when a beat was first seen: neither a
clock that is set nor a machine that slept looks like silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

import psutil
import structlog

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
_ALL_AFTER = 5  # times the silence, with a database that nobody can write: end them all the same
NAMES = {"serve": "网页服务", "analyze": "分析", "respond": "响应与提醒", "crawl": "采集"}


class Ward(Protocol):
    """What the watchdog sees of the supervisor."""

    def pids(self) -> dict[str, int]:
        """The running stages and their processes."""

    def put_down(self, name: str, *, reason: str) -> None:
        """End that stage at once; it is started again and stays ``hung`` until it beats."""


class Watchdog:
    """Looked at about five times a second; looks itself once a second.

    ``beats`` gives each stage's last beat (raises where the database can't be read), ``writable``
    says whether the database takes a write just now.
    """

    def __init__(
        self,
        ward: Ward,
        *,
        beats: Callable[[], Mapping[str, datetime | None]],
        writable: Callable[[], bool],
        tell: Callable[[str, str, str], None],
        silent_s: float = 60.0,
        names: Iterable[str] = tuple(NAMES),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ward = ward
        self._beats = beats
        self._writable = writable
        self._tell = tell
        self._silent_s = silent_s
        self._monotonic = monotonic
        start = monotonic()
        self._seen: dict[str, tuple[datetime | None, float]] = dict.fromkeys(names, (None, start))
        self._put_down_at: dict[str, float] = {}
        self._told: set[str] = set()
        self._next_at = 0.0
        self._episode = 0

    @property
    def well(self) -> bool:
        """Whether the responder ticks: it was seen to, and not long ago."""
        beat, since = self._seen.get("respond", (None, 0.0))
        return beat is not None and self._monotonic() - since < self._silent_s

    def look(self) -> None:
        """See who is silent; tell, and end those that hang."""
        now = self._monotonic()
        if now < self._next_at:
            return
        self._next_at = now + LOOK_EVERY_S
        beats = self._beats()
        for name, (known, since) in self._seen.items():
            beat = beats.get(name)
            if beat != known:
                self._seen[name] = (beat, now)
                self._recovered(name)
                continue
            if now - since >= self._silent_s:
                self._silent(name, now - since)

    def _silent(self, name: str, seconds: float) -> None:
        title = NAMES.get(name, name)
        if name not in self._told:
            self._told.add(name)
            self._episode += 1
            log.error("stage_hung", name=name, silent_s=round(seconds))
            self._tell(
                f"hung:{name}:{self._episode}",
                f"舆情台：“{title}”停摆",
                f"【停摆】“{title}”已 {seconds:.0f} 秒没有进展，正在强行重启。"
                + ("这期间提醒可能发不出，请人工留意各条时限。" if name == "respond" else ""),
            )
        now = self._monotonic()
        last = self._put_down_at.get(name)
        if last is not None and now - last < self._silent_s:
            return  # the new one has as long to show itself
        pid = self._ward.pids().get(name)
        if pid is None:
            return  # it ended by itself and is being started again
        if not self._writable():
            # Everybody is silent then. Only who is frozen, and may hold the lock, is ended.
            if not _frozen(pid) and seconds < _ALL_AFTER * self._silent_s:
                return
            log.error("database_held", name=name)
        self._put_down_at[name] = now
        self._ward.put_down(name, reason=f"已 {seconds:.0f} 秒没有进展，强行重启")

    def _recovered(self, name: str) -> None:
        self._put_down_at.pop(name, None)
        if name in self._told:
            self._told.discard(name)
            title = NAMES.get(name, name)
            key = f"back:{name}:{self._episode}"
            self._tell(key, f"舆情台：“{title}”恢复", f"【恢复】“{title}”又在运行了。")


def _frozen(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False
