"""How well copies are found (转载与近似评估): changed copies of real posts, and pairs judged apart.

Originals are posts as they are, natural near-duplicates among them. A copy is *found* where it is
in the group of the post that it was made from. Whether a pair is *wrong* a second measure judges,
which the finding does not use: neither do half of the shorter text's characters stand in the other
one in the same order, nor do half of them lie in runs of four that both have.
"""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from analyzer.grouping.copies_changes import Changer
from analyzer.grouping.copies_text import plain, sign
from analyzer.grouping.copies_window import WINDOW, Window
from posts.errors import reason_of
from registry.errors import InvalidInputError

SHORTEST = 20
"""Letters and digits beside hashtags: shorter posts are reported apart."""
_NAMES = {
    "5%": "转发并改 5 % 的字",
    "10%": "转发并改 10 % 的字",
    "prefix": "加转发前缀",
    "truncated": "截短",
    "full_width": "转为全角",
    "shuffled": "句子换序",
}
_BATCH, _RUN, _HALF, _JUDGED, _BODY = 512, 4, 0.5, 1_000, 8


class Recall(Struct, frozen=True):
    """The share of changed copies that were found: of all, and of those with enough text."""

    recipe: str
    copies: int
    found: float
    long_copies: int
    long_found: float


class Report(Struct, frozen=True):
    """``wrong``: judged pairs that are none, for each post that was read."""

    posts: int
    grouped: int
    wrong: float
    recalls: list[Recall]


def groups(texts: Sequence[str], *, size: int = WINDOW, batch: int = _BATCH) -> list[int]:
    """Of each text the number of the first one of its group; -1 where it says nothing."""
    window, at = Window(size), {-1: -1}
    told: list[int] = []
    for start in range(0, len(texts), batch):
        found = window.find(sign(texts[start : start + batch]))
        for slot, placed in zip(found.slot.tolist(), found.placed.tolist(), strict=True):
            told.append(len(told) if slot == placed >= 0 else at[slot])
            if placed >= 0:
                at[placed] = told[-1]
    return told


def evaluate(texts: Sequence[str], *, copies: int = 3_000, seed: int = 20) -> Report:
    """Changed copies of ``copies`` of the texts, by every recipe; wrong pairs among all texts."""
    draw = random.Random(seed)  # noqa: S311 (repeatable, nothing secret)
    known = list(dict.fromkeys(texts))
    said = plain(known)
    chosen = [at for at in range(len(known)) if len(said[at])]
    chosen = sorted(draw.sample(chosen, min(copies, len(chosen))))
    enough = np.array([len(said[at]) >= SHORTEST for at in chosen])
    recalls = []
    wrong = grouped = 0
    for recipe, change in Changer(known[:2_000], seed).recipes().items():
        told = groups([*known, *(change(known[at]) for at in chosen)])
        pairs = zip(chosen, told[len(known) :], strict=True)
        right = np.array([told[at] == group for at, group in pairs])
        recalls.append(
            Recall(
                recipe,
                len(chosen),
                float(right.mean()) if chosen else 0.0,
                int(enough.sum()),
                float(right[enough].mean()) if enough.any() else 0.0,
            )
        )
        if not grouped:
            both = [(at, told[at]) for at in range(len(known)) if told[at] not in (at, -1)]
            grouped = len(both)
            whole = plain(known, tags=True)
            for one, other in both:
                bodies = min(len(said[one]), len(said[other])) >= _BODY
                a, b = (said if bodies else whole)[one], (said if bodies else whole)[other]
                wrong += not alike(a, b)
    return Report(len(known), grouped, wrong / max(1, len(known)), recalls)


def alike(one: str, other: str) -> bool:
    """The second judge: half of the shorter text is in the other, in order or in runs of four."""
    short, long = sorted((one[:_JUDGED], other[:_JUDGED]), key=len)
    runs = {long[at : at + _RUN] for at in range(len(long) - _RUN + 1)}
    covered: set[int] = set()
    for at in range(len(short) - _RUN + 1):
        if short[at : at + _RUN] in runs:
            covered.update(range(at, at + _RUN))
    if len(covered) >= _HALF * len(short):
        return True
    blocks = SequenceMatcher(None, short, long, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) >= _HALF * len(short)


def table(report: Report) -> Iterator[str]:
    """The figures as lines of Markdown."""
    yield (
        f"{report.posts:,} 条不同的帖文，其中 {report.grouped:,} 条归入别条名下；"
        f"错对 {report.wrong:.5f}"
    )
    yield ""
    yield f"| 改动 | 抄本 | 找回 | 正文满 {SHORTEST} 字的抄本 | 找回 |"
    yield "|---|---|---|---|---|"
    for one in report.recalls:
        yield (
            f"| {_NAMES[one.recipe]} | {one.copies:,} | {one.found:.4f} "
            f"| {one.long_copies:,} | {one.long_found:.4f} |"
        )


def read_texts(file: Path) -> list[str]:
    """The texts of a file, plain or .gz: ``text`` of JSON Lines, else what follows the last tab.

    Raises InvalidInputError where the file can't be read.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"读不了 {file}：{reason_of(error)}。") from error
    try:
        lines = (gzip.decompress(data) if file.suffix == ".gz" else data).decode().splitlines()
        if ".jsonl" in file.name:
            return [str(msgspec.json.decode(line)["text"]) for line in lines if line.strip()]
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error) as error:
        message = f"{file} 认不出：应是 JSON Lines（含 text）或制表符分列的文本。"
        raise InvalidInputError(message) from error
    return [line.rsplit("\t", 1)[-1] for line in lines]
