"""A post as the console shows it (帖文): runs of text, never markup."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from api.console import words
from api.console.copy_notes import CopyNote
from posts.model import Certainty, HitCertainty, ScoredPost

_SNIPPET = 140
Runs = tuple[tuple[str, bool], ...]


class HitView(Struct, frozen=True):
    """A place that was read out of the text."""

    text: str
    name: str
    why: str
    uncertain: bool


class PostView(Struct, frozen=True, kw_only=True):
    """What the templates need of one post."""

    id: str
    title: str
    runs_title: Runs
    runs: Runs
    rest: str
    source: str
    kind: str
    time: str
    places: str
    url: str | None
    sentiment: str
    p_negative: str
    p_positive: str
    p_appeal: str
    scorer: str
    hits: tuple[HitView, ...]
    copies: CopyNote | None = None


def post_view(
    scored: ScoredPost,
    now: datetime,
    *,
    sources: Mapping[str, str],
    fragments: Sequence[tuple[str, bool]] = (),
    marked: Collection[str] = (),
    copies: CopyNote | None = None,
) -> PostView:
    """One post; ``sources`` names the sources, ``fragments`` are the runs that a search found.

    ``marked``: words to mark where there are no fragments, such as those of an alert's rule.
    ``copies``: what is said of its copies.
    """
    post, score = scored.post, scored.score
    matched = {text for text, is_match in fragments if is_match and text} or set(marked)
    title = post.title or _cut(post.text, 40) or "（无标题）"
    runs = tuple(fragments) or mark(_cut(post.text, _SNIPPET), matched) or (("", False),)
    whole = "".join(text for text, _ in runs).strip()
    return PostView(
        id=post.id,
        title=title,
        runs_title=mark(title, matched),
        runs=runs,
        rest=post.text if post.text.strip() not in {"", whole} else "",
        source=sources.get(post.source, post.source),
        kind=words.kind(post.kind),
        time=_time(post.published_at, post.certainty, now),
        places="、".join(
            dict.fromkeys(hit.name for hit in scored.localities if hit.certainty == "sure")
        ),
        url=post.url,
        sentiment=str(score.sentiment),
        p_negative=f"{score.p_negative:.2f}",
        p_positive=f"{score.p_positive:.2f}",
        p_appeal="" if score.p_appeal is None else f"{score.p_appeal:.2f}",
        scorer=score.scorer,
        hits=tuple(
            HitView(hit.text, hit.name, hit.why, hit.certainty is HitCertainty.UNCERTAIN)
            for hit in scored.localities[:12]
        ),
        copies=copies,
    )


def mark(text: str, matched: set[str]) -> Runs:
    """The text in runs, those that occur in ``matched`` marked; longer words first."""
    runs: list[tuple[str, bool]] = []
    longest_first = sorted(matched, key=len, reverse=True)
    plain = at = 0
    while at < len(text):
        hit = next((word for word in longest_first if text.startswith(word, at)), None)
        if hit is None:
            at += 1
            continue
        if plain < at:
            runs.append((text[plain:at], False))
        runs.append((hit, True))
        at += len(hit)
        plain = at
    if plain < len(text):
        runs.append((text[plain:], False))
    return tuple(runs)


def _time(at: datetime, certainty: Certainty, now: datetime) -> str:
    if certainty is Certainty.DAY:
        return f"{words.day(at, now)}（只知日期）"
    said = words.when(at, now)
    return f"{said}（按首见估计）" if certainty is Certainty.ESTIMATED else said


def _cut(text: str, length: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else f"{flat[:length]}……"
