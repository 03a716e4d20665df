"""The parts of scoring alone: scorers against each other, places at two sizes of name lists."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence

import psutil

from analyzer import sentiment
from analyzer.locality import Matcher
from registry import gazetteer
from registry.areas import Area

OWN = Area(code="5331", name="德宏傣族景颇族自治州", level="city", parent="53", own=True)
LENGTH = 200
TEXTS = 10_000
_PARTS = "小区连续停水三天，物业没有人管，希望有关部门尽快处理；施工噪音到凌晨，孩子睡不好觉。"
_PLACES = ("瑞丽市", "云南", "朝阳区", "城关镇", "太平")


def bench() -> Iterator[str]:
    """Lines with the figures."""
    texts = make_texts(TEXTS)
    divisions = gazetteer.load()  # towns stand last: the first 3,000 are what is above them
    for size in (3_000, len(divisions)):
        before = psutil.Process().memory_info().rss
        began = time.perf_counter()
        matcher = Matcher(divisions[:size], [OWN])
        built = time.perf_counter() - began
        grown = (psutil.Process().memory_info().rss - before) / 1024**2
        plain = rate(lambda some, m=matcher: [m.find(text) for text in some], texts)
        cost = f"built in {built * 1000:.0f} ms, {grown:.0f} MB"
        yield f"places, {size:,} divisions: {plain:,.0f} posts/s; {cost}"
    trivial = rate(lambda some: sentiment.load("trivial").score(some), texts)
    snownlp = rate(sentiment.load("snownlp").score, texts[:70])
    yield f"trivial: {trivial:,.0f} posts/s; snownlp: {snownlp:,.0f} posts/s"
    yield f"  trivial is {trivial / snownlp:,.0f} times as fast; {LENGTH} characters a post"


def make_texts(count: int) -> list[str]:
    """Texts of 200 characters with a place in every second one."""
    dice = random.Random(3)
    texts = []
    for _ in range(count):
        at = dice.randrange(len(_PARTS))
        body = ((_PARTS[at:] + _PARTS) * 6)[:LENGTH]
        place = dice.choice(_PLACES) if dice.random() < 1 / 2 else ""
        cut = dice.randrange(LENGTH)
        texts.append((body[:cut] + place + body[cut:])[:LENGTH])
    return texts


def rate(call: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    """Texts a second, the best of three runs."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        call(texts)
        best = min(best, time.perf_counter() - began)
    return len(texts) / best
