"""What an alias would have hit (别名预览): counted over the posts of a day before it is kept.

Asked of the index, then of the matcher with that one name, which knows what follows a name that is
none (瑞丽杂志, 北京路); it works in a process of its own (:mod:`analyzer.alias_hits`). What longer
names of the gazetteer would cover is not taken off: the count is at most that much too high.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from analyzer.alias_hits import Asked, look_apart
from analyzer.scoring.text import analysed_text
from posts.index.port import PostIndex, Query
from posts.index.reading import newest
from posts.index.words import spell
from posts.model import ScoredPost
from registry.aliases import Kind
from registry.areas import Area
from registry.units import Unit

SPAN = timedelta(hours=24)
LOOKED_AT = 500
"""Of the newest posts that hold the alias so many are read."""

EXAMPLES = 5
_AROUND = 36
_MUCH, _LEAST_POSTS = 0.05, 50


class Example(Struct, frozen=True):
    """A post that would be hit: the words around, the hit itself, and what stands after it."""

    post_id: str
    before: str
    hit: str
    after: str
    source: str
    at: datetime


class Preview(Struct, frozen=True, kw_only=True):
    """What the alias hits among the posts of the last 24 hours.

    ``hits`` of the ``looked_at`` newest posts that hold the alias, out of ``holding``; ``fresh`` of
    them are found by it alone: not marked with the area or unit so far, or, of an alias that is
    kept already, by none of the other names. ``every`` is all posts of the day.
    """

    alias: str
    hits: int
    fresh: int
    looked_at: int
    holding: int
    every: int
    examples: tuple[Example, ...]
    warnings: tuple[str, ...]


def preview(
    index: PostIndex, kind: Kind, target: Area | Unit, alias: str, *, now: datetime
) -> Preview:
    """Count what the alias would hit. Reads the index, changes nothing."""
    since = now - SPAN
    query = Query(text=spell(all_of=(alias,)), since=since)
    key = target.id if isinstance(target, Unit) else target.code
    is_kept = alias in target.aliases
    read = list(newest(index, query, limit=LOOKED_AT))
    told = look_apart(
        Asked(
            kind=kind,
            alias=alias,
            others=tuple(one for one in (target.name, *target.aliases) if one != alias),
            texts=tuple(analysed_text(scored.post) for scored in read),
        )
    )
    found: list[tuple[ScoredPost, int, int]] = []
    fresh = 0
    for scored, place in zip(read, told.places, strict=True):
        if place is not None:
            start, end, alone = place
            found.append((scored, start, end))
            marked = scored.units if kind == "unit" else scored.areas
            fresh += alone if is_kept else key not in marked
    every = index.count(Query(since=since))
    return Preview(
        alias=alias,
        hits=len(found),
        fresh=fresh,
        looked_at=len(read),
        holding=index.count(query),
        every=every,
        examples=tuple(_example(*one) for one in found[:EXAMPLES]),
        warnings=_warnings(
            kind,
            alias,
            ordinary=told.ordinary,
            share=len(found) / every if every >= _LEAST_POSTS else 0,
        ),
    )


def warnings(kind: Kind, alias: str) -> tuple[str, ...]:
    """What the word itself says against the alias, in Chinese."""
    return _warnings(kind, alias, ordinary=look_apart(Asked(kind, alias)).ordinary)


def _warnings(kind: Kind, alias: str, *, ordinary: bool, share: float = 0.0) -> tuple[str, ...]:
    said = []
    if ordinary:
        said.append(
            f"“{alias}”是常用词，不相干的帖文也会算进来。"
            f"建议写得更具体，例如前面加上{'地名' if kind == 'area' else '单位名'}。"
        )
    if share >= _MUCH:
        said.append(f"它会命中过去 24 小时全部帖文的 {share:.0%}，多半太宽。")
    return tuple(said)


def _example(scored: ScoredPost, start: int, end: int) -> Example:
    text = analysed_text(scored.post)
    first, last = max(0, start - _AROUND), end + _AROUND
    return Example(
        post_id=scored.post.id,
        before=("……" if first else "") + _flat(text[first:start]),
        hit=text[start:end],
        after=_flat(text[end:last]) + ("……" if last < len(text) else ""),
        source=scored.post.source,
        at=scored.post.published_at,
    )


def _flat(text: str) -> str:
    return text.replace("\n", " ")
