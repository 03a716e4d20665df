"""Early warning: posts a second, with the series of a county's desk."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from analyzer.warning.series import Point
from analyzer.warning.state import Key, encode
from analyzer.warning.watch import Watch

_POSTS = 60_000
_A_DAY = 5_000
_DAY_S = 86_400


def bench() -> Iterator[str]:
    """Posts a second through counting and judging, and how large the state becomes."""
    rng = random.Random(1)
    keys = [
        [Key("5331", topic), Key(f"53310{place}", topic)]
        for place in range(1, 6)
        for topic in ("accident", "water", "wages", ":negative", ":appeal")
    ]
    watch = Watch(per_day=1.0)
    at = 1_700_000_000.0
    begin = time.perf_counter()
    for number in range(_POSTS):
        at += rng.expovariate(_A_DAY / _DAY_S)
        watch.count(Point(at, str(number), "bench"), rng.choice(keys) if number % 5 == 0 else [])
        watch.crossings()
    spent = time.perf_counter() - begin
    yield f"{_POSTS / spent:,.0f} posts/s, one in five in the own area, told post by post"
    yield f"state {len(encode(watch.state())) / 1024:.0f} KiB, {len(watch.series)} series"
