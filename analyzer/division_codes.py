"""Codes of divisions (区划代码): in the bureau's codes a prefix is the division above."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

PROVINCE, CITY, COUNTY, TOWN = 2, 4, 6, 9
"""The lengths of the statistics bureau's codes, which name the levels."""
LEVELS = (PROVINCE, CITY, COUNTY, TOWN)


def rollup(codes: Iterable[str]) -> tuple[str, ...]:
    """The codes and those of every division above them, sorted: town, county, city, province.

    Works on the bureau's codes, whose prefixes are the divisions above; another code stands alone.
    """
    found: set[str] = set()
    for code in codes:
        found.add(code)
        if code.isascii() and code.isdigit():
            found.update(code[:length] for length in LEVELS if length < len(code))
    return tuple(sorted(found))


def parent_of(code: str) -> str | None:
    """The code of the division above; None for a province or another code."""
    if not (code.isascii() and code.isdigit()):
        return None
    return next((code[:n] for n in reversed(LEVELS) if n < len(code)), None)


def in_common(codes: Sequence[str], known: Container[str]) -> str:
    """The lowest known division that all lie in, or an empty code."""
    first, last = min(codes), max(codes)
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    shared = first if same is None else first[:same]
    return next((shared[:n] for n in reversed(LEVELS) if shared[:n] in known), "")


def outermost(codes: Sequence[str]) -> list[str]:
    """The codes without those that lie in another one of them: a city without its only district."""
    return [c for c in codes if not any(c != other and c.startswith(other) for other in codes)]
