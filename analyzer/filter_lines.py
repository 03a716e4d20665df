"""What the filters read: a JSON object a line, with ``id`` and ``text``, or why a line is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from posts.json_faults import json_fault

_MARK = b"\xef\xbb\xbf"
_FAULTS = (msgspec.MsgspecError, UnicodeError, RecursionError)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


Form = TypeVar("Form", bound=Struct)


class BadLine(Struct, frozen=True):
    """A line that could not be read: its number, from 1, and why, in Chinese."""

    number: int
    message: str


def bad_line(number: int, wrong: str) -> BadLine:
    """``wrong`` follows the number of the line: ``的 id 应为文本或数字``."""
    return BadLine(number, f"第 {number} 行{wrong}")


class LineReader(Generic[Form]):
    """Reads lines into ``form``: a good one in one step, any other once more to say what is wrong.

    ``complete`` makes the form of a line's number and of what :func:`read_object` says of it.
    """

    def __init__(
        self, form: type[Form], complete: Callable[[int, dict[str, Any]], Form | BadLine]
    ) -> None:
        self._decode = msgspec.json.Decoder(form).decode
        self._complete = complete

    def read(
        self, lines: Sequence[bytes | str], first: int
    ) -> tuple[Sequence[Form], Sequence[Form | BadLine]]:
        """What the good ones of the lines say, and all of them, but for blank ones, in order.

        ``first`` is the number of the first line.
        """
        decode = self._decode
        try:
            good = [decode(line) for line in lines]
        except _FAULTS:
            numbered = enumerate(lines, start=first)
            read = [self._read(number, line) for number, line in numbered if line.strip()]
            return [one for one in read if not isinstance(one, BadLine)], read
        return good, good

    def _read(self, number: int, line: bytes | str) -> Form | BadLine:
        try:
            return self._decode(line)
        except _FAULTS:
            body = read_object(number, line)
            return body if isinstance(body, BadLine) else self._complete(number, body)


def read_object(
    number: int, line: bytes | str, required: tuple[str, ...] = ("id", "text")
) -> dict[str, Any] | BadLine:
    """The object with the required fields: ``id`` is text or a number, ``text`` is text.

    What else is in it is as it came. A mark of the byte order before it is passed over.
    """
    try:
        data = line.encode() if isinstance(line, str) else line
        body: Any = msgspec.json.decode(data.removeprefix(_MARK))
    except UnicodeError:
        return bad_line(number, "不是有效的 UTF-8 文本")
    except (msgspec.MsgspecError, RecursionError) as error:
        return bad_line(number, f"不是有效的 JSON：{_fault(error, data)}")
    wrong = _what_is_wrong(body, required)
    return bad_line(number, wrong) if wrong else body


def _fault(error: Exception, data: bytes) -> str:
    """What the parser found; it takes half a surrogate pair for the end of the text."""
    if _HALF.search(data):
        return f"{json_fault(error)}；其中 \\ud… 的写法可能只有半个字符"
    return json_fault(error)


def _what_is_wrong(body: Any, required: tuple[str, ...]) -> str:
    if not isinstance(body, dict):
        return f"应为一个 JSON 对象，含 {'、'.join(required[:-1])} 和 {required[-1]}"
    missing = [name for name in required if name not in body]
    if missing:
        return f"缺少字段：{'、'.join(missing)}"
    if isinstance(body["id"], bool) or not isinstance(body["id"], str | int | float):
        return "的 id 应为文本或数字"
    if not isinstance(body["text"], str):
        return "的 text 应为文本"
    return ""
