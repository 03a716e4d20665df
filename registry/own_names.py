"""An area and a unit as people keep them: plain values, for those who need no database."""

from __future__ import annotations

from msgspec import Struct


class Area(Struct, frozen=True, kw_only=True):
    """A division: ``code`` and ``parent`` of the gazetteer, ``own`` where this office answers."""

    code: str
    name: str
    level: str
    parent: str | None = None
    own: bool = False
    aliases: tuple[str, ...] = ()


class Unit(Struct, frozen=True, kw_only=True):
    """A unit. Its head is 第一新闻发言人 (``head``: the name as it is shown)."""

    id: str
    name: str
    kind: str = ""
    parent: str | None = None
    head: str = ""
    aliases: tuple[str, ...] = ()
