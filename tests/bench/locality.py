"""Places against other ways of finding many names, on the same posts in the same run, one core."""

from __future__ import annotations

import importlib
import random
import re
from collections.abc import Callable, Iterator, Sequence

from analyzer.locality import Matcher
from analyzer.locality_index import NameIndex
from registry import gazetteer
from registry.areas import Area
from tests.bench import _goals
from tests.bench.scoring import rate, some_texts

POSTS = 20_000
SLOW_POSTS = 200
BATCH = 512
SIZES = (3_000, 40_000, 200_000)
FLAT = 0.5  # of the rate with the fewest
OWN = Area(code="5331", name="德宏傣族景颇族自治州", level="city", parent="53", own=True)
_ENDINGS = ("小区", "花园", "大道", "中学", "新村", "水库", "广场", "医院")


def bench() -> Iterator[str]:
    """Lines with the figures."""
    texts, said = some_texts(POSTS)
    yield f"{len(texts):,} posts, {sum(map(len, texts)) / len(texts):.0f} characters each ({said})"
    divisions = gazetteer.load()
    matcher = Matcher(divisions, [OWN])
    whole = _by_batch(matcher.find_many)
    whole(texts[:2_000])
    full = rate(whole, texts)
    alone = rate(lambda some: [matcher.find(text) for text in some], texts[:2_000])
    yield f"places with all rules, batches of {BATCH}: {full:,.0f} posts/s; one by one {alone:,.0f}"
    yield from _with_rules_at_sizes(texts, full)
    names = make_names(max(SIZES))
    first = 0.0
    for size in SIZES:
        some = names[:size]
        index = NameIndex(some)
        ours = rate(_by_batch(lambda batch, i=index: [len(f.names) for f in i.find(batch)]), texts)
        first = first or ours
        of_least = ours / first
        mark = _goals.least(of_least, FLAT) if size > SIZES[1] else ""
        yield (
            f"{size:,} names, finding alone: {ours:,.0f} posts/s, "
            f"{of_least:.2f} of the rate with {SIZES[0]:,}{mark}"
        )
        for name, call, count in _others(some):
            other = rate(call, texts[:count])
            yield f"  {name}: {other:,.0f} posts/s; ours is {ours / other:.1f} times as fast"


def _with_rules_at_sizes(texts: Sequence[str], full: float) -> Iterator[str]:
    """All rules with many places of one's own beside the gazetteer."""
    divisions = gazetteer.load()
    few = Matcher(divisions[:3_000], [OWN])
    places = [
        Area(code=f"533102-p{n}", name=name, level="place", parent="533102", own=True)
        for n, name in enumerate(make_names(200_000)[len(divisions) :])
    ]
    many = Matcher(divisions, [OWN, *places])
    least, most = (rate(_by_batch(m.find_many), texts) for m in (few, many))
    yield f"  3,000 divisions {least:,.0f}, all {full:,.0f}, with 160,000 places {most:,.0f}"
    yield f"  {most / least:.2f} of the rate with the fewest{_goals.least(most / least, FLAT)}"


def make_names(count: int) -> list[str]:
    """The names of the gazetteer, then made-up places: 文化小区, 青龙大道."""
    divisions = gazetteer.load()
    names = list(dict.fromkeys(d.name for d in divisions))
    dice = random.Random(5)
    stems = sorted({d.short for d in divisions if len(d.short) == len("二字")})
    made = (f"{a}{b}" for b in _ENDINGS for a in dice.sample(stems, len(stems)))
    return list(dict.fromkeys([*names, *made]))[:count]


def _by_batch(call: Callable[[Sequence[str]], object]) -> Callable[[Sequence[str]], None]:
    def run(some: Sequence[str]) -> None:
        for at in range(0, len(some), BATCH):
            call(some[at : at + BATCH])

    return run


def _others(names: list[str]) -> Iterator[tuple[str, Callable[[Sequence[str]], object], int]]:
    """(library, finding all names in the texts, of how many posts)."""
    rusty = importlib.import_module("ahocorasick_rs")
    kind = rusty.MatchKind.LeftmostLongest
    nfa = rusty.Implementation.ContiguousNFA
    small = rusty.AhoCorasick(names, matchkind=kind, store_patterns=False, implementation=nfa)
    yield "ahocorasick_rs", lambda some: [small.find_matches_as_indexes(t) for t in some], POSTS
    try:
        daachorse = importlib.import_module("daachorse")
        pyahocorasick = importlib.import_module("ahocorasick")
    except ImportError:
        return
    charwise = daachorse.CharwiseDoubleArrayAhoCorasick(
        names, daachorse.MATCH_KIND_LEFTMOST_LONGEST
    )
    yield "daachorse", lambda some: [charwise.find(t) for t in some], POSTS
    tree = pyahocorasick.Automaton()
    for number, name in enumerate(names):
        tree.add_word(name, number)
    tree.make_automaton()
    yield "pyahocorasick", lambda some: [list(tree.iter_long(t)) for t in some], POSTS // 4
    if len(names) <= SIZES[1]:
        pattern = re.compile("|".join(sorted(names, key=len, reverse=True)))
        yield "regular expression", lambda some: [pattern.findall(t) for t in some], SLOW_POSTS
        yield "loop of in", lambda some: [[n for n in names if n in t] for t in some], SLOW_POSTS
