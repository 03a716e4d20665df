"""The whole path of ``yuqing score`` on one core, its parts, its start and its memory.

Lines of JSON in, all heads, places by the whole gazetteer, units, lines of JSON out; beside it
SnowNLP and jieba on the same posts in the same run. Rates are posts for each second that a core
worked for us; the best of several turns counts, for all alike, so that other work on the machine
counts little.
"""

from __future__ import annotations

import gc
import gzip
import importlib
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from analyzer import sentiment
from analyzer.locality import Matcher
from analyzer.score_filter import LineFilter, encode_lines
from analyzer.units import UnitMatcher
from registry import gazetteer
from registry.own_names import Area, Unit
from tests.bench import _commands, _goals
from yuqing.commands.score_input import BLOCK

OWN = Area(code="5331", name="德宏傣族景颇族自治州", level="city", parent="53", own=True)
LENGTH = 200
POSTS = 30_000
TURNS = 3  # what follows in the file is cut short
SLOW = 100
STARTS = 5
GOAL = 40_000
TIMES = 500
START = 1.0
MEMORY = 250
DOUBTFUL = "瑞丽发生事故，希望有关部门尽快处理。"
"""A post with a short name of a place, at which the word list is asked."""
_PARTS = "小区连续停水三天，物业没有人管，希望有关部门尽快处理；施工噪音到凌晨，孩子睡不好觉。"
_PLACES = ("瑞丽市", "云南", "朝阳区", "城关镇", "太平")
_UNITS = (
    "城市管理局",
    "公安局",
    "教育局",
    "卫生健康委员会",
    "住房和城乡建设局",
    "疾病预防控制中心",
)


def bench() -> Iterator[str]:
    """Lines with the figures."""
    texts, said = some_texts(TURNS * POSTS)
    yield f"{len(texts):,} posts, {sum(map(len, texts)) / len(texts):.0f} characters each ({said})"
    lines = [msgspec.json.encode({"id": at, "text": text}) + b"\n" for at, text in enumerate(texts)]
    matcher = Matcher(gazetteer.load(), [OWN])
    units = UnitMatcher([Unit(id=name, name=name) for name in _UNITS])
    scorer = sentiment.load("ngram")
    split = dict.fromkeys(("heads", "places", "units"), 0.0)
    gc.freeze()  # both as the command does
    gc.set_threshold(50_000)
    judge = LineFilter(scorer, matcher, units)
    # Fresh posts at each turn: places remember the words that they have met.
    turns = [lines[at : at + POSTS] for at in range(0, len(lines), POSTS)]
    fast = max(
        rate(lambda some: _answer(judge, some), turn, part=_per_block(turn), rounds=1)
        for turn in turns
    )
    alone = rate(lambda some: [_answer(judge, [line]) for line in some], lines[:1000])
    timed: list[Any] = [
        _Timed(split, "heads", scorer, "score"),
        _Timed(split, "places", matcher, "find_many"),
        _Timed(split, "units", units, "find_many"),
    ]
    began = time.process_time()
    rate(lambda some: _answer(LineFilter(*timed), some), turns[-1], part=_per_block(lines))
    took = time.process_time() - began
    snownlp = rate(sentiment.load("snownlp").score, texts[:SLOW], part=5)
    yield (
        f"JSON to JSON, blocks of {BLOCK // 1024} KB: {fast:,.0f} posts/s{_goals.least(fast, GOAL)}"
    )
    yield f"  one post at a call: {alone:,.0f} posts/s"
    rest = took - sum(split.values())
    parts = ", ".join(f"{name} {100 * part / took:.0f} %" for name, part in split.items())
    yield f"  of it: {parts}, JSON and the rest {100 * rest / took:.0f} %"
    yield f"snownlp, one head alone: {snownlp:,.0f} posts/s"
    times = fast / snownlp
    yield f"  the whole path is {times:,.0f} times as fast{_goals.least(times, TIMES)}"
    cut = _jieba(texts[:1000])
    yield (
        f"jieba, cutting alone: {cut:,.0f} posts/s; {fast / cut:,.0f} times" if cut else "no jieba"
    )
    yield from _process(turns[0])


def _per_block(lines: Sequence[bytes]) -> int:
    return max(1, BLOCK * len(lines) // sum(map(len, lines)))


def _answer(judge: LineFilter, lines: Sequence[bytes]) -> bytes:
    judged, bad = judge.answers(b"".join(lines).removesuffix(b"\n").split(b"\n"))
    if bad:
        raise AssertionError(bad[0].message)
    return encode_lines(judged)


class _Timed:
    """Stands for something and adds up the time of one of its methods."""

    def __init__(self, split: dict[str, float], name: str, inner: object, method: str) -> None:
        call = getattr(inner, method)

        def timed(*args: Any) -> Any:
            began = time.process_time()
            try:
                return call(*args)
            finally:
                split[name] += time.process_time() - began

        setattr(self, method, timed)


def _jieba(texts: list[str]) -> float:
    try:
        jieba = importlib.import_module("jieba")
    except ImportError:
        return 0.0
    jieba.setLogLevel("ERROR")
    jieba.initialize()
    return rate(lambda some: [jieba.lcut(text) for text in some], texts)


def _process(lines: list[bytes]) -> Iterator[str]:
    """The command itself: its start, and its memory over few and over many posts."""
    doubtful = msgspec.json.encode({"id": 0, "text": DOUBTFUL}) + b"\n"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "posts.jsonl"
        for what, line in (("a first post", lines[0]), ("one that asks the word list", doubtful)):
            file.write_bytes(line)
            first, cpu, peak = map(
                min, zip(*(_commands.run("score", file) for _ in range(STARTS)), strict=True)
            )
            yield (
                f"start to the answer to {what}: {first:.2f} s, {cpu:.2f} s of a core"
                f"{_goals.most(cpu, START)}; {peak:.0f} MB"
            )
        peaks = []
        for times in (1, 10):
            with file.open("wb") as out:
                for _ in range(times):
                    out.writelines(lines)
            peaks.append(_commands.run("score", file)[2])
        few, many = len(lines), 10 * len(lines)
        yield (
            f"memory at most: {few:,} posts {peaks[0]:.0f} MB, {many:,} {peaks[1]:.0f} MB"
            f"{_goals.most(max(peaks), MEMORY)}"
        )


def some_texts(count: int) -> tuple[list[str], str]:
    """Real posts where the data are at hand, else made ones; and which of them."""
    root = Path(__file__).resolve().parents[2]
    data = Path(os.environ.get("YUQING_EVAL_DATA") or root.parent / "shared" / "data")
    file = data / "throughput" / "covid_weibo_150k.tsv.gz"
    if not file.is_file():
        return make_texts(count), "made"
    with gzip.open(file, "rt", encoding="utf-8") as rows:
        some = islice(rows, count)
        return [row.rstrip("\n").split("\t", 1)[-1] for row in some], "real"


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


def rate(
    call: Callable[[list[Any]], object], texts: list[Any], *, part: int = 250, rounds: int = 5
) -> float:
    """Texts for each second that a core worked for us: of each part the best of the rounds."""
    took = 0.0
    for at in range(0, len(texts), part):
        some = texts[at : at + part]
        best = float("inf")
        for _ in range(rounds):
            began = time.process_time()
            call(some)
            best = min(best, time.process_time() - began)
        took += best
    return len(texts) / took
