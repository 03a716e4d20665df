"""Builders of posts for all tests: say what matters, the rest is a plain valid value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from posts.identity import filed_month, pack_version, post_id
from posts.model import LocalityHit, Post, Score, ScoredPost, Sentiment, Signal

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 Asia/Shanghai, a Monday


def make_post(native: str = "1", *, source: str = "petitions", **fields: Any) -> Post:
    """A post of that source and native id; ``published_at`` also sets when it was first seen."""
    published = fields.pop("published_at", NOON)
    seen = fields.pop("first_seen_at", published)
    return Post(
        **{
            "id": post_id(source, native),
            "source": source,
            "kind": "mailbox",
            "title": "关于小区停水的问题",
            "text": "小区已经停水三天了，请有关部门尽快处理。",
            "published_at": published,
            "first_seen_at": seen,
            "version": pack_version(seen),
            "filed_month": filed_month(seen),
            **fields,
        }
    )


def make_scored(
    native: str = "1",
    *,
    sentiment: Sentiment = Sentiment.NEGATIVE,
    areas: Sequence[str] = (),
    localities: Sequence[LocalityHit] = (),
    units: Sequence[str] = (),
    scored_at: datetime | None = None,
    **fields: Any,
) -> ScoredPost:
    """A scored post; what is not named here goes to :func:`make_post`."""
    return score_post(
        make_post(native, **fields),
        sentiment=sentiment,
        areas=areas,
        localities=localities,
        units=units,
        scored_at=scored_at,
    )


def score_post(
    post: Post,
    *,
    sentiment: Sentiment = Sentiment.NEGATIVE,
    areas: Sequence[str] = (),
    localities: Sequence[LocalityHit] = (),
    units: Sequence[str] = (),
    scored_at: datetime | None = None,
) -> ScoredPost:
    """That post with a score whose probabilities fit the sentiment."""
    p_negative = {Sentiment.NEGATIVE: 0.9, Sentiment.POSITIVE: 0.05}.get(sentiment, 0.3)
    p_positive = {Sentiment.POSITIVE: 0.9, Sentiment.NEGATIVE: 0.05}.get(sentiment, 0.3)
    return ScoredPost(
        post=post,
        score=Score(
            p_negative=p_negative,
            p_positive=p_positive,
            p_appeal=None,
            sentiment=sentiment,
            scorer="trivial",
        ),
        localities=tuple(localities),
        areas=tuple(areas),
        units=tuple(units),
        scored_at=scored_at or post.first_seen_at,
    )


def make_signal(fingerprint: str = "rule-1:停水", **fields: Any) -> Signal:
    """A signal of one crossed window that ended at ``window_end`` (default NOON)."""
    end = fields.pop("window_end", NOON)
    return Signal(
        **{
            "id": f"{fingerprint}@{end.isoformat()}",
            "rule": "rule-1",
            "fingerprint": fingerprint,
            "title": "停水",
            "reason": "1 小时内 5 条，达到 5 条",
            "heat": "yellow",
            "count": 5,
            "threshold": 5,
            "window_start": end,
            "window_end": end,
            "first_post_at": end,
            "newest_post_at": end,
            "newest_arrival_at": end,
            "created_at": end,
            **fields,
        }
    )
