"""When a page was published: the date that stands near its headline, checked against meta tags.

Sidebars, comments, copyright lines, clocks ("今天是…") and dates within the text are not taken; an
undated page has no date. The address of the page is the weakest evidence and gives a day only.
"""

# ruff: noqa: PLR2004  # weights and thresholds of a rule that was tuned on pages stand where they act

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from lxml import etree
from msgspec import Struct

from crawlers.bounds import MAX_DATED_LINES
from crawlers.dates import SHANGHAI, Found, find_dates, parse_stamp
from crawlers.extraction.page import Line

_LABEL: Final = re.compile(
    r"(?:(?:发布|发表|发稿|刊发|刊登|上传|录入|创建|发帖|提交|来信|写信|提问|投诉|留言|公开|公布|添加|文章)"
    r"(?:的)?(?:时间|日期|于|在)?|(?<![\u4e00-\u9fff])(?:时间|日期)|posted|published|date)\s{0,3}(?:[:：]|于|on|at)?[\s\[【(（|]{0,4}$",
    re.IGNORECASE,
)
_ISSUED: Final = re.compile(r"发文\s?(?:时间|日期)\s{0,3}[:：]?\s{0,4}$")
_WEAK_LABEL: Final = re.compile(r"(?:更新|修改|编辑|last edited).{0,8}$", re.IGNORECASE)
_WRONG: Final = re.compile(
    r"(?:今天是|今日是|现在是|当前|今天|访问|注册|生日|截止|截至|报名|有效期|生效|施行|实施|成文|开庭|登录|到期|"
    r"活动|会议|开始|结束|起止|回复|最后|copyright|©|版权|自|出生|下载|登记|第).{0,8}$",
    re.IGNORECASE,
)
_ONWARD: Final = re.compile(r"^\s{0,2}(?:[-–—~至到]|起(?!诉)|前|以前|之前|施行|实施|生效|出生)")
_WEEKDAY: Final = re.compile("^[\\s,，]{0,3}(?:星期|周)[一二三四五六日天]")
_SOURCE: Final = re.compile(
    "来源|作者|记者|编辑|浏览|阅读|点击|字号|字体|评论|人气|访问量|出处|供稿"
)
_MARKS: Final = re.compile("[，。；！？]")
_METAS: Final = frozenset(
    """
    pubdate publishdate publish-date publish_date publication_date publishtime
    publish_time article:published_time article.published article:create_at
    og:release_date og:article:published_time datepublished firstpublishedtime
    dc.date dc.date.issued dcterms.created dcterms.issued
    bytedance:published_time weibo:article:create_at
    """.split()  # noqa: SIM905  # a list that is read as words
)
_JSON_DATE: Final = re.compile(
    r"\"(?:datePublished|pubDate|upDate)\"\s{0,3}:\s{0,3}\"([^\"]{8,40})\"", re.IGNORECASE
)
# What scripts write into the page when it is opened, as the articles of one messenger do.
_IN_SCRIPT: Final = re.compile(
    r"\bvar\s{1,5}(?:ct|oriCreateTime|createTime|create_time|publish_?time|pub_?time|pub_?date)"
    r"\s{0,5}=\s{0,5}[\"']([^\"'\n]{8,40})[\"']",
    re.IGNORECASE,
)
_EPOCH: Final = re.compile(r"(\d{10})(?:\d{3})?")
_IN_ADDRESS: Final = re.compile(
    r"(?<!\d)(19[89]\d|20[0-4]\d)[-_/]?(0[1-9]|1[0-2])[-_/]?(0[1-9]|[12]\d|3[01])(?!\d)"
)
_NEVER: Final = -10.0
_ENOUGH: Final = 3.4
_FAR: Final = -5.0
_SURE: Final = 6.0


class _Scored(Struct, frozen=True):
    score: float
    line: int
    value: datetime | date


class Published(Struct, frozen=True):
    """The time (aware, +08:00) or day of publication, and the line that showed it."""

    value: datetime | date
    line: int | None


def find(
    root: etree._Element,
    lines: list[Line],
    *,
    headline: int | None,
    body: tuple[int, int] | None,
    url: str | None,
    now: datetime,
) -> Published | None:
    """The best supported date, or None. Where two agree on the day, the more precise is taken."""
    anchored = body is not None or headline is not None
    shown = _shown(lines, headline, body, now) if anchored else None
    told = _told(root, now)
    if told is None and anchored:
        scripted = _scripted(root, now)
        if shown is None or (scripted and _day(scripted) == _day(shown.value)):
            told = scripted
    if shown is None and told is None:
        return _addressed(url, now) if body is not None else None
    if shown is None:
        return Published(told, None) if told else None
    if told is None or _day(told) == _day(shown.value) or shown.score >= _SURE:
        exact = shown.value
        if told is not None and _day(told) == _day(exact) and not isinstance(exact, datetime):
            exact = told
        return Published(exact, shown.line)
    return Published(told, None)


