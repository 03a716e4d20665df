"""Phone and identity numbers out of texts (脱敏), before anything is kept.

Masked are mobile numbers, landline numbers with an area code or after a word such as 电话, and
Chinese identity numbers of 18 and 15 digits whose region and birthday are possible; also in
full-width digits and with separators. Amounts, dates, document numbers and service lines (12345,
110, 400-…) stay. Patterns are linear in the text.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

PHONE: Final = "【电话】"
IDENTITY: Final = "【证件号】"

# One character for one, so that places in the copy are places in the text.
_WIDE: Final = str.maketrans(
    "０１２３４５６７８９ＸｘＯｏ－—–‐‑（）　．＋\u00a0",
    "0123456789XxOo-----() .+ ",
)
_GAP: Final = r"[ \-.·\u200b-\u200f\u2060\ufeff]{0,2}"
_PROVINCES: Final = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]  # read as the list of codes that it is
)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"

_IDENTITY_18: Final = re.compile(
    rf"(?<![0-9A-Za-z])[1-9]\d{{5}}{_GAP}(?:18|19|20)\d{{2}}{_GAP}\d{{4}}{_GAP}\d{{3}}[\dXx](?![0-9A-Za-z])"
)
_IDENTITY_15: Final = re.compile(
    rf"(?<![0-9A-Za-z.])[1-9]\d{{5}}{_GAP}\d{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]){_GAP}\d{{3}}"
    r"(?![0-9A-Za-z]|\.\d)"
)
_MOBILE: Final = re.compile(
    rf"(?<!\d)(?<!\d\.)(?:(?:\+|00)?86{_GAP})?1[3-9]\d{_GAP}(?:\d{{4}}{_GAP}\d{{4}}|\d{{3}}{_GAP}\d{{5}})(?!\d)"
)
_SPACED: Final = re.compile(r"(?<!\d)(?<!\d[ .-])1(?P<gap>[ .-])[3-9](?:(?P=gap)\d){9}(?![ .-]?\d)")
_LANDLINE: Final = re.compile(
    r"(?<!\d)(?<!\d[.-])(?:(?:\+|00)86[ -]?\(?0?|\(?0)(?:10|2\d|[3-9]\d{2})"
    r"(?:\) ?-? ?| ?- ?| |\.)?[2-8]\d{2,3}[ -]?\d{4}(?!\d)(?!-\d{1,2}-)"
    r"(?:(?: ?(?:-|转|分机) ?)\d{1,5}(?!\d))?"
)
_LOCAL: Final = r"[2-8]\d{6,7}(?!\d|[-.]\d|[元万亿])"
_LABELLED: Final = re.compile(
    r"(?:电话|手机|座机|固话|热线|传真|号码|联系方式|致电|拨打|微信|微信号|tel)(?:号码?|是|为)?\s?[:：]?\s?"
    rf"{_LOCAL}(?:\s?(?:[、,，/;；]|或者?|和)\s?{_LOCAL}){{0,5}}",
    re.IGNORECASE,
)
_LOCAL_NUMBER: Final = re.compile(rf"(?<!\d){_LOCAL}")
# Nothing is masked where no seven digits stand (almost) together: most texts end here.
_ANY: Final = re.compile(r"\d(?:\W{0,3}\d){6}")
_AMOUNT_BEFORE: Final = re.compile(r"(?:[¥￥$€£]|人民币|金额|合计|共计|总额)\s?[:：]?\s?$")
_AMOUNT_AFTER: Final = re.compile(
    r"^\s?(?:元|万|亿|块|美元|欧元|吨|公斤|千克|平方|立方|千瓦|人次|票|股|%|％)"
)
_DOCUMENT_BEFORE: Final = re.compile(r"[〕\]］】]第?\s?$")


def mask(text: str) -> str:
    """The text with every phone and identity number replaced by what it was."""
    if _ANY.search(text) is None:
        return text
    flat = text.translate(_WIDE)
    spans: list[tuple[int, int, str]] = []
    for pattern, length in ((_IDENTITY_18, 18), (_IDENTITY_15, 15)):
        spans.extend(
            (match.start(), match.end(), IDENTITY)
            for match in pattern.finditer(flat)
            if _identity(match.group(), length) and not _other(flat, match.start(), match.end())
        )
    for pattern in (_MOBILE, _SPACED, _LANDLINE):
        spans.extend(
            (match.start(), match.end(), PHONE)
            for match in pattern.finditer(flat)
            if not _other(flat, match.start(), match.end())
        )
    for labelled in _LABELLED.finditer(flat):
        numbers = _LOCAL_NUMBER.finditer(flat, labelled.start(), labelled.end())
        spans.extend((match.start(), match.end(), PHONE) for match in numbers)
    return _replace(text, spans) if spans else text


def _replace(text: str, spans: list[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    done = 0
    for start, end, word in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start < done:
            continue
        parts += (text[done:start], word)
        done = end
    return "".join((*parts, text[done:]))


def _other(flat: str, start: int, end: int) -> bool:
    """Whether the number is an amount or a document's number by what stands around it."""
    before, after = flat[max(0, start - 6) : start], flat[end : end + 4]
    if _AMOUNT_AFTER.search(after) or _AMOUNT_BEFORE.search(before):
        return True
    return bool(_DOCUMENT_BEFORE.search(before)) and after.startswith("号")


def _identity(text: str, length: int) -> bool:
    """Whether region and birthday are possible; the checksum alone serves odd birthdays."""
    digits = "".join(char for char in text if char.isalnum()).upper()
    if len(digits) != length or digits[:2] not in _PROVINCES:
        return False
    born = digits[6:14] if length == 18 else f"19{digits[6:12]}"  # noqa: PLR2004
    try:
        date(int(born[:4]), int(born[4:6]), int(born[6:]))
    except ValueError:
        return length == 18 and checksum(digits) == digits[-1]  # noqa: PLR2004
    return True


def checksum(digits: str) -> str:
    """The last character of an 18-digit identity number by its first 17 (GB 11643)."""
    total = sum(int(char) * weight for char, weight in zip(digits[:17], _WEIGHTS, strict=True))
    return _CHECKS[total % 11]
