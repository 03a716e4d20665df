"""What early warning counts by, what it finds, and what of it is kept over a restart."""

from __future__ import annotations

import msgspec
from msgspec import Struct, field

from analyzer.warning.matters import Kept
from analyzer.warning.rhythm import Rhythm
from analyzer.warning.series import Point, Series, Spread, Unusual

_VERSION = 1


class Key(Struct, frozen=True, array_like=True):
    """What a series counts: a code of a division, a topic, and an event or ""."""

    area: str
    topic: str
    event: str = ""

    @property
    def text(self) -> str:
        """One string for it."""
        return f"{self.area}\x1f{self.topic}\x1f{self.event}"


class Crossing(Struct, frozen=True, kw_only=True):
    """A series that is unusual, with the posts that are known by id, newest last."""

    key: Key
    found: Unusual
    points: tuple[Point, ...]
    also: tuple[Key, ...] = ()


class State(Struct):
    """All that is kept over a restart."""

    v: int = _VERSION
    rhythm: Rhythm = field(default_factory=Rhythm)
    pool: Spread = field(default_factory=Spread)
    series: dict[str, Series] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    matters: Kept = field(default_factory=Kept)


def encode(state: State) -> bytes:
    """The state as bytes."""
    return msgspec.msgpack.encode(state)


def decode(body: bytes | None) -> State | None:
    """The state; None where there is none, or it can't be read."""
    if body is None:
        return None
    try:
        state = msgspec.msgpack.decode(body, type=State)
    except msgspec.MsgspecError:
        return None
    return state if state.v == _VERSION else None
