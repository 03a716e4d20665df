"""How well the events of a file fit events that people put together by reading (事件评估)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from msgspec import Struct


class Fit(Struct, frozen=True):
    """Means over the events given, each against its best cluster; all within 0 and 1."""

    events: int
    posts: int
    recall: float
    precision: float

    @property
    def f(self) -> float:
        """The harmonic mean of the mean recall and the mean precision."""
        both = self.recall + self.precision
        return 2 * self.recall * self.precision / both if both else 0.0


def fit(found: Mapping[Any, Hashable | None], events: Mapping[str, Sequence[Any]]) -> Fit:
    """``found`` has the cluster of each post (None: none), ``events`` the posts of each event.

    The best cluster of an event is that with the highest F of the two; where no post of it is in
    any, both count 0. Posts of no event that a cluster holds count against its precision.
    """
    sizes = Counter(cluster for cluster in found.values() if cluster is not None)
    recalls, precisions = 0.0, 0.0
    for posts in events.values():
        shared = Counter(cluster for one in posts if (cluster := found.get(one)) is not None)
        best = max(
            ((n / len(posts), n / sizes[cluster]) for cluster, n in shared.items()),
            key=lambda pair: 2 * pair[0] * pair[1] / (pair[0] + pair[1]),
            default=(0.0, 0.0),
        )
        recalls += best[0]
        precisions += best[1]
    count = max(1, len(events))
    return Fit(len(events), sum(map(len, events.values())), recalls / count, precisions / count)


def table(rows: Sequence[tuple[str, Fit]]) -> list[str]:
    """The figures as lines of Markdown."""
    lines = [
        "| 事件 | 事件数 | 帖数 | 宏平均召回率 | 宏平均精确率 | 调和平均 |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {one.events} | {one.posts} | {one.recall:.3f} | {one.precision:.3f} "
        f"| {one.f:.3f} |"
        for name, one in rows
    ]
    return lines
