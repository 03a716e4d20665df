"""When a page was published: the date that stands near its headline, checked against meta tags.

Sidebars, comments, copyright lines, clocks ("今天是…") and dates within the text are not taken; an
undated page has no date. The address of the page is the weakest evidence and gives a day only.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from lxml import etree
from msgspec import Struct

from crawlers.dates import Found, find_dates, parse_stamp
from crawlers.extraction.page import Line

_LABEL: Final = re.compile(
    r"(?:(?:发布|发表|发稿|刊发|刊登|上传|录入|创建|发帖|提交|来信|写信|提问|投诉|留言|公开|公布|添加|文章)"
    r"(?:的)?(?:时间|日期|于|在)?|时间|日期|posted|published|date)\s{0,3}(?:[:：]|于|on|at)?[\s\[【(（|]{0,4}$",
    re.IGNORECASE,
)
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
    [
        "pubdate",
        "publishdate",
        "publish-date",
        "publish_date",
        "publication_date",
        "publishtime",
        "publish_time",
        "article:published_time",
        "og:release_date",
        "og:article:published_time",
        "datepublished",
        "dc.date",
        "dc.date.issued",
        "dcterms.created",
        "dcterms.issued",
        "article:create_at",
        "article.published",
        "bytedance:published_time",
        "weibo:article:create_at",
        "firstpublishedtime",
    ]
)
_JSON_DATE: Final = re.compile(
    r"\"(?:datePublished|pubDate|upDate)\"\s{0,3}:\s{0,3}\"([^\"]{8,40})\"", re.IGNORECASE
)
_IN_ADDRESS: Final = re.compile(
    r"(?<!\d)(19[89]\d|20[0-4]\d)[-_/]?(0[1-9]|1[0-2])[-_/]?(0[1-9]|[12]\d|3[01])(?!\d)"
)
_ENOUGH: Final = 3.4
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
    shown = _shown(lines, headline, body, now)
    told = _told(root, now)
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


def _midnight(value: datetime | date) -> datetime | date:
    if isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0):
        return value.date()
    return value


def _shown(
    lines: list[Line], headline: int | None, body: tuple[int, int] | None, now: datetime
) -> _Scored | None:
    best: _Scored | None = None
    for line in lines:
        if len(line.text) > 400 and not line.index == (body or (-1,))[0]:  # noqa: PLR2004
            continue
        place = _place(line.index, headline, body)
        if place <= -5:  # noqa: PLR2004  # too far away for any form to make up for
            continue
        text = line.text[:400]
        for found in find_dates(text, now):
            score = place + _form(line, text, found)
            if score >= _ENOUGH and (best is None or score > best.score + 1e-6):
                best = _Scored(score, line.index, _midnight(found.value))
    return best


def _place(index: int, headline: int | None, body: tuple[int, int] | None) -> float:
    """How well a line's place suits the date of the article."""
    if body is None:
        return 1.0 - abs(index - headline) * 0.2 if headline is not None else -1.0
    first, last = body
    if headline is not None and headline <= first + 5:
        if headline <= index <= max(first, headline) + 3:
            return 3.0 - min((index - headline) * 0.1, 2.0)
        if index < headline:
            return 2.4 - 0.35 * (headline - index)
    elif first - 8 <= index <= first + 2:
        return 2.5 - abs(index - first) * 0.15
    elif index < first:
        return -1.0 - (first - index) * 0.1
    if index >= last - 1:
        return 1.0 - 0.25 * max(index - last, 0)
    return -1.0


def _form(line: Line, text: str, found: Found) -> float:
    """How much a date looks like a date of publication by what stands around it."""
    before, after = text[max(0, found.start - 16) : found.start], text[found.end : found.end + 16]
    label = _LABEL.search(before)
    if not label and (_WRONG.search(before) or _ONWARD.search(after)):
        return -10.0
    stamp = text[found.start : found.end].strip()
    if line.linked and any(inside and stamp in part for part, inside in line.parts):
        return -10.0
    rest = len(text) - (found.end - found.start)
    score = 0.0
    if label:
        score += 3.0
    elif _WEAK_LABEL.search(before):
        score += 1.0
    if found.exact:
        score += 2.0
    if found.form in ("numerals", "month_day"):
        score -= 1.0
    if _WEEKDAY.match(after) and not label and not found.exact:
        score -= 1.5  # a clock or a calendar
    if _SOURCE.search(text):
        score += 0.5
    if rest > 60 and _MARKS.search(text) and not (label and found.start < 80):  # noqa: PLR2004
        return -10.0
    if rest <= 40:  # noqa: PLR2004
        score += 1.0
    if rest <= 12:  # noqa: PLR2004
        score += 0.5
    if before.rstrip()[-1:] in "（([【" and line.linked:
        score -= 3.0
    return score


def _addressed(url: str | None, now: datetime) -> Published | None:
    if not url:
        return None
    for match in list(_IN_ADDRESS.finditer(url[:2000]))[-3:]:
        value = parse_stamp("-".join(match.groups()), now)
        if value is not None:
            return Published(_day(value), None)
    return None
