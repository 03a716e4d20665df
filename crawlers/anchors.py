"""The links of a page in reading order, each with its place in the tree, and the text around."""

# ruff: noqa: PLR2004  # bounds of a walk that was tuned on pages stand where they act

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urldefrag, urlsplit

from lxml import etree
from msgspec import Struct

from crawlers.bounds import MAX_ANCHORS, MAX_ELEMENTS
from crawlers.extraction import page as pages
from crawlers.hrefs import absolute
from crawlers.menus import site_service

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
_NUMBER: Final = re.compile(r"^\d{1,6}$")
_ODD_EVEN: Final = re.compile(r"\d+|\b(?:odd|even|first|last|on|active|current|cur|top|hover)\b")
_DATE_ONLY: Final = re.compile(r"^[\d\s:/.年月日时分-]+$")
_DATE_EDGE: Final = re.compile(
    r"^[\[(（【]?\d{4}[-./年]\d{1,2}[-./月]\d{1,2}日?[\])）】]?\s|"
    r"\s[\[(（【]?\d{4}[-./年]\d{1,2}[-./月]\d{1,2}日?(?:\s\d{1,2}:\d{2}(?::\d{2})?)?[\])）】]?$"
)
_FILES: Final = re.compile(
    r"\.(?:jpe?g|png|gif|bmp|webp|svg|ico|css|js|zip|rar|7z|exe|apk|mp3|mp4|avi|wmv|flv|swf)$",
    re.IGNORECASE,
)
_FRAMES: Final = frozenset(("ul", "ol", "dl", "table", "nav"))


class Anchor(Struct):
    """A link: ``place`` is the path of its elements without numbers, ``frame`` its list or table.

    ``start`` and ``end`` are offsets of its text in the page's text; ``aside`` tells that it stands
    in a menu, header or footer by the names of its elements.
    """

    url: str
    title: str
    place: str
    aside: bool
    start: int
    end: int
    frame: int
    numbered: bool = False  # the label is a bare number: a pager's, or a row without a title


def collect(root: etree._Element, base_url: str) -> tuple[list[Anchor], str]:
    """The links of a document, at most ``MAX_ANCHORS``, and its text."""
    return _Collector(base_url).run(root)


class _Collector:
    """Walks the tree once: the anchors with their places, and the text around them."""

    def __init__(self, base_url: str) -> None:
        self.base = base_url
        self.parts: list[str] = []
        self.size = 0
        self.anchors: list[Anchor] = []
        self.path: list[tuple[str, bool, int]] = []
        self.frames = 0
        self.open: list[tuple[str, str, int]] = []

    def run(self, root: etree._Element) -> tuple[list[Anchor], str]:
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
        frame = self.path[-1][2] if self.path else 0
        if tag in _FRAMES:
            self.frames += 1
            frame = self.frames
        self.path.append((step, aside, frame))
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
        numbered = _NUMBER.match(title) is not None
        if not numbered and (
            len(title) < 2
            or _NO_TITLE.match(title)
            or _DATE_ONLY.match(title)
            or site_service(title)
        ):
            return
        place = "/".join(step for step, _, _ in self.path[-12:])
        _, aside, frame = self.path[-1]
        self.anchors.append(
            Anchor(url, title[:300], place, aside, start, self.size, frame, numbered)
        )


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
