"""The articles that a list page links to, and its next page, without a rule per site.

The links of a list stand at the same place of the same frame, row by row, each often with a date:
links are grouped by their place in the tree, and the group that looks most like headlines wins.
"""

# ruff: noqa: PLR2004  # weights and thresholds of a rule that was tuned on pages stand where they act

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import urldefrag, urlsplit

from lxml import etree
from msgspec import Struct

from crawlers.bounds import MAX_ANCHORS, MAX_ELEMENTS, MAX_LINKS
from crawlers.dates import SHANGHAI, find_dates
from crawlers.extraction import page as pages
from crawlers.hrefs import absolute
from crawlers.pager import next_page

__all__ = ["Link", "article_links", "next_page"]

_ASIDE: Final = re.compile(
    r"\b(?:nav|menu|foot|footer|header|head|top|crumbs?|breadcrumb|position|pos|copyright|friend|"
    r"links?|sidebar|side|hot|rank|tags?|login|page|pager|pagination|share|banner|logo|lanmu)\b"
)
_ASIDE_TAGS: Final = frozenset(("nav", "footer", "header", "aside"))
_NO_TITLE: Final = re.compile(
    r"^\W*(?:更多|more|首页|尾页|末页|上一?页|下一?页|后一?页|前一?页|详细|详情|查看(?:全文|详情)?|阅读全文|返回.*|\[?\d+\]?|"
    r"[<>«»›\s.…]+|登录|注册|打印|收藏|回复|举报|编辑|设为首页|网站地图|联系我们|关于我们|english|rss)\W*$",
    re.IGNORECASE,
)
_ARTICLE: Final = re.compile(
    r"(?:t?20\d{6}|/20\d\d[-/]?\d{2}|content[_-]?\d|thread-\d|[?&](?:\w*id|tid|p|no)=\w*\d|art[_/]\d|"
    r"/\d{4,}|[_-]\d{4,}|\d{6,}|/a/\d|/p/\w|/post/|/article/|detail)",
    re.IGNORECASE,
)
_ODD_EVEN: Final = re.compile(r"\d+|\b(?:odd|even|first|last|on|active|current|cur|top|hover)\b")
_DATE_ONLY: Final = re.compile(r"^[\d\s:/.年月日时分-]+$")
_DATE_EDGE: Final = re.compile(
    r"^[\[(（【]?\d{4}[-./年]\d{1,2}[-./月]\d{1,2}日?[\])）】]?\s|"
    r"\s[\[(（【]?\d{4}[-./年]\d{1,2}[-./月]\d{1,2}日?(?:\s\d{1,2}:\d{2}(?::\d{2})?)?[\])）】]?$"
)
_BESIDE: Final = re.compile("热点|热门|排行|推荐|相关|点击量|友情链接|专题|猜你|最热")
_FILES: Final = re.compile(
    r"\.(?:jpe?g|png|gif|bmp|webp|svg|ico|css|js|zip|rar|7z|exe|apk|mp3|mp4|avi|wmv|flv|swf)$",
    re.IGNORECASE,
)
_SHORT_DATE: Final = re.compile(
    r"(?<![\d:/.-])(?P<month>1[0-2]|0?[1-9])[-/月](?P<day>3[01]|[12]\d|0?[1-9])日?(?![\d:/.-])"
)
_LATE: Final = datetime(9999, 12, 30, tzinfo=UTC)


class Link(Struct, frozen=True):
    """An article's address (absolute, without fragment), its title on the list, and the date there.

    ``published`` is an aware datetime at +08:00, a date, or None.
    """

    url: str
    title: str
    published: datetime | date | None = None


class _Anchor(Struct):
    url: str
    title: str
    place: str
    aside: bool
    start: int  # where the anchor's text begins in the page's text, and where it ends
    end: int


def article_links(html_text: str, base_url: str, *, now: datetime | None = None) -> list[Link]:
    """The articles of a list page in the page's order, each address once; ``[]`` if it has none.

    With ``now`` also dates without a year (``03-05``) are read. Never raises; at most
    ``MAX_LINKS``.
    """
    root = pages.parse(html_text)
    if root is None:
        return []
    anchors, text = _Collector(base_url).run(root)
    groups: dict[str, list[_Anchor]] = {}
    for anchor in anchors:
        groups.setdefault(anchor.place, []).append(anchor)
    judged = [(_score(group, text, now), group) for group in groups.values()]
    judged = [item for item in judged if item[0] > 0]
    if not judged:
        return []
    top, best = max(judged, key=lambda item: item[0])
    shape = _shape(best)
    chosen = list(best)
    for score, group in judged:
        # Pinned or emphasised rows have a frame of their own, but the same kind of address.
        if group is not best and _shape(group) == shape and score > top * 0.02:
            chosen += group
    chosen.sort(key=lambda anchor: anchor.start)
    return _links(chosen, text, now)


def _links(chosen: list[_Anchor], text: str, now: datetime | None) -> list[Link]:
    stamps = _stamps(chosen, text, now)
    found: dict[str, Link] = {}
    for anchor, stamp in zip(chosen, stamps, strict=True):
        known = found.get(anchor.url)
        if known is None and len(found) >= MAX_LINKS:
            break
        title = max(anchor.title, known.title if known else "", key=len)
        found[anchor.url] = Link(anchor.url, title, (known.published if known else None) or stamp)
    return list(found.values())


