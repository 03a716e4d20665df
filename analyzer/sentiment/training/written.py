"""Posts put together from pieces that were written for this project (``written.txt``).

Petitions are written to an office. What people say in a post of the same matters begins with their
day and ends with a sigh, and so do posts that ask for nothing: openings and ends are the same for
both, so that only the matter tells them apart.
"""

from __future__ import annotations

import functools
import random
from pathlib import Path

_OPENED = 0.4
_ENDED = 0.3
_PLEADED = 0.35
_STOPS = ("，", "，", "。", " ")


def put_together(dice: random.Random, times: int) -> list[tuple[str, int, str]]:
    """Each matter, request, question and ordinary post so many times: text, 1 for an appeal, piece.

    Texts of one piece belong together: a fold that has one has all.
    """
    pieces = _pieces()
    found = []
    for _ in range(times):
        for matter in pieces["m"]:
            pleaded = dice.random() < _PLEADED
            plea = dice.choice(_STOPS) + dice.choice(pieces["p"]) if pleaded else ""
            found.append((as_post(dice, matter + plea), 1, matter))
        found += [(as_post(dice, one), 1, one) for kind in "rq" for one in pieces[kind]]
        found += [(as_post(dice, one), 0, one) for one in pieces["n"]]
    return found


def as_post(dice: random.Random, said: str) -> str:
    """What was said with an opening before it or an end after it, or neither."""
    pieces = _pieces()
    opening = dice.choice(pieces["o"]) if dice.random() < _OPENED else ""
    end = dice.choice(pieces["e"]) if dice.random() < _ENDED else ""
    return opening + said + end


@functools.cache
def _pieces() -> dict[str, list[str]]:
    lines = (Path(__file__).parent / "written.txt").read_text("utf-8").splitlines()
    rows = [line.split(" ", 1) for line in lines if not line.startswith("#")]
    found: dict[str, list[str]] = {}
    for kind, piece in rows:
        found.setdefault(kind, []).append(piece)
    return found
