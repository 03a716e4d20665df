"""Names of places abroad: an evaluation of places within China leaves them out."""

from __future__ import annotations

import functools
from pathlib import Path

FILE = Path(__file__).resolve().parent / "locality_abroad.txt"


def is_abroad(name: str) -> bool:
    """Whether the name is that of a place abroad, or contains one: 迈阿密海滩."""
    names = _names()
    return name in names or any(part in name for part in names if len(part) > 1)


@functools.cache
def _names() -> frozenset[str]:
    _, _, listed = FILE.read_text("utf-8").partition("\n")
    return frozenset(listed.split())
