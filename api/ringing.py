"""How often a rule would have rung, for page and API: some seconds of reading, two at a time."""

from __future__ import annotations

from datetime import datetime

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from analyzer.grouping.rings import Rings, rings
from posts.index.port import PostIndex
from registry.alert_rules import AlertRule

_AT_ONCE = CapacityLimiter(2)  # each reads up to 100,000 posts; pages must not wait behind them


async def would_ring(index: PostIndex, rule: AlertRule, *, now: datetime) -> Rings:
    """Over the last seven days. No session of the database is held meanwhile."""
    return await run_sync(lambda: rings(index, rule, now=now), limiter=_AT_ONCE)
