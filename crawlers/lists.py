"""The articles that a list page links to, and its next page, without a rule per site.

The links of a list stand at the same place of the same frame, row by row, each often with a date:
links are grouped by their place in the tree, and the group that looks most like headlines wins.
"""

# ruff: noqa: PLR2004  # weights and thresholds of a rule that was tuned on pages stand where they act

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from crawlers.anchors import Anchor, collect
from crawlers.bounds import MAX_LINKS
from crawlers.dates import SHANGHAI, find_dates
from crawlers.extraction import page as pages
from crawlers.menus import leads_to_list
from crawlers.pager import next_page

__all__ = ["Link", "article_links", "next_page"]

_ARTICLE: Final = re.compile(
    r"(?:t?20\d{6}|/20\d\d[-/]?\d{2}|content[_-]?\d|thread-\d|[?&](?:\w*id|tid|p|no)=\w*\d|art[_/]\d|"
    r"/\d{4,}|[_-]\d{4,}|\d{6,}|/a/\d|/p/\w|/post/|/article/|detail)",
    re.IGNORECASE,
)
_BESIDE: Final = re.compile("热点|热门|排行|推荐|相关|点击量|友情链接|专题|猜你|最热")
_SHORT_DATE: Final = re.compile(
    r"(?<![\d:/.-])(?P<month>1[0-2]|0?[1-9])[-/月](?P<day>3[01]|[12]\d|0?[1-9])日?(?![\d:/.-])"
)
_LABEL: Final = 8  # code points: what is no longer may be a menu's entry
_LATE: Final = datetime(9999, 12, 30, tzinfo=UTC)


class Link(Struct, frozen=True):
    """An article's address (absolute, without fragment), its title on the list, and the date there.

    ``published`` is an aware datetime at +08:00, a date, or None.
    """

    url: str
    title: str
    published: datetime | date | None = None


def article_links(html_text: str, base_url: str, *, now: datetime | None = None) -> list[Link]:
    """The articles of a list page in the page's order, each address once; ``[]`` if it has none.

    With ``now`` also dates without a year (``03-05``) are read. Never raises; at most
    ``MAX_LINKS``.
    """
    root = pages.parse(html_text)
    if root is None:
        return []
    every, text = collect(root, base_url)
    anchors = [anchor for anchor in every if not anchor.numbered]
    groups = _groups(anchors, text, now)
    judged = [(_score(group, text, now), group) for group in groups]
    judged = [item for item in judged if item[0] > 0]
    top, best = max(judged, key=lambda item: item[0], default=(0.0, []))
    if not best or _labels(best, text, now):
        few = _few(groups)
        if few or not best:
            return _links(few, text, now)
    shape = _shape(best)
    chosen = list(best)
    for score, group in judged:
        # Pinned or emphasised rows have a frame of their own, but the same kind of address.
        if group is not best and _shape(group) == shape and score > top * 0.02:
            chosen += group
    chosen += _untitled(every, best, shape)
    chosen.sort(key=lambda anchor: anchor.start)
    return _links(chosen, text, now)


def _untitled(every: list[Anchor], best: list[Anchor], shape: str) -> list[Anchor]:
    """Rows of the list whose label is a number alone; two numbers side by side are a pager."""
    place = best[0].place
    there = [anchor for anchor in every if anchor.place == place]
    alone = []
    for before, anchor, after in zip([None, *there], there, [*there[1:], None], strict=False):
        beside = any(other is not None and other.numbered for other in (before, after))
        if anchor.numbered and not beside and _shape([anchor]) == shape:
            alone.append(anchor)
    return alone


def _groups(anchors: list[Anchor], text: str, now: datetime | None) -> list[list[Anchor]]:
    """The links by their place; a menu stays apart from a list that has the same kind of frame."""
    frames: dict[tuple[str, int], list[Anchor]] = {}
    for anchor in anchors:
        frames.setdefault((anchor.place, anchor.frame), []).append(anchor)
    groups: dict[tuple[str, bool], list[Anchor]] = {}
    for (place, _), some in frames.items():
        menu = len(some) >= 3 and (_to_lists(some) > 0.6 or _labels(some, text, now))
        groups.setdefault((place, menu), []).extend(some)
    return list(groups.values())


def _labels(group: list[Anchor], text: str, now: datetime | None) -> bool:
    """Whether all titles of a group are as short as a menu's, and none has a date."""
    sizes = [len(anchor.title) for anchor in group]
    if max(sizes) > 12 or sum(sizes) > _LABEL * len(sizes):
        return False
    return not any(_stamps(group, text, now))


def _to_lists(group: list[Anchor]) -> float:
    return sum(leads_to_list(anchor.url) for anchor in group) / len(group)


