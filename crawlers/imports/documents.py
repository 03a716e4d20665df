"""Plain text documents (政务文件、通知): one file, one post."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from crawlers.imports.rows import BadRow, Row, UnreadableFileError, opened, text_encoding
from crawlers.imports.values import parse_time

_MAX_BYTES = 16 * 1024 * 1024
_HEAD = 1500
_TAIL = 600
_DAY = (
    r"(?:(?:19|20)\d{2}年\d{1,2}月\d{1,2}日"
    r"|二[〇○零一二三四五六七八九]{3}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日)"
)
_STATED = re.compile(
    r"(?:发布|发文|成文|印发)(?:时间|日期)\s*[:：]\s*"
    r"((?:19|20)\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:[ T]*\d{1,2}:\d{2}(?::\d{2})?)?)"
)
# A date that stands alone on its line, or before 印发, is the date of the document; one inside a
# sentence is anything.
_SIGNED = re.compile(rf"^[ \t\u3000\xa0]*(?P<day>{_DAY})[ \t\u3000\xa0]*$", re.MULTILINE)
_PRINTED = re.compile(rf"(?P<day>{_DAY})[ \t\u3000\xa0]*印发")
_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")} | {
    "○": 0,
    "零": 0,
}
_TEN = 10


def read(path: Path) -> Iterator[Row | BadRow]:
    """The one row of a document: title (first line that is not empty), text, date where stated.

    Its id is the hash of its content, so that two files of one name stay two documents.
    """
    encoding = text_encoding(path)
    with opened(path) as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise UnreadableFileError(f"文本文件超过 {_MAX_BYTES // 1024 // 1024} MB，请拆分")
    text = data.decode(encoding)
    if "\x00" in text:
        raise UnreadableFileError("这不是文本文件（内有二进制内容）")
    title = next((line.strip() for line in text.splitlines() if line.strip()), "")
    yield Row(
        1,
        {
            "id": hashlib.sha256(data).hexdigest()[:32],
            "title": title[:200],
            "text": text,
            "published_at": document_date(text),
        },
    )


def document_date(text: str) -> date | None:
    """The date of a document: a stated one in its head, else one that signs it, else None."""
    head, tail = text[:_HEAD], text[-_TAIL:]
    stated = _STATED.search(head)
    if stated:
        try:
            return parse_time(stated[1])
        except ValueError:
            pass
    for pattern, part in ((_SIGNED, head), (_PRINTED, tail), (_SIGNED, tail), (_PRINTED, head)):
        for match in pattern.finditer(part):
            day = _day(match["day"])
            if day is not None:
                return day
    return None


def _day(written: str) -> date | None:
    year, month, day = re.split("[年月日]", written)[:3]
    try:
        return date(_number(year), _number(month), _number(day))
    except ValueError:
        return None


def _number(written: str) -> int:
    if written.isdigit() and written.isascii():
        return int(written)
    if "十" not in written:
        return int("".join(str(_DIGITS[character]) for character in written))
    tens, ones = written.split("十", 1)
    return (_DIGITS[tens] if tens else 1) * _TEN + (_DIGITS[ones] if ones else 0)