def _day(value: datetime | date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _told(root: etree._Element, now: datetime) -> datetime | date | None:
    """What meta tags, microdata and JSON-LD say; a midnight is a day."""
    values: list[datetime | date] = []
    for node in root.iter("meta", "time", "span", "script"):
        stamp = ""
        if node.tag == "meta":
            name = node.get("name") or node.get("property") or node.get("itemprop") or ""
            if name.lower() in _METAS:
                stamp = node.get("content") or ""
        elif (node.get("itemprop") or "").lower() == "datepublished":
            stamp = node.get("datetime") or node.get("content") or node.text or ""
        elif node.tag == "script" and "ld+json" in (node.get("type") or ""):
            match = _JSON_DATE.search((node.text or "")[:100_000])
            stamp = match.group(1) if match else ""
        if stamp and (value := parse_stamp(stamp, now)) is not None:
            values.append(_midnight(value))
    return next((value for value in values if isinstance(value, datetime)), None) or next(
        iter(values), None
    )


def _scripted(root: etree._Element, now: datetime) -> datetime | date | None:
    """What a page's own scripts name as its time; the most precise, seconds since 1970 first."""
    values: list[datetime | date] = []
    for node in root.iter("script"):
        for match in _IN_SCRIPT.finditer((node.text or "")[:500_000]):
            stamp = match.group(1).strip()
            if (epoch := _EPOCH.fullmatch(stamp)) is not None:
                moment = datetime.fromtimestamp(int(epoch.group(1)), tz=SHANGHAI)
                stamp = moment.isoformat(sep=" ", timespec="seconds")
            if (value := parse_stamp(stamp, now)) is not None:
                values.append(_midnight(value))
    return max(values, key=_precision, default=None)


def _precision(value: datetime | date) -> int:
    """How fine a value is: with seconds, with minutes, or a day."""
    if not isinstance(value, datetime):
        return 0
    return 2 if value.second else 1


def _midnight(value: datetime | date) -> datetime | date:
    if isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0):
        return value.date()
    return value


def _shown(
    lines: list[Line], headline: int | None, body: tuple[int, int] | None, now: datetime
) -> _Scored | None:
    best: _Scored | None = None
    for line in lines[:MAX_DATED_LINES]:
        place = _place(line.index, headline, body)
        if place <= _FAR:  # too far away for any form to make up for
            continue
        text = line.text[:300]
        for found in find_dates(text, now):
            # In a table the label stands in the cell before.
            cell = lines[line.index - 1].text[-16:] if found.start < 2 and line.index else ""
            label = cell if cell.endswith((":", "：", "时间", "日期")) else ""
            score = place + _form(line, text, found, label)
            if score >= _ENOUGH and (best is None or score > best.score + 1e-6):
                best = _Scored(score, line.index, _midnight(found.value))
    return best


def _place(index: int, headline: int | None, body: tuple[int, int] | None) -> float:
    """How well a line's place suits the date of the article: 3 just below the headline."""
    if body is None:
        return 1.0 - abs(index - headline) * 0.2 if headline is not None else -1.0
    first, last = body
    if index >= last - 1:
        return 1.0 - 0.25 * max(index - last, 0)
    if headline is None or headline > first + 5:
        return _beside(index, first)
    if index < headline:
        return 2.4 - 0.35 * (headline - index)
    if index <= max(first, headline) + 3:
        return 3.0 - min((index - headline) * 0.1, 2.0)
    return -1.0


def _beside(index: int, first: int) -> float:
    """The same where no line shows the headline: near the body's beginning."""
    if first - 8 <= index <= first + 2:
        return 2.5 - abs(index - first) * 0.15
    return -1.0 - max(first - index, 0) * 0.1


def _form(line: Line, text: str, found: Found, cell: str) -> float:
    """How much a date looks like a date of publication by what stands around it."""
    before = cell + text[max(0, found.start - 16) : found.start]
    after = text[found.end : found.end + 16]
    label = _LABEL.search(before) is not None
    stamp = text[found.start : found.end].strip()
    rest = len(text) - (found.end - found.start)
    linked = line.linked and any(inside and stamp in part for part, inside in line.parts)
    wrong = not label and (_WRONG.search(before) or _ONWARD.search(after))
    prose = rest > 60 and _MARKS.search(text) and not (label and found.start < 80)
    if linked or wrong or prose:
        return _NEVER
    clock = _WEEKDAY.match(after) is not None and not label and not found.exact
    aside = before.rstrip()[-1:] in ("（", "(", "[", "【") and line.linked > 0
    points = (
        (3.0, label),
        (2.0, not label and _ISSUED.search(before) is not None),
        (1.0, not label and _WEAK_LABEL.search(before) is not None),
        (2.0, found.exact),
        (-1.0, found.form in ("numerals", "month_day")),
        (-1.5, clock),
        (0.5, _SOURCE.search(text) is not None),
        (1.0, rest <= 40),
        (0.5, rest <= 12),
        (-3.0, aside),
    )
    return sum(point for point, holds in points if holds)


def _addressed(url: str | None, now: datetime) -> Published | None:
    if not url:
        return None
    for match in list(_IN_ADDRESS.finditer(url[:2000]))[-3:]:
        value = parse_stamp("-".join(match.groups()), now)
        if value is not None:
            return Published(_day(value), None)
    return None
