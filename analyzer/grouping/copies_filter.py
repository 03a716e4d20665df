"""The filter behind ``yuqing duplicates``: JSON Lines with ``id`` and ``text`` in, groups out.

A line is answered as soon as it is sure: a copy at once, an original when a copy of it has come or
when it has left the window. Answers keep the order of the lines; memory is bounded by the window.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from analyzer.filter_lines import BadLine, LineReader, bad_line
from analyzer.grouping.copies_text import sign
from analyzer.grouping.copies_window import WINDOW, Window

BATCH = 512
_LONGEST = 1 << 20


class Grouped(Struct, frozen=True):
    """One line out: ``group`` is the id of the original as it came; None: there is no copy."""

    id: str | int | float
    group: str | int | float | None


class _Line(Struct, gc=False):
    """A line that waits for its answer; ``original`` None: it is itself one, or says nothing.

    The collector of cycles need not look at these hundreds of thousands, as they make none.
    """

    id: str | int | float
    original: _Line | None = None
    sure: bool = True
    copied: bool = False


class _Given(Struct, gc=False):
    id: str | int | float
    text: str
    title: str | None = None


def _checked(number: int, body: dict[str, Any]) -> _Given | BadLine:
    title = body.get("title") or ""
    if not isinstance(title, str):
        return bad_line(number, "的 title 应为文本")
    return _Given(body["id"], body["text"], title)


_reader = LineReader(_Given, _checked)


def duplicate_lines(
    lines: Iterable[bytes | str], *, window: int = WINDOW, batch: int = BATCH
) -> Iterator[Grouped | BadLine]:
    """One Grouped or BadLine for each line that is not blank, in the order of the lines."""
    kept = Window(window)
    at: list[_Line | None] = [None] * window
    waiting: deque[_Line | BadLine] = deque()
    coming = iter(lines)
    seen = 0
    while chunk := _some(coming, batch):
        good, read = _reader.read(chunk, seen + 1)
        seen += len(chunk)
        found = kept.find(sign([_whole(one) for one in good])) if good else None
        marked: list[_Line] = []
        for number, given in enumerate(good):
            line = _Line(given.id)
            slot = int(found.slot[number]) if found is not None else -1
            if found is not None and slot >= 0:
                _settle(line, slot, int(found.placed[number]), at)
            marked.append(line)
        following = iter(marked)
        waiting.extend(one if isinstance(one, BadLine) else next(following) for one in read)
        while waiting and (isinstance(waiting[0], BadLine) or waiting[0].sure):
            yield _answer(waiting.popleft())
    while waiting:
        yield _answer(waiting.popleft())


def _some(lines: Iterator[bytes | str], most: int) -> list[bytes | str]:
    """The next lines, so many or so long: five megabytes a line must not come by the hundred."""
    chunk: list[bytes | str] = []
    size = 0
    for one in lines:
        chunk.append(one)
        size += len(one)
        if len(chunk) >= most or size >= _LONGEST:
            break
    return chunk


def _whole(given: _Given) -> str:
    return f"{given.title}\n{given.text}" if given.title else given.text


def encode_line(grouped: Grouped) -> bytes:
    """One line of JSON, without the line feed."""
    return msgspec.json.encode(grouped)


def _settle(line: _Line, slot: int, placed: int, at: list[_Line | None]) -> None:
    """Say whose copy the line is, and let it take its place in the window."""
    like = at[slot] if slot != placed else None
    if like is None:
        line.sure = False
    else:
        line.original = like.original or like
        line.original.copied = line.original.sure = True
    if placed >= 0:
        before = at[placed]
        if before is not None:
            before.sure = True
        at[placed] = line


def _answer(one: _Line | BadLine) -> Grouped | BadLine:
    if isinstance(one, BadLine):
        return one
    return Grouped(one.id, (one.original or one).id if one.original or one.copied else None)
