"""The State Council's yearly notice on holidays, read from its text (放假安排通知).

The notice names seven holidays, each with its days off, how many they are, and the weekend days
that are worked instead. Everything that it says twice is compared: weekdays in brackets with the
dates, 共N天 with the days. A sentence that can't be read is an error that quotes it, never skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from msgspec import Struct

from registry.errors import InvalidInputError

FESTIVALS = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
LONGEST = 20_000  # characters of a notice
_FIXED = {"元旦": (1, 1), "劳动节": (5, 1), "国庆节": (10, 1)}
_MOST_DAYS = 16
_JANUARY, _DECEMBER, _SATURDAY = 1, 12, 5
_WEEKDAYS = "一二三四五六日"
_ASCII = str.maketrans("０１２３４５６７８９", "0123456789")
_YEAR = re.compile(r"(20\d\d)年(?:部分节假日|法定节假日|节假日|元旦)")
_NUMBER = re.compile(r"(国办发(?:明电)?)[〔\[（(](\d{4})[〕\]）)]第?(\d{1,3})号")
_HEADING = re.compile(
    r"(?:(?<=[。：:；;）)])|^)(?:[一二三四五六七八九]、|[（(][一二三四五六七八九][）)]|[1-9][.．、])"
    r"([^：:。，]{2,20})[：:]"
)
DATE = r"(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})日(?:[（(]([^（）()]*)[）)])?"
_DAY = re.compile(DATE)
_SPAN = re.compile(rf"{DATE}(?:[至到—–~-]+{DATE})?放假(.*)")
_TAIL = re.compile(r"(?:调休)?(?:(\d{1,2})天)?((?:[，,]?(?:不调休|与周末连休|共\d{1,2}天))*)")
_WORK = re.compile(rf"{DATE}(?:[、，,和]{DATE})*(?:[，,]?(?:均|正常|照常))?上班")
_ALL = re.compile(r"共(\d{1,2})天")
_BRACKET = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])")
ENDING = re.compile(r"^(?:节假日期间|国务院办公厅|[（(]此件|\d{4}年\d{1,2}月\d{1,2}日$)")
_ADVICE = re.compile(r"^鼓励")
ABOUT_DAYS = re.compile(r"日.*(?:放假|上班|补休|调休)")


class Notice(Struct, frozen=True, kw_only=True):
    """What a notice lays down; days in order. ``remarks``: sentences that bind nobody (鼓励…)."""

    year: int
    number: str
    holidays: tuple[date, ...]
    workdays: tuple[date, ...]
    by_festival: tuple[tuple[str, tuple[date, ...]], ...]
    remarks: tuple[str, ...] = ()


def parse(text: str, *, number: str = "") -> Notice:
    """The days of the notice. ``number`` is its 文号 where the text does not hold it.

    Raises InvalidInputError that quotes the sentence that can't be read or does not agree.
    """
    if len(text) > LONGEST:
        raise wrong(f"通知太长（{len(text)} 字），最多 {LONGEST} 字；请只粘贴通知全文。")
    plain = plain_of(text)
    if not plain:
        raise wrong("没有内容。请粘贴国务院办公厅关于部分节假日安排的通知全文。")
    year = _year(plain)
    reader = Reader(year)
    for names, sentences in _items(plain):
        reader.item(names, sentences)
    holidays, workdays = reader.finish()
    return Notice(
        year=year,
        number=number_of(plain, number, year),
        holidays=holidays,
        workdays=workdays,
        by_festival=tuple(reader.festivals),
        remarks=tuple(reader.remarks),
    )


def plain_of(text: str) -> str:
    """The text without white space, its digits as ASCII has them."""
    return re.sub(r"\s+", "", text.translate(_ASCII))


class Reader:
    """Collects the days of one notice, item by item."""

    def __init__(self, year: int) -> None:
        self._year = year
        self.off: dict[date, str] = {}
        self.work: dict[date, str] = {}
        self.festivals: list[tuple[str, tuple[date, ...]]] = []
        self.remarks: list[str] = []

    def item(self, names: tuple[str, ...], sentences: list[str]) -> None:
        """One numbered item: its days off, and what is worked for them."""
        self._check_names(names)
        days: list[date] = []
        for sentence in sentences:
            if "放假" in sentence:
                days += self.holiday(sentence)
            elif sentence.endswith("上班"):
                self.worked(sentence)
            elif _ADVICE.match(sentence):
                self.remarks.append(sentence)
            else:
                raise wrong(
                    f"读不懂“{short(sentence)}”。与放假、上班无关的话可以删去；否则请核对原文。"
                )
        if not days:
            raise wrong(f"“{'、'.join(names)}”没有写哪天放假。")
        for name in names:
            month, day = _FIXED.get(name, (0, 0))
            if month and date(self._year, month, day) not in days:
                raise wrong(f"“{name}”的放假日里没有 {month} 月 {day} 日，请核对年份和日期。")
        self.festivals.append(("、".join(names), tuple(days)))

    def finish(self) -> tuple[tuple[date, ...], tuple[date, ...]]:
        """Days off and worked, in order, after the checks on the whole."""
        there = {name for known, _ in self.festivals for name in known.split("、")}
        missing = [name for name in FESTIVALS if name not in there]
        if missing:
            raise wrong(f"缺少{'、'.join(missing)}。请粘贴通知全文，七个节日都要有。")
        for day, sentence in self.work.items():
            if day in self.off:
                raise wrong(f"“{short(sentence)}”：{said(day)}又放假又上班，请核对。")
        return tuple(sorted(self.off)), tuple(sorted(self.work))

    def _check_names(self, names: tuple[str, ...]) -> None:
        there = {name for known, _ in self.festivals for name in known.split("、")}
        for name in names:
            if name not in FESTIVALS:
                raise wrong(f"“{name}”不是法定节日，应为{'、'.join(FESTIVALS)}。")
            if name in there:
                raise wrong(f"“{name}”写了两次，请核对。")

    def holiday(self, sentence: str) -> list[date]:
        """The days off of a sentence, which are kept."""
        found = _SPAN.fullmatch(sentence)
        if found is None:
            raise wrong(f"读不懂“{short(sentence)}”，应如“1月1日（周四）至3日（周六）放假…”。")
        parts = found.groups()
        end_month = parts[5]
        first = self.day(parts[0:4], None, sentence, next_month=end_month)
        last = self.day(parts[4:8], first, sentence) if parts[6] else first
        if last < first or (last - first).days >= _MOST_DAYS:
            raise wrong(f"“{short(sentence)}”：起止日期不对，请核对。")
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        tail = _TAIL.fullmatch(parts[8])
        if tail is None:
            raise wrong(f"“{short(sentence)}”：读不懂“放假”后面的“{short(parts[8])}”。")
        counts = [int(n) for n in (tail.group(1), *_ALL.findall(tail.group(2))) if n]
        if len(days) > 1 and not counts:
            raise wrong(f"“{short(sentence)}”：没有写共几天，无从核对。")
        for count in counts:
            if count != len(days):
                raise wrong(f"“{short(sentence)}”：写的是 {count} 天，日期算来是 {len(days)} 天。")
        for day in days:
            if day in self.off:
                raise wrong(f"“{short(sentence)}”：{said(day)}前面已经写过放假。")
            self.off[day] = sentence
        return days

    def worked(self, sentence: str) -> None:
        """Keep the weekend days that the sentence says are worked."""
        if _WORK.fullmatch(sentence) is None:
            raise wrong(f"读不懂“{short(sentence)}”，应如“1月4日（周日）上班”。")
        before: date | None = None
        for found in _DAY.finditer(sentence):
            day = before = self.day(found.groups(), before, sentence)
            if day.weekday() < _SATURDAY:
                raise wrong(f"“{short(sentence)}”：{said(day)}不是周末，不用调休上班，请核对。")
            if day in self.work:
                raise wrong(f"“{short(sentence)}”：{said(day)}前面已经写过上班。")
            self.work[day] = sentence

    def day(
        self,
        parts: tuple[str | None, ...],
        before: date | None,
        sentence: str,
        *,
        next_month: str | None = None,
    ) -> date:
        """The date of the four groups of ``DATE``; what it leaves out is that of ``before``."""
        year_text, month_text, day_text, bracket = parts
        if month_text is None and before is None:
            raise wrong(f"“{short(sentence)}”：第一个日期没有写月份。")
        month = int(month_text) if month_text else before.month if before else 0
        year = self._year
        if year_text:
            year = int(year_text)
        elif month == _DECEMBER and next_month and int(next_month) == _JANUARY:
            year -= 1  # 12月30日至1月1日: the new year of this notice
        elif before is not None and month_text is None:
            year = before.year
        try:
            day = date(year, month, int(day_text or 0))
        except ValueError:
            raise wrong(f"“{short(sentence)}”：没有 {month} 月 {day_text} 日这一天。") from None
        if year != self._year and (year, month) != (self._year - 1, _DECEMBER):
            raise wrong(f"“{short(sentence)}”：{said(day)}不在 {self._year} 年，请核对。")
        named = _BRACKET.search(bracket or "")
        if named and named.group(1).replace("天", "日") != _WEEKDAYS[day.weekday()]:
            raise wrong(
                f"“{short(sentence)}”：{day.month} 月 {day.day} 日是周{_WEEKDAYS[day.weekday()]}，"
                f"写的是周{named.group(1)}，请核对年份和日期。"
            )
        return day


def _items(plain: str) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    headings = list(_HEADING.finditer(plain))
    if not headings:
        raise wrong("没有找到“一、元旦：…”这样的条目。请粘贴通知全文。")
    for sentence in sentences_of(plain[: headings[0].start()]):
        if ABOUT_DAYS.search(sentence) and re.search(r"\d月\d", sentence):
            raise wrong(f"“{short(sentence)}”在第一条之前，不知属于哪个节日，请核对。")
    ends = [found.start() for found in headings[1:]] + [len(plain)]
    for found, end in zip(headings, ends, strict=True):
        names = tuple(re.split("[、和与]", found.group(1)))
        sentences = []
        for sentence in sentences_of(plain[found.end() : end]):
            if ENDING.match(sentence):
                break
            sentences.append(sentence)
        yield names, sentences


def sentences_of(text: str) -> list[str]:
    """The sentences without the marks that end them."""
    return [one.strip("；;") for one in re.split("[。；;]", text) if one.strip("；;")]


def _year(plain: str) -> int:
    years = sorted({int(found) for found in _YEAR.findall(plain)})
    if not years:
        raise wrong("没有写明是哪一年。请连同标题“…关于20XX年部分节假日安排的通知”一起粘贴。")
    if len(years) > 1:
        raise wrong(f"写了不止一个年份（{'、'.join(map(str, years))}）。一次只粘贴一年的通知。")
    return years[0]


def number_of(plain: str, given: str, year: int) -> str:
    """The 文号, from the text or as given. Raises InvalidInputError."""
    given = re.sub(r"\s+", "", given.translate(_ASCII))
    found = _NUMBER.search(plain) or _NUMBER.fullmatch(given)
    if found is None:
        raise InvalidInputError(
            "没有写明文号。请填写通知的文号，如“国办发明电〔2025〕7号”。", field="number"
        )
    kind, issued, number = found.groups()
    if int(issued) not in {year - 1, year}:
        raise InvalidInputError(
            f"文号“{found.group()}”的年份与 {year} 年的安排对不上，请核对。", field="number"
        )
    said = f"{kind}〔{issued}〕{int(number)}号"
    own = _NUMBER.fullmatch(given)
    if given and own is None:
        raise InvalidInputError(
            f"文号“{short(given)}”写法不对，应如“国办发明电〔2025〕7号”。", field="number"
        )
    if own is not None and (own.group(2), int(own.group(3))) != (issued, int(number)):
        raise InvalidInputError(
            f"填写的文号“{given}”与通知正文中的“{said}”不同，请核对。", field="number"
        )
    return said


def said(day: date) -> str:
    """The date in words."""
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def short(text: str) -> str:
    """A sentence short enough to be quoted."""
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004 (a line on the page)


def wrong(message: str) -> InvalidInputError:
    """The error about the pasted text."""
    return InvalidInputError(message, field="text")
