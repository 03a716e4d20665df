"""The articles that a list page links to, and its next page, without a rule per site.

The links of a list stand at the same place of the same frame, row by row, each often with a date:
links are grouped by their place in the tree, and the group that looks most like headlines wins.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

from lxml import etree
from msgspec import Struct

from crawlers.bounds import MAX_ANCHORS, MAX_LINKS
from crawlers.dates import SHANGHAI, find_dates
from crawlers.extraction import page as pages

_ASIDE: Final = re.compile(
    r"\b(?:nav|menu|foot|footer|header|head|top|crumbs?|breadcrumb|position|pos|copyright|friend|"
    r"links?|sidebar|side|hot|rank|tags?|login|page|pager|pagination|share|banner|logo|lanmu)\b"
)
_ASIDE_TAGS: Final = frozenset(("nav", "footer", "header", "aside"))
_NO_TITLE: Final = re.compile(
    r"^(?:更多|more|首页|尾页|末页|上一?页|下一?页|后一?页|前一?页|详细|详情|查看(?:全文|详情)?|阅读全文|返回.*|\[?\d+\]?|"
    r"[<>«»›\s.…]+|登录|注册|打印|收藏|回复|举报|编辑|设为首页|网站地图|联系我们|关于我们|english|rss)\W*$",
    re.IGNORECASE,
)
_ARTICLE: Final = re.compile(
    r"(?:t?20\d{6}|/20\d\d[-/]?\d{2}|content[_-]?\d|thread-\d|[?&](?:\w*id|tid|p|no)=\w*\d|art[_/]\d|"
    r"/\d{4,}|[_-]\d{4,}|\d{6,}|/a/\d|/p/\w|/post/|/article/|detail)",
    re.IGNORECASE,
)
_FILES: Final = re.compile(
    r"\.(?:jpe?g|png|gif|bmp|webp|svg|ico|css|js|zip|rar|7z|exe|apk|mp3|mp4|avi|wmv|flv|swf)$", re.I
)
_SHORT_DATE: Final = re.compile(
    r"(?<![\d:/.-])(?P<month>1[0-2]|0?[1-9])[-/月](?P<day>3[01]|[12]\d|0?[1-9])日?(?![\d:/.-])"
)
_NEXT_WORD: Final = re.compile(
    r"^\W*(?:下一?页|下一頁|下頁|后一?页|后页|next(?:\s?page)?)\W*$", re.I
)
_NEXT_SIGN: Final = re.compile(r"^(?:>|›|»|>>)$")
_CALL: Final = re.compile(
    r"createPageHTML\w{0,20}\s?\(\s{0,5}(?:['\"][\w-]{0,40}['\"]\s{0,5},\s{0,5})?(?P<total>\d{1,5})\s{0,5},"
    r"\s{0,5}(?P<current>\d{1,5})\s{0,5},\s{0,5}['\"](?P<stem>[\w./-]{1,80})['\"]\s{0,5},"
    r"\s{0,5}['\"]\.?(?P<ext>\w{2,6})['\"]",
    re.IGNORECASE,
)
_COUNT: Final = re.compile(
    r"(?:countPage|pageCount|totalPages?|page_count)\s?=\s?['\"]?(\d{1,5})", re.I
)
_CURRENT: Final = re.compile(
    r"(?:currentPage|curPage|pageIndex|nowPage)\s?=\s?['\"]?(\d{1,5})", re.IGNORECASE
)
_STEM: Final = re.compile(
    r"['\"=]\s{0,3}(?P<stem>[A-Za-z][\w-]{0,40})(?:['\"]\s{0,3}\+\s{0,3}['\"])?_['\"]\s{0,3}\+"
)
_EXT: Final = re.compile(
    r"['\"]\.?['\"]?\s{0,3}\+?\s{0,3}['\"]?\.?(s?html?|jspx?|aspx?|php)['\"]", re.I
)
_NUMBERED: Final = re.compile(r"^(?P<stem>.*?)(?:_(?P<number>\d{1,5}))?\.(?P<ext>s?html?)$", re.I)
_LOCATION: Final = re.compile(r"(?:location(?:\.href)?\s?=|open\()\s?['\"]([^'\"]{1,500})['\"]")
_ADDRESS_LIMIT: Final = 2_000
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
        if known is None or len(anchor.title) > len(known.title):
            found[anchor.url] = Link(anchor.url, anchor.title, stamp or (known and known.published))
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
    if length < 5 and dated < 0.5:  # noqa: PLR2004
        return 0.0
    if count < 3 and not (article > 0.5 and (dated > 0.5 or length >= 8)):  # noqa: PLR2004
        return 0.0
    if article < 0.3 and dated < 0.3 and length < 10:  # noqa: PLR2004
        return 0.0
    repeats = count / len(group)
    score = (
        min(count, 60) ** 0.8 * min(length, 25) * (0.3 + article) * (0.4 + 1.6 * dated) * repeats
    )
    return score * (1 - 0.7 * aside)


def _shape(group: list[_Anchor]) -> str:
    """The kind of address most of a group has: digits become 0, the last name is left out."""
    counts: dict[str, int] = {}
    for anchor in group:
        parts = urlsplit(anchor.url)
        folder = parts.path.rpartition("/")[0]
        query = re.sub(r"=[^&]*", "=", parts.query)
        key = re.sub(r"\d+", "0", f"{parts.netloc}{folder}?{query}")
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
            self.base = _join(self.base, node.get("href") or "") or self.base
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            tag = element.tag if isinstance(element.tag, str) else ""
            if event == "start":
                if tag in ("script", "style", "noscript", "select", "textarea", "") or (
                    len(self.path) > 240  # noqa: PLR2004
                ):
                    walk.skip_subtree()
                self._start(element, tag)
            else:
                self._end(element, tag)
            if len(self.anchors) >= MAX_ANCHORS:
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
            # The column of a row; bounded, since rows of thousands of cells are no list.
            step += str(min(_ordinal(element, parent), 9))
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
        url = _join(self.base, href)
        shown = pages.squeeze("".join(_between(self.parts, self.size, start)))
        title = pages.squeeze(hint) if len(pages.squeeze(hint)) > len(shown) else shown
        title = title.strip("·•●▪■◆-—>» 　")
        if url is None or _FILES.search(urlsplit(url).path) or url == urldefrag(self.base).url:
            return
        if len(title) < 2 or _NO_TITLE.match(title):  # noqa: PLR2004
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


def _ordinal(element: etree._Element, parent: etree._Element) -> int:
    number = 0
    for sibling in parent.iterchildren(element.tag):
        if sibling is element or number >= 9:  # noqa: PLR2004
            break
        number += 1
    return number


def _join(base: str, href: str) -> str | None:
    href = href.strip()
    if not href or len(href) > _ADDRESS_LIMIT or href.startswith("#"):
        return None
    try:
        url = urldefrag(urljoin(base, href)).url
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def next_page(html_text: str, base_url: str) -> str | None:
    """The address of the list's next page on the same host, or None where it ends.

    Links (下一页, rel=next, the number after the present one) come first, then pagers that a
    script draws: ``createPageHTML(total, current, "index", "html")`` and variables ``countPage``
    and ``currentPage`` of the TRS kind, whose pages are ``index_1.html`` and so on.
    """
    root = pages.parse(html_text)
    if root is None:
        return None
    found = _linked_next(root, base_url) or _drawn_next(html_text[:2_000_000], base_url)
    if found is None or urlsplit(found).netloc != urlsplit(base_url).netloc:
        return None
    return None if found == urldefrag(base_url).url else found


def _linked_next(root: etree._Element, base_url: str) -> str | None:
    numbers: dict[int, str] = {}
    for index, node in enumerate(root.iter("a", "link")):
        if index > MAX_ANCHORS:
            break
        href = node.get("href") or ""
        if match := _LOCATION.search((node.get("onclick") or "")[:1_000] or href[:1_000]):
            href = match.group(1)
        url = _join(base_url, href)
        if url is None:
            continue
        if (node.get("rel") or "").lower() == "next":
            return url
        if node.tag == "link":
            continue
        words = pages.squeeze("".join(node.itertext())) or pages.squeeze(node.get("title") or "")
        named = "next" in (node.get("class") or "").lower().split()
        if _NEXT_WORD.match(words) or named or _NEXT_SIGN.match(words):
            return url
        if words.strip("[]").isdecimal() and len(words) < 6:  # noqa: PLR2004
            numbers.setdefault(int(words.strip("[]")), url)
    return numbers.get(_number_of(base_url) + 1) if len(numbers) > 1 else None


def _number_of(url: str) -> int:
    """The page's number by its address, from 1: ``index_1.html`` is the second page."""
    parts = urlsplit(url)
    if match := re.search(
        r"(?:^|&)(?:page|p|pageNo|pageIndex)=(\d{1,5})(?:&|$)", parts.query, re.I
    ):
        return int(match.group(1))
    if (match := _NUMBERED.match(parts.path.rpartition("/")[2])) and match["number"]:
        return int(match["number"]) + 1
    return 1


def _drawn_next(text: str, base_url: str) -> str | None:
    if match := _CALL.search(text):
        total, current = int(match["total"]), int(match["current"])
        stem, ext = match["stem"], match["ext"]
    else:
        count, now = _COUNT.search(text), _CURRENT.search(text)
        if not count or not now:
            return None
        total, current = int(count.group(1)), int(now.group(1))
        name = _NUMBERED.match(urlsplit(base_url).path.rpartition("/")[2])
        told, kind = _STEM.search(text), _EXT.search(text)
        stem = told["stem"] if told else (name["stem"] if name else "index")
        ext = kind.group(1) if kind else (name["ext"] if name else "html")
    current = max(current, _number_of(base_url) - 1)
    if current + 1 >= total:
        return None
    return _join(base_url, f"{stem}_{current + 1}.{ext}")
