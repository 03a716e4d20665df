"""What a check of an engine found (检查结论): what, where, how it is, and what to do about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from msgspec import Struct

State = Literal["ok", "warn", "bad"]

_NOTICED, _WRONG = timedelta(seconds=2), timedelta(seconds=60)
_ROOM_WARN, _ROOM_BAD = 0.15, 0.05


class Finding(Struct, frozen=True):
    """One thing that was looked at. ``sentence`` says how it is, ``todo`` what a person does."""

    state: State
    what: str
    sentence: str
    where: str = ""
    todo: str = ""


def of_clock(what: str, where: str, ahead: timedelta) -> Finding:
    """How far the clock of that engine is ahead of ours (negative: behind)."""
    seconds = abs(ahead).total_seconds()
    if abs(ahead) < _NOTICED:
        return Finding("ok", what, f"与本机相差 {seconds:.1f} 秒", where)
    way = "快" if ahead > timedelta(0) else "慢"
    state: State = "bad" if abs(ahead) >= _WRONG else "warn"
    return Finding(
        state,
        what,
        f"比本机{way} {seconds:.0f} 秒",
        where,
        "两台机器都校准时钟（NTP，如 chronyc tracking）；时限以本机时钟为准，先查本机",
    )


def of_room(what: str, where: str, free: int, total: int) -> Finding:
    """How much room is left on a disk of so many bytes."""
    sentence = f"剩余 {free / 1e9:.1f} GB，共 {total / 1e9:.1f} GB"
    share = free / total if total else 0.0
    if share >= _ROOM_WARN:
        return Finding("ok", what, sentence, where)
    state: State = "bad" if share < _ROOM_BAD else "warn"
    return Finding(state, what, sentence, where, "清理或扩大这台机器的磁盘，满了就写不进去")
