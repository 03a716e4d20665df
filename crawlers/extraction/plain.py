"""A text file without markup: its first line is the title, the rest the body."""

from __future__ import annotations

import html
from datetime import date, datetime
from typing import Final

from crawlers.bounds import MAX_BODY_CHARS
from crawlers.dates import find_dates
from crawlers.extraction import page as pages
from crawlers.extraction import published as dates

_TITLE: Final = 80  # code points; what is longer, or ends as a sentence, is text already
_HEAD: Final = 40
_TAIL: Final = 6


def read(text: str, now: datetime) -> tuple[str | None, datetime | date | None, str]:
    """Title, time of publication and body of a text; None where it does not tell them."""
    lines = [line.strip() for line in text.strip()[:MAX_BODY_CHARS].splitlines()]
    first, rest = (lines[0], lines[1:]) if lines else ("", [])
    told = any(rest) and len(first) <= _TITLE and not first.endswith(("。", "，", "；", ".", ","))
    if not told:
        return None, None, "\n".join(lines).strip()
    return pages.squeeze(first), _published(lines, now), "\n".join(rest).strip()


def _published(lines: list[str], now: datetime) -> datetime | date | None:
    """The date near the title or below the last line, judged as that of a page."""
    lines = [line for line in lines if line]
    if len(lines) > _HEAD + _TAIL:
        lines = lines[:_HEAD] + lines[-_TAIL:]
    markup = "".join(f"<p>{html.escape(line[:2000])}</p>" for line in lines)
    root = pages.parse(f"<html><body>{markup}</body></html>")
    if root is None:
        return None
    shown = pages.read(root).lines
    span = (1, len(shown)) if len(shown) > 1 else None
    found = dates.find(root, shown, headline=0, body=span, url=None, now=now)
    return found.value if found else _signed(lines, now)


def _signed(lines: list[str], now: datetime) -> date | None:
    """The day that stands alone in one of the last lines, as under a notice."""
    for line in reversed(lines[-3:]):
        found = find_dates(line[:40], now)
        if len(found) == 1 and found[0].end - found[0].start == len(line):
            return found[0].day
    return None
