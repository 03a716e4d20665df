# ruff: noqa: PLR2004  # limits of a pager stand where they act
"""The next page of a list, also where a script draws the pager (翻页)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urldefrag, urlsplit

from lxml import etree

from crawlers.bounds import MAX_ANCHORS
from crawlers.extraction import page as pages
from crawlers.hrefs import absolute

_NEXT_WORD: Final = re.compile(
    r"^\W*(?:下一?页|下一頁|下頁|后一?页|后页|next(?:\s?page)?)\W*$", re.IGNORECASE
)
_NEXT_SIGN: Final = re.compile(r"^(?:>|›|»|>>)$")
_CALL: Final = re.compile(
    r"createPageHTML\w{0,20}\s?\(\s{0,5}(?:['\"][\w-]{0,40}['\"]\s{0,5},\s{0,5})?(?P<total>\d{1,5})\s{0,5},"
    r"\s{0,5}(?P<current>\d{1,5})\s{0,5},\s{0,5}['\"](?P<stem>[\w./-]{1,80})['\"]\s{0,5},"
    r"\s{0,5}['\"]\.?(?P<ext>\w{2,6})['\"]",
    re.IGNORECASE,
)
_COUNT: Final = re.compile(
    r"(?:countPage|pageCount|totalPages?|page_count)\s?=\s?['\"]?(\d{1,5})", re.IGNORECASE
)
_CURRENT: Final = re.compile(
    r"(?:currentPage|curPage|pageIndex|nowPage)\s?=\s?['\"]?(\d{1,5})", re.IGNORECASE
)
_STEM: Final = re.compile(
    r"['\"=]\s{0,3}(?P<stem>[A-Za-z][\w-]{0,40})(?:['\"]\s{0,3}\+\s{0,3}['\"])?_['\"]\s{0,3}\+"
)
_EXT: Final = re.compile(
    r"['\"]\.?['\"]?\s{0,3}\+?\s{0,3}['\"]?\.?(s?html?|jspx?|aspx?|php)['\"]", re.IGNORECASE
)
_NUMBERED: Final = re.compile(
    r"^(?P<stem>.*?)(?:_(?P<number>\d{1,5}))?\.(?P<ext>s?html?)$", re.IGNORECASE
)
_LOCATION: Final = re.compile(r"(?:location(?:\.href)?\s?=|open\()\s?['\"]([^'\"]{1,500})['\"]")


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
        url = absolute(base_url, href)
        if url is None:
            continue
        if (node.get("rel") or "").lower() == "next":
            return url
        if node.tag == "link":
            continue
        words = pages.squeeze("".join(map(str, node.itertext()))) or pages.squeeze(
            node.get("title") or ""
        )
        named = "next" in (node.get("class") or "").lower().split()
        if _NEXT_WORD.match(words) or named or _NEXT_SIGN.match(words):
            return url
        if words.strip("[]").isdecimal() and len(words) < 6:
            numbers.setdefault(int(words.strip("[]")), url)
    return numbers.get(_number_of(base_url) + 1) if len(numbers) > 1 else None


def _number_of(url: str) -> int:
    """The page's number by its address, from 1: ``index_1.html`` is the second page."""
    parts = urlsplit(url)
    if match := re.search(
        r"(?:^|&)(?:page|p|pageNo|pageIndex)=(\d{1,5})(?:&|$)", parts.query, re.IGNORECASE
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
    return absolute(base_url, f"{stem}_{current + 1}.{ext}")
