"""A notice that changes one holiday of a year that is already known (修改放假安排的通知).

Two forms are known: 延长2020年春节假期至2月2日，2月3日起正常上班 (国办发明电〔2020〕1号), and
2019年5月1日至4日放假调休，共4天。4月28日、5月5日上班 (国办发明电〔2019〕3号). Read on top of the
calendar as it stands, it gives the whole year anew: kept and confirmed like any other notice.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from responder.calendar_notice import (
    ABOUT_DAYS,
    DATE,
    ENDING,
    FESTIVALS,
    LONGEST,
    Notice,
    Reader,
    number_of,
    parse,
    plain_of,
    said,
    sentences_of,
    short,
    wrong,
)
from responder.workdays import Calendar

_MOST_DAYS = 16
_NAMES = "|".join(FESTIVALS)
_ABOUT = re.compile(rf"(延长|调整)(20\d\d)年({_NAMES})(?:假期|放假|节假日)")
_EXTEND = re.compile(
    rf"延长(?:20\d\d年)?(?:{_NAMES})(?:假期|放假)至{DATE}"
    rf"(?:[，,]{DATE}起(?:正常|照常)?上班)?"
)
_NUMBERED = re.compile(r"^[一二三四五六七八九]、")
_A_DATE = re.compile(r"\d月\d")
_DAY = timedelta(days=1)


def read(text: str, *, number: str = "", base: Calendar) -> Notice:
    """The notice of a whole year, or one that changes a holiday of a year that ``base`` covers.

    Raises InvalidInputError that quotes the sentence that can't be read.
    """
    found = None if len(text) > LONGEST else _ABOUT.search(plain_of(text))
    if found is None:
        return parse(text, number=number)
    return _amended(plain_of(text), found.group(3), int(found.group(2)), number, base)


def _amended(plain: str, festival: str, year: int, number: str, base: Calendar) -> Notice:
    if year not in base.years:
        raise wrong(
            f"{year} 年的放假安排还没有录入。请先录入全年的通知，再录入修改“{festival}”的这一份。"
        )
    reader = Reader(year)
    off: set[date] = set()
    remarks: list[str] = []
    for sentence in _lines(plain):
        if _EXTEND.fullmatch(sentence):
            off |= _extension(reader, sentence, base)
        elif sentence.endswith("上班"):
            reader.worked(sentence)
        elif "放假" in sentence and _A_DATE.search(sentence):
            off |= set(reader.holiday(sentence))
        elif ABOUT_DAYS.search(sentence) and _A_DATE.search(sentence):
            raise wrong(f"读不懂“{short(sentence)}”，请核对原文。")
        else:
            remarks.append(sentence)
    work = set(reader.work)
    if not off:
        raise wrong(f"没有读到“{festival}”改为哪几天放假，应如“延长…至2月2日（星期日）”。")
    if both := off & work:
        raise wrong(f"{said(min(both))}又放假又上班，请核对。")
    held, worked = _year_of(base, year)
    remarks += [f"{said(day)}原定上班，改为放假" for day in sorted(worked & off)]
    remarks += [f"{said(day)}原定放假，改为上班" for day in sorted(held & work)]
    before = dict(base.notices)[year]
    given = number_of(plain, number, year)
    numbers = [*(one for one in before.split("、") if one != given), given]
    return Notice(
        year=year,
        number="、".join(numbers),
        holidays=tuple(sorted((held | off) - work)),
        workdays=tuple(sorted((worked | work) - off)),
        by_festival=((festival, tuple(sorted(off))),),
        remarks=tuple(remarks),
    )


def _lines(plain: str) -> list[str]:
    """The sentences that lay something down: after 通知如下, up to the signature."""
    _, _, body = plain.rpartition("通知如下")
    found: list[str] = []
    for sentence in sentences_of(body.lstrip("：:")):
        if ENDING.match(sentence):
            break
        found.append(_NUMBERED.sub("", sentence))
    return found


def _extension(reader: Reader, sentence: str, base: Calendar) -> set[date]:
    """The days that come on top: from the last day off before it up to the new end."""
    match = _EXTEND.fullmatch(sentence)
    parts = match.groups() if match else ()
    end = reader.day(parts[0:4], None, sentence)
    last = max((day for day in base.holidays if day < end), default=None)
    if last is None or (end - last).days > _MOST_DAYS:
        raise wrong(f"“{short(sentence)}”：{said(end)}之前没有可以延长的假期，请核对。")
    if parts[6] and reader.day(parts[4:8], end, sentence) != end + _DAY:
        raise wrong(f"“{short(sentence)}”：上班的日子不是假期之后的一天，请核对。")
    return {last + _DAY * n for n in range(1, (end - last).days + 1)}


def _year_of(base: Calendar, year: int) -> tuple[set[date], set[date]]:
    """What the calendar has for the year, with the days before New Year that belong to it."""
    held = {day for day in base.holidays if day.year == year}
    before = date(year, 1, 1)
    while before in base.holidays:
        held.add(before)
        before -= _DAY
    worked = {day for day in base.workdays if day.year == year}
    return held, worked
