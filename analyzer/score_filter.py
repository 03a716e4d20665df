"""The filter behind ``yuqing score``: JSON Lines with ``id`` and ``text`` in, judgements out.

The form of the output is stable: people read it with programs of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from analyzer.locality import Matcher
from analyzer.sentiment.port import Reason, Scorer
from analyzer.units import UnitMatcher
from posts.model import LocalityHit, Score, Sentiment

BATCH = 64
"""Lines that are read before the first is answered; a person at a pipe still sees progress."""


class Judgement(Struct, frozen=True, kw_only=True):
    """One line out. ``id`` is as it came (text or number); offsets are code points of ``text``."""

    id: str | int | float
    p_negative: float
    p_positive: float
    p_appeal: float | None
    sentiment: Sentiment
    localities: tuple[LocalityHit, ...]
    units: tuple[str, ...]
    scorer: str


class Explained(Judgement, frozen=True, kw_only=True):
    """A Judgement with the runs of the text that decided, the strongest first."""

    reasons: tuple[Reason, ...]


class BadLine(Struct, frozen=True):
    """A line that could not be read: its number, from 1, and why, in Chinese."""

    number: int
    message: str


class _Given(Struct, frozen=True):
    number: int
    id: str | int | float
    text: str


def encode_line(judgement: Judgement) -> bytes:
    """The judgement as one line of JSON, without the line feed."""
    return msgspec.json.encode(judgement)


def score_lines(
    lines: Iterable[bytes | str],
    scorer: Scorer,
    matcher: Matcher,
    units: UnitMatcher | None = None,
    *,
    batch: int = BATCH,
    why: bool = False,
) -> Iterator[Judgement | BadLine]:
    """One Judgement or BadLine for each line that is not blank, in the order of the lines.

    With ``why`` each Judgement is Explained.
    """
    numbered = enumerate(lines, start=1)
    while chunk := list(islice(numbered, batch)):
        given = [_read(number, line) for number, line in chunk if line.strip()]
        good = [one for one in given if isinstance(one, _Given)]
        scores = iter(scorer.score([one.text for one in good]) if good else ())
        for one in given:
            if isinstance(one, BadLine):
                yield one
            else:
                judged = _judge(one, next(scores), matcher, units)
                yield _explained(judged, scorer.reasons(one.text)) if why else judged


def _judge(given: _Given, score: Score, matcher: Matcher, units: UnitMatcher | None) -> Judgement:
    return Judgement(
        id=given.id,
        p_negative=score.p_negative,
        p_positive=score.p_positive,
        p_appeal=score.p_appeal,
        sentiment=score.sentiment,
        localities=tuple(matcher.find(given.text)),
        units=units.find(given.text) if units else (),
        scorer=score.scorer,
    )


def _explained(judged: Judgement, reasons: tuple[Reason, ...]) -> Explained:
    return Explained(**msgspec.structs.asdict(judged), reasons=reasons)


def _read(number: int, line: bytes | str) -> _Given | BadLine:
    try:
        data = line.encode() if isinstance(line, str) else line
        body: Any = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except UnicodeError:
        return BadLine(number, f"第 {number} 行不是有效的 UTF-8 文本")
    except (msgspec.MsgspecError, RecursionError) as error:
        return BadLine(number, f"第 {number} 行不是有效的 JSON：{error}")
    wrong = _what_is_wrong(body)
    if wrong:
        return BadLine(number, f"第 {number} 行{wrong}")
    return _Given(number, body["id"], body["text"])


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