def _score(group: list[_Anchor], text: str, now: datetime | None) -> float:
    """How much a group looks like the list; 0 for what is none."""
    distinct = {anchor.url: anchor for anchor in group}
    count = len(distinct)
    length = sum(min(len(anchor.title), 40) for anchor in distinct.values()) / count
    dated = sum(stamp is not None for stamp in _stamps(group, text, now)) / len(group)
    article = sum(_ARTICLE.search(urlsplit(url).path + "?" + urlsplit(url).query) is not None
                  for url in distinct) / count  # fmt: skip
    aside = sum(anchor.aside for anchor in group) / len(group)
    if length < 5 and dated < 0.5:
        return 0.0
    if count < 3 and not (article > 0.5 and (dated > 0.5 or length >= 8)):
        return 0.0
    if article < 0.3 and dated < 0.3 and length < 10:
        return 0.0
    repeats = count / len(group) * len({anchor.title for anchor in group}) / len(group)
    if _BESIDE.search(text[max(group[0].start - 30, 0) : group[0].start]):
        repeats *= 0.1
    score = (
        min(count, 60) ** 0.8 * min(length, 25) * (0.3 + article) * (0.4 + 1.6 * dated) * repeats
    )
    return float(score * (1 - 0.7 * aside))


def _shape(group: list[_Anchor]) -> str:
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


def _stamps(group: list[_Anchor], text: str, now: datetime | None) -> list[datetime | date | None]:
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


class _Collector:
    """Walks the tree once: the anchors with their places, and the text around them."""

    def __init__(self, base_url: str) -> None:
        self.base = base_url
        self.parts: list[str] = []
        self.size = 0
        self.anchors: list[_Anchor] = []
        self.path: list[tuple[str, bool]] = []
        self.open: list[tuple[str, str, int]] = []

    def run(self, root: etree._Element) -> tuple[list[_Anchor], str]:
        if (node := root.find(".//base")) is not None and node.get("href"):
            self.base = absolute(self.base, node.get("href") or "") or self.base
        walk = etree.iterwalk(root, events=("start", "end"))
        for steps, (event, element) in enumerate(walk):
            tag = element.tag if isinstance(element.tag, str) else ""
            if event == "start":
                if tag in ("script", "style", "noscript", "select", "textarea", "") or (
                    len(self.path) > 240
                ):
                    walk.skip_subtree()
                self._start(element, tag)
            else:
                self._end(element, tag)
            if len(self.anchors) >= MAX_ANCHORS or steps > 2 * MAX_ELEMENTS:
                break
        return self.anchors, "".join(self.parts)

    def _text(self, text: str | None) -> None:
        if text:
            text = pages.squeeze(text) + " "
            self.parts.append(text)
            self.size += len(text)

    def _start(self, element: etree._Element, tag: str) -> None:
        aside = bool(self.path and self.path[-1][1]) or tag in _ASIDE_TAGS
        if not aside and tag not in ("body", "html"):
            names = f"{element.get('class') or ''} {element.get('id') or ''}"[:200].lower()
            aside = _ASIDE.search(names.replace("_", " ").replace("-", " ")) is not None
        step = tag
        if tag in ("td", "th", "a", "span") and (parent := element.getparent()) is not None:
            step += _column(element, parent)
        elif tag in ("div", "ul", "ol", "table", "section"):
            step += "." + _ODD_EVEN.sub("", (element.get("class") or "")[:80].lower()).strip()
        self.path.append((step, aside))
        if tag == "a":
            self.open.append((element.get("href") or "", element.get("title") or "", self.size))
        if tag not in ("script", "style", "noscript", "select", "textarea"):
            self._text(element.text)

    def _end(self, element: etree._Element, tag: str) -> None:
        if tag == "a" and self.open:
            self._anchor(*self.open.pop())
        if self.path:
            self.path.pop()
        self._text(element.tail)

    def _anchor(self, href: str, hint: str, start: int) -> None:
        url = absolute(self.base, href)
        shown = pages.squeeze("".join(_between(self.parts, self.size, start)))
        title = pages.squeeze(hint) if len(pages.squeeze(hint)) > len(shown) else shown
        title = _DATE_EDGE.sub("", title).strip("·•●▪■◆-—>» 　")
        if url is None or _FILES.search(urlsplit(url).path) or url == urldefrag(self.base).url:
            return
        if len(title) < 2 or _NO_TITLE.match(title) or _DATE_ONLY.match(title):
            return
        place = "/".join(step for step, _ in self.path[-12:])
        self.anchors.append(_Anchor(url, title[:300], place, self.path[-1][1], start, self.size))


def _between(parts: list[str], size: int, start: int) -> list[str]:
    """The parts of the text from offset ``start`` on."""
    taken: list[str] = []
    at = size
    for part in reversed(parts):
        if at <= start:
            break
        taken.append(part)
        at -= len(part)
    return taken[::-1]


def _column(element: etree._Element, parent: etree._Element) -> str:
    """Which of its row's cells or links an element is; nothing where the row is the list itself."""
    number = total = 0
    for sibling in parent.iterchildren(element.tag):
        if sibling is element:
            number = total
        total += 1
        if total > 9:
            break
    return "" if element.tag == "a" and total > 5 else str(number)