def _few(groups: list[list[Anchor]]) -> list[Anchor]:
    """The one or two rows of a list that has no more: headlines, where nothing else rivals them."""
    rivals: list[tuple[int, list[Anchor]]] = []
    for group in groups:
        titled = [
            anchor
            for anchor in group
            if len(anchor.title) > _LABEL and not anchor.aside and not leads_to_list(anchor.url)
        ]
        if len(titled) * 2 > len(group):
            rivals.append((sum(min(len(anchor.title), 40) for anchor in titled), titled))
    rivals.sort(key=lambda item: item[0], reverse=True)
    if not rivals or (len(rivals) > 1 and rivals[1][0] * 1.3 > rivals[0][0]):
        return []
    return rivals[0][1]


def _links(chosen: list[Anchor], text: str, now: datetime | None) -> list[Link]:
    stamps = _stamps(chosen, text, now)
    found: dict[str, Link] = {}
    for anchor, stamp in zip(chosen, stamps, strict=True):
        known = found.get(anchor.url)
        if known is None and len(found) >= MAX_LINKS:
            break
        title = max(anchor.title, known.title if known else "", key=len)
        found[anchor.url] = Link(anchor.url, title, (known.published if known else None) or stamp)
    return list(found.values())


def _score(group: list[Anchor], text: str, now: datetime | None) -> float:
    """How much a group looks like the list; 0 for what is none."""
    distinct = {anchor.url: anchor for anchor in group}
    count = len(distinct)
    length = sum(min(len(anchor.title), 40) for anchor in distinct.values()) / count
    dated = sum(stamp is not None for stamp in _stamps(group, text, now)) / len(group)
    article = sum(_like_article(url) for url in distinct) / count
    lists = _to_lists(group)
    aside = sum(anchor.aside for anchor in group) / len(group)
    if length < 5 and dated < 0.5:
        return 0.0
    if count < 3 and not (article > 0.5 and (dated > 0.5 or length >= 8)):
        return 0.0
    if article < 0.3 and dated < 0.3 and (length < 10 or lists > 0.6):
        return 0.0
    repeats = count / len(group) * len({anchor.title for anchor in group}) / len(group)
    if _BESIDE.search(text[max(group[0].start - 30, 0) : group[0].start]):
        repeats *= 0.1
    if length <= _LABEL and not dated:
        repeats *= 0.2
    score = (
        min(count, 60) ** 0.8 * min(length, 25) * (0.3 + article) * (0.4 + 1.6 * dated) * repeats
    )
    return float(score * (1 - 0.7 * aside) * (1 - 0.8 * lists))


def _like_article(url: str) -> bool:
    parts = urlsplit(url)
    return _ARTICLE.search(f"{parts.path}?{parts.query}") is not None and not leads_to_list(url)


def _shape(group: list[Anchor]) -> str:
    """The kind of address most of a group has: digits become 0, names in words are left out."""
    counts: dict[str, int] = {}
    for anchor in group:
        parts = urlsplit(anchor.url)
        folder, _, name = parts.path.rpartition("/")
        if not re.search(r"\d", name):
            name = ""
        name = re.sub(r"[0-9a-f]{8,}", "0", name)
        query = re.sub(r"=[^&]*", "=", parts.query)
        key = re.sub(r"\d+", "0", f"{parts.netloc}{folder}/{name}?{query}")
        counts[key] = counts.get(key, 0) + 1
    return max(counts, key=counts.__getitem__)


def _stamps(group: list[Anchor], text: str, now: datetime | None) -> list[datetime | date | None]:
    """The date of each row: after its link, or before it where the list begins with a date."""
    after: list[datetime | date | None] = []
    before: list[datetime | date | None] = []
    for index, anchor in enumerate(group):
        following = group[index + 1].start if index + 1 < len(group) else len(text)
        preceding = group[index - 1].end if index else 0
        after.append(_stamp(text[anchor.end : min(following, anchor.end + 160)], now, last=False))
        before.append(
            _stamp(text[max(preceding, anchor.start - 60) : anchor.start], now, last=True)
        )
    told = [sum(stamp is not None for stamp in side) for side in (after, before)]
    if before and before[0] is not None and (after[-1] is None or told[1] > told[0]):
        return before
    inner = [_stamp(text[anchor.start : anchor.end], now, last=True) for anchor in group]
    if sum(stamp is not None for stamp in inner) > max(told):
        return inner
    return after


def _stamp(text: str, now: datetime | None, *, last: bool) -> datetime | date | None:
    if not re.search(r"\d", text) and "前" not in text:
        return None
    found = find_dates(text, now or _LATE)
    if now is None:
        found = [item for item in found if item.form == "full"]
    if found:
        return found[-1 if last else 0].value
    if now is None:
        return None
    local = now.astimezone(SHANGHAI).date()
    for match in _SHORT_DATE.finditer(text):
        for year in (local.year, local.year - 1):
            try:
                day = date(year, int(match["month"]), int(match["day"]))
            except ValueError:
                continue
            if day <= local:
                return day
    return None
