"""One page's bytes to one article."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Final

import lxml.html
from lxml import etree
from lxml.cssselect import CSSSelector
from msgspec import Struct

from crawlers.bounds import MAX_BODY_CHARS, MAX_PAGE_BYTES, MAX_RAW_BYTES, MAX_TITLE_CHARS
from crawlers.dates import SHANGHAI, parse_stamp
from crawlers.decoding import decode
from crawlers.extraction import body as bodies
from crawlers.extraction import kinds, plain
from crawlers.extraction import page as pages
from crawlers.extraction import published as dates
from crawlers.extraction import title as titles

_AUTHOR: Final = re.compile(
    r"(?:作者|发帖人|楼主|发布人|网友|留言人|来信人)\s?[:：]\s?([^\s:：，。|/【】\[\]()（）]{2,20})"
)
_NOT_MARKUP: Final = re.compile(r"<[a-zA-Z!/?]")
_EMBEDDED: Final = re.compile(
    rb"data:[a-z]{2,20}/[\w.+-]{1,60};base64,[A-Za-z0-9+/=\s]{0,20000000}"
)
_HUB_LINKS: Final = 15
NO_BODY: Final = (
    "页面中没有找到正文：可能是列表页、登录页、错误页，或内容由脚本生成；"
    "请核对网址，或为该信源设置正文选择器"
)
EMPTY: Final = "页面是空的：没有任何内容；请核对网址或文件"


class Selectors(Struct, frozen=True):
    """Where a source's pages hold things: CSS, or XPath if it begins with ``/`` or ``(``.

    What is None is found automatically.
    """

    title: str | None = None
    published: str | None = None
    body: str | None = None
    author: str | None = None


class Extracted(Struct, frozen=True):
    """What a page says; None and an empty body where it does not say it.

    ``published_at`` is an aware datetime at +08:00 (``certainty`` is ``exact``), a date (``day``)
    or None (``none``). ``encoding`` is empty for what is no text. ``author`` is a name, for the
    keyed reference only: never store or log it.
    ``error`` is a sentence in Chinese for the person who looks after the source.
    """

    title: str | None
    published_at: datetime | date | None
    certainty: str
    body: str
    encoding: str
    author: str | None = None
    error: str | None = None


def extract(
    data: bytes,
    *,
    url: str | None = None,
    content_type: str | None = None,
    selectors: Selectors | None = None,
    now: datetime,
) -> Extracted:
    """Read one HTML page or text. Never raises for any bytes; reads at most ``MAX_PAGE_BYTES``.

    What is no page (a feed, data, a document, a picture, noise) has no body, and ``error`` says
    what it is.

    ``now`` dates forms without a year and refuses dates that are still to come. A wrong selector
    is named in ``error`` and the automatic rule stands in for it.
    """
    if alien := kinds.not_a_page(data):
        return Extracted(None, None, "none", "", "", error=alien)
    data = _EMBEDDED.sub(b"", data[:MAX_RAW_BYTES])[:MAX_PAGE_BYTES]
    decoded = decode(data, content_type)
    if alien := kinds.noise(data, decoded.text, decoded.encoding):
        return Extracted(None, None, "none", "", "", error=alien)
    if alien := kinds.data_file(decoded.text):
        return Extracted(None, None, "none", "", decoded.encoding, error=alien)
    root = pages.parse(decoded.text) if _NOT_MARKUP.search(decoded.text) else None
    if root is None:
        title, day, text = plain.read(decoded.text, now)
        problem = None if text else EMPTY
        return Extracted(title, day, _certainty(day), text, decoded.encoding, error=problem)
    lines = pages.read(root).lines
    span = bodies.find(lines)
    if span:
        span = bodies.first_post(lines, span)
    headline = titles.find(root, lines, span)
    shown = headline.line if headline else None
    if span and not bodies.sound(lines, span, shown):
        span = None
    if span is None and shown is not None:
        span = bodies.short(lines, shown)
    if span is None and (shown is None or _hub(lines)):
        headline, shown = None, None
    when = dates.find(root, lines, headline=shown, body=span, url=url, now=now)
    text = bodies.text(lines, span, shown) if span else ""
    found = Extracted(
        title=headline.text if headline else None,
        published_at=when.value if when else None,
        certainty=_certainty(when.value if when else None),
        body=text,
        encoding=decoded.encoding,
        author=_author(root, lines, when.line if when else shown),
        error=None if text else NO_BODY,
    )
    return _override(found, root, selectors, now) if selectors else found


def to_json_line(file: str, extracted: Extracted) -> dict[str, Any]:
    """The object that ``yuqing extract`` prints for one file; times are ISO at +08:00."""
    when = extracted.published_at
    if isinstance(when, datetime):
        when = when.astimezone(SHANGHAI)
    return {
        "file": file,
        "title": extracted.title,
        "published_at": when.isoformat() if when else None,
        "certainty": extracted.certainty,
        "body": extracted.body or None,
        "encoding": extracted.encoding or None,
        "error": extracted.error,
    }


def _certainty(value: datetime | date | None) -> str:
    if value is None:
        return "none"
    return "exact" if isinstance(value, datetime) else "day"


def _hub(lines: list[pages.Line]) -> bool:
    """Whether a page without running text is a list of links."""
    links = sum(len(line.text) > 8 and line.linked * 2 > len(line.text) for line in lines)  # noqa: PLR2004
    return links >= _HUB_LINKS


def _author(root: etree._Element, lines: list[pages.Line], near: int | None) -> str | None:
    for node in root.iter("meta"):
        if (node.get("name") or node.get("property") or "").lower() in ("author", "article:author"):
            name = pages.squeeze(node.get("content") or "")[:40]
            if name:
                return name
    if near is None:
        return None
    for line in lines[max(near - 3, 0) : near + 4]:
        if match := _AUTHOR.search(line.text[:300]):
            return match.group(1)
    return None


def _override(
    found: Extracted, root: etree._Element, selectors: Selectors, now: datetime
) -> Extracted:
    wrong: list[str] = []
    title = _select(root, selectors.title, "标题", wrong)
    stamp = _select(root, selectors.published, "时间", wrong)
    body = _select(root, selectors.body, "正文", wrong)
    author = _select(root, selectors.author, "作者", wrong)
    when = parse_stamp(stamp, now) if stamp else None
    if stamp and when is None:
        wrong.append(f"时间选择器“{selectors.published}”选中的内容不是时间：{stamp[:40]}")
    text = (body or found.body)[:MAX_BODY_CHARS]
    problems = wrong if text else [*wrong, NO_BODY]
    return Extracted(
        title=(pages.squeeze(title) if title else found.title or "")[:MAX_TITLE_CHARS] or None,
        published_at=when or found.published_at,
        certainty=_certainty(when or found.published_at),
        body=text,
        encoding=found.encoding,
        author=pages.squeeze(author)[:40] if author else found.author,
        error="；".join(problems) or None,
    )


def _select(root: etree._Element, path: str | None, name: str, wrong: list[str]) -> str | None:
    """The text of the first element that ``path`` selects; what is wrong goes into ``wrong``."""
    if not path:
        return None
    try:
        xpath = path if path.startswith(("/", "(", "./")) else CSSSelector(path).path
        hits = root.xpath(xpath)
    except (etree.XPathError, SyntaxError, ValueError) as problem:
        wrong.append(f"{name}选择器“{path}”写法不对：{str(problem)[:80]}")
        return None
    for hit in hits if isinstance(hits, list) else [hits]:
        text = _text_of(hit)
        if text:
            return text
    wrong.append(f"{name}选择器“{path}”没有选中内容，页面可能已改版")
    return None


def _text_of(hit: object) -> str:
    if isinstance(hit, lxml.html.HtmlElement):
        return "\n".join(line.text for line in pages.read(hit).lines)
    return str(hit).strip() if hit is not None else ""
