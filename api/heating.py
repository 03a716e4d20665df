"""Heat of a candidate at an instant, for JSON and for pages: from what grouping counted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from analyzer.grouping.heat import Counts, Heat, heat
from registry.events import Candidate

_NUMBERS = ("posts", "copies", "sources", "reposts", "comments", "likes", "reads")


def heat_of(one: Candidate, now: datetime) -> Heat:
    """The heat now, which has fallen since it was stored; with factors and version."""
    return heat(counts_of(one.body, one.newest_at), now)


def counts_of(body: dict[str, Any], newest: datetime) -> Counts:
    """What heat is computed from; what is missing counts 0."""
    numbers = {field: int(body.get(field, 0)) for field in _NUMBERS}
    hours = {int(hour): int(number) for hour, number in body.get("hours", {}).items()}
    return Counts(**numbers, hours=hours, newest=newest)
