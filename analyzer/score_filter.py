"""The filter behind ``yuqing score``: JSON Lines with ``id`` and ``text`` in, judgements out.

The form of the output is stable: people read it with programs of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from analyzer.locality import Matcher
from analyzer.sentiment.port import Reason, Scorer
from analyzer.units import UnitMatcher
from posts.json_faults import json_fault
from posts.model import LocalityHit, Sentiment

BATCH = 512
"""Lines that are judged together."""


class Judgement(Struct, frozen=True, kw_only=True, gc=False):
    """One line out. ``id`` is as it came (text or number); offsets are code points of ``text``."""

    id: str | int | float
    p_negative: float
    p_positive: float
    p_appeal: float | None
    sentiment: Sentiment
    localities: Sequence[LocalityHit]
    units: tuple[str, ...]
    scorer: str


class Explained(Judgement, frozen=True, kw_only=True, gc=False):
    """A Judgement with the runs of the text that decided, the strongest first."""

    reasons: tuple[Reason, ...]


class BadLine(Struct, frozen=True):
    """A line that could not be read: its number, from 1, and why, in Chinese."""

    number: int
    message: str


class _Line(Struct, frozen=True, gc=False):
    id: str | int | float
    text: str


_MARK = b"\xef\xbb\xbf"
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_encoder = msgspec.json.Encoder()
_decode = msgspec.json.Decoder(_Line).decode


class LineFilter:
    """Judges lines, a batch at a call, and counts them. With ``why`` each answer is Explained."""

    def __init__(
        self,
        scorer: Scorer,
        matcher: Matcher,
        units: UnitMatcher | None = None,
        *,
        why: bool = False,
    ) -> None:
        self._scorer = scorer
        self._matcher = matcher
        self._units = units
        self._why = why
        self._seen = 0

    def answers(self, lines: Sequence[bytes | str]) -> tuple[list[Judgement], list[BadLine]]:
        """What is said of the lines, which follow those of the call before; blank ones are none.

        Judgements are in the order of the lines, and so are the bad lines.
        """
        bad: list[BadLine] = []
        try:
            good = [_decode(line) for line in lines]
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            numbered = enumerate(lines, start=self._seen + 1)
            read = [_read(number, line) for number, line in numbered if line.strip()]
            good = [one for one in read if isinstance(one, _Line)]
            bad = [one for one in read if isinstance(one, BadLine)]
        self._seen += len(lines)
        return self._judged(good), bad

    def _judged(self, given: list[_Line]) -> list[Judgement]:
        texts = [one.text for one in given]
        found = [
            Judgement(
                id=one.id,
                p_negative=score.p_negative,
                p_positive=score.p_positive,
                p_appeal=score.p_appeal,
                sentiment=score.sentiment,
                localities=hits,
                units=units,
                scorer=score.scorer,
            )
            for one, score, hits, units in zip(
                given,
                self._scorer.score(texts) if texts else (),
                self._matcher.find_many(texts),
                self._units.find_many(texts) if self._units else [()] * len(texts),
                strict=True,
            )
        ]
        if self._why:
            return [
                _explained(one, self._scorer.reasons(text))
                for one, text in zip(found, texts, strict=True)
            ]
        return found


def encode_lines(judgements: Sequence[Judgement]) -> bytes:
    """Each judgement as one line of JSON, with its line feed."""
    return _encoder.encode_lines(judgements)


def score_lines(
    lines: Iterable[bytes | str],
    scorer: Scorer,
    matcher: Matcher,
    units: UnitMatcher | None = None,
    *,
    batch: int = BATCH,
    why: bool = False,
) -> Iterator[Judgement | BadLine]:
    """One Judgement or BadLine for each line that is not blank; of a batch the bad lines first."""
    judge = LineFilter(scorer, matcher, units, why=why)
    several = iter(lines)
    while chunk := list(islice(several, batch)):
        judged, bad = judge.answers(chunk)
        yield from bad
        yield from judged


def _explained(judged: Judgement, reasons: tuple[Reason, ...]) -> Explained:
    return Explained(**msgspec.structs.asdict(judged), reasons=reasons)


def _read(number: int, line: bytes | str) -> _Line | BadLine:
    try:
        data = line.encode() if isinstance(line, str) else line
    except UnicodeError:
        return _not_utf8(number)
    try:
        body: Any = msgspec.json.decode(data.removeprefix(_MARK))
    except UnicodeError:
        return _not_utf8(number)
    except (msgspec.MsgspecError, RecursionError) as error:
        return BadLine(number, f"第 {number} 行不是有效的 JSON：{_fault(error, data)}")
    wrong = _what_is_wrong(body)
    if wrong:
        return BadLine(number, f"第 {number} 行{wrong}")
    return _Line(body["id"], body["text"])


def _not_utf8(number: int) -> BadLine:
    return BadLine(number, f"第 {number} 行不是有效的 UTF-8 文本")


def _fault(error: Exception, data: bytes) -> str:
    """What the parser found; it takes half a surrogate pair for the end of the text."""
    if _HALF.search(data):
        return f"{json_fault(error)}；其中 \\ud… 的写法可能只有半个字符"
    return json_fault(error)


def _what_is_wrong(body: Any) -> str:
    if not isinstance(body, dict):
        return "应为一个 JSON 对象，含 id 和 text"
    if "id" not in body or "text" not in body:
        return f"缺少字段：{'、'.join(name for name in ('id', 'text') if name not in body)}"
    if isinstance(body["id"], bool) or not isinstance(body["id"], str | int | float):
        return "的 id 应为文本或数字"
    if not isinstance(body["text"], str):
        return "的 text 应为文本"
    return ""
