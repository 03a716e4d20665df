"""Finding again what was destroyed where it was copied to: quotations in notes, notices, lists.

Who quotes, copies a passage as it stands. So a text quotes another one where a run of at least 16
code points stands in both, or where the whole of a short text (a title) stands in it. What people
say in their own words is no quotation and is not found; nor is the name of an office.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from posts.log.quotations import DESTROYED, QUOTATION

RUN = 16  # code points: longer than names of offices and places
WHOLE = 8  # a title as short as this is found where it stands whole
_LETTERS = 8  # of a run, so that times and numbers are no quotation
_ADDRESS = re.compile(r"https?://\S+")
_QUOTED = re.compile(rf"({QUOTATION})(.+?)(?=（\d+ 条，[^（）]* 起）|$)", re.DOTALL)
_NO_LETTER = re.compile(r"[\W\d_]+")


class Quotes:
    """What to look for. About 60 bytes of memory a code point while it lives; nothing is stored.

    ``texts``: what was destroyed. ``exact``: quotations that the service itself made (after
    ``；最新：``), of any length.
    """

    def __init__(self, texts: Iterable[str], *, exact: Iterable[str] = ()) -> None:
        self._exact = {text for text in exact if text}
        self._runs: set[int] = set()  # hashes: a text of 2 MB must not become a gigabyte
        self._whole: dict[str, set[str]] = {}
        for text in {text.strip() for text in texts}:
            if len(text) >= WHOLE and len(_NO_LETTER.sub("", text)) >= WHOLE // 2:
                self._whole.setdefault(text[:WHOLE], set()).add(text)
            for part in _ADDRESS.split(text):
                self._runs.update(
                    hash(part[at : at + RUN])
                    for at in range(len(part) - RUN + 1)
                    if len(_NO_LETTER.sub("", part[at : at + RUN])) >= _LETTERS
                )

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._exact or self._runs or self._whole)

    def within(self, value: Any) -> bool:
        """Whether a text, or any text of a JSON value, quotes."""
        return bool(self.without(value) != value)

    def without(self, value: Any) -> Any:
        """The text or JSON value with every quotation destroyed; equal where there is none."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return {name: self.without(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.without(one) for one in value]
        return value

    def _text(self, text: str) -> str:
        if QUOTATION in text:
            text = _QUOTED.sub(self._one, text)
        spans = self._spans(text)
        kept: list[str] = []
        at = 0
        for start, end in spans:
            kept += [text[at:start], DESTROYED]
            at = end
        return "".join([*kept, text[at:]]) if spans else text

    def _one(self, found: re.Match[str]) -> str:
        mark, quoted = found.groups()
        # A list may have cut the notice, and the quotation with it.
        gone = quoted in self._exact or any(one.startswith(quoted) for one in self._exact)
        return f"{mark}{DESTROYED}" if gone else found.group()

    def _spans(self, text: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for at in range(len(text) - WHOLE + 1):
            end = 0
            if hash(text[at : at + RUN]) in self._runs:
                end = at + RUN
            for whole in self._whole.get(text[at : at + WHOLE], ()):
                if text.startswith(whole, at):
                    end = max(end, at + len(whole))
            if not end:
                continue
            if found and at <= found[-1][1]:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            else:
                found.append((at, end))
        return found
