"""Feeds: RSS, Atom and JSON Feed from bytes alone, whatever encoding they claim."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import msgspec
from msgspec import Struct

from crawlers.bounds import MAX_BODY_CHARS, MAX_FEED_BYTES, MAX_FEED_ITEMS, MAX_JSON_DEPTH
from crawlers.dates import SHANGHAI, parse_stamp
from crawlers.decoding import decode
from crawlers.extraction import page as pages

_DECLARATION: Final = re.compile(r"^\s{0,99}<\?xml[^>]{0,300}\?>")
_DOCTYPE: Final = re.compile(
    r"<!DOCTYPE[^\[>]{0,2000}(?:\[[^\]]{0,100000}\])?[^>]{0,2000}>", re.IGNORECASE
)
_ENTITY: Final = re.compile(r"<!ENTITY", re.IGNORECASE)
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NOT_A_FEED: Final = "不是可识别的订阅源（RSS、Atom 或 JSON Feed）；请核对网址，或把信源改为列表页"
_MARKUP: Final = re.compile(r"<[a-zA-Z!/]|&[a-zA-Z#]")


class FeedItem(Struct, frozen=True):
    """One entry of a feed.

    ``id`` is the feed's own, else the address, else the title; ``html`` is as given, ``text`` without markup;
    ``published`` is an aware datetime at +08:00, a date, or None; ``author`` is a name, for the
    keyed reference only.
    """

    id: str
    url: str | None
    title: str
    html: str
    text: str
    published: datetime | date | None = None
    author: str | None = None


class Feed(Struct, frozen=True):
    """A feed's title, its items in its order, and what is wrong with it, in Chinese."""

    title: str
    items: list[FeedItem]
    encoding: str
    error: str | None = None


def parse_feed(
    data: bytes, *, base_url: str = "", content_type: str | None = None, now: datetime | None = None
) -> Feed:
    """Read a feed. Never raises and never opens a connection; at most ``MAX_FEED_ITEMS`` items."""
    if len(data) > MAX_FEED_BYTES:
        limit = MAX_FEED_BYTES // (1024 * 1024)
        return Feed("", [], "utf-8", f"订阅源超过 {limit} MB，没有读取；请核对网址")
    decoded = decode(data, content_type)
    text = _CONTROL.sub(" ", decoded.text).lstrip("\ufeff \t\r\n")
    now = now or datetime(9999, 12, 30, tzinfo=UTC)
    if text.startswith("{"):
        return _json_feed(text, decoded.encoding, base_url, now)
    return _xml_feed(text, decoded.encoding, base_url, now)


def _json_feed(text: str, encoding: str, base_url: str, now: datetime) -> Feed:
    try:
        body = msgspec.json.decode(text) if _shallow(text) else None
    except (msgspec.DecodeError, RecursionError):
        body = None
    entries = body.get("items") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(entries, list):
        return Feed("", [], encoding, _NOT_A_FEED)
    items: list[FeedItem] = []
    for entry in entries[:MAX_FEED_ITEMS]:
        if not isinstance(entry, dict):
            continue
        authors = entry.get("authors")
        first = authors[0] if isinstance(authors, list) and authors else entry.get("author")
        html = _word(entry, "content_html") or _word(entry, "content_text", "summary")
        item = _item(
            native=_word(entry, "id"),
            link=_word(entry, "url", "external_url"),
            title=_word(entry, "title"),
            html=html,
            stamp=_word(entry, "date_published", "date_modified"),
            author=_word(first, "name") if isinstance(first, dict) else "",
            base_url=base_url,
            now=now,
        )
        if item is not None:
            items.append(item)
    return Feed(_word(body, "title"), items, encoding)


def _shallow(text: str) -> bool:
    """Whether the brackets never nest deeper than allowed; strings are counted too, harmlessly."""
    depth = 0
    for match in re.finditer(r"[\[{\]}]", text):
        depth += 1 if match.group() in "[{" else -1
        if depth > MAX_JSON_DEPTH:
            return False
    return True


def _word(entry: dict[str, Any], *names: str) -> str:
    for name in names:
        value = entry.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def _xml_feed(text: str, encoding: str, base_url: str, now: datetime) -> Feed:
    import feedparser  # 11 MB of memory: only where feeds are read

    text = _DECLARATION.sub("", text, count=1)
    text = _DOCTYPE.sub("", text, count=1)
    if _ENTITY.search(text):  # what is left of a declaration that was built to be missed
        return Feed("", [], encoding, "订阅源含有实体定义，出于安全没有读取；请联系网站管理员")
    if not _flat(text):
        return Feed("", [], encoding, _NOT_A_FEED)
    # The text is decoded already: it goes in as UTF-8 that says so, and as a stream, since a
    # string that looks like an address would be fetched.
    source = io.BytesIO(b'<?xml version="1.0" encoding="utf-8"?>\n' + text.encode())
    headers = {"content-type": "application/xml; charset=utf-8"}
    try:
        parsed = feedparser.parse(
            source, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError):
        return Feed("", [], encoding, _NOT_A_FEED)
    if not parsed.get("version") and not parsed.entries:
        return Feed("", [], encoding, _NOT_A_FEED)
    items: list[FeedItem] = []
    for entry in parsed.entries[:MAX_FEED_ITEMS]:
        contents = [part.get("value") or "" for part in entry.get("content") or []]
        html = max([*contents, entry.get("summary") or ""], key=len)
        item = _item(
            native=entry.get("id") or "",
            link=entry.get("link") or "",
            title=entry.get("title") or "",
            html=html,
            stamp=entry.get("published") or entry.get("updated") or entry.get("created") or "",
            author=entry.get("author") or "",
            base_url=base_url,
            now=now,
        )
        if item is not None:
            items.append(item)
    return Feed(pages.squeeze(parsed.feed.get("title") or ""), items, encoding)


def _flat(text: str) -> bool:
    """Whether elements nest as feeds do: opening tags never lead closing ones by hundreds."""
    depth = 0
    for match in re.finditer(r"<(/?)[A-Za-z][^<>]{0,2000}?(/?)>", text):
        if match.group(1):
            depth = max(depth - 1, 0)
        elif not match.group(2):
            depth += 1
            if depth > 5_000:  # noqa: PLR2004  # unclosed br and img in loose feeds count as open
                return False
    return True


def _item(
    *,
    native: str,
    link: str,
    title: str,
    html: str,
    stamp: str,
    author: str,
    base_url: str,
    now: datetime,
) -> FeedItem | None:
    url = _absolute(base_url, link)
    text = plain_text(html)
    if not (text or title or native or url):
        return None
    return FeedItem(
        id=(native or url or title or text)[:2_000],
        url=url,
        title=pages.squeeze(plain_text(title))[:300],
        html=html[:MAX_BODY_CHARS],
        text=text[:MAX_BODY_CHARS],
        published=stamp_of(stamp, now),
        author=pages.squeeze(author)[:40] or None,
    )


def plain_text(html: str) -> str:
    """Markup to lines of text; text without markup is only trimmed."""
    html = html[:MAX_BODY_CHARS]
    if not _MARKUP.search(html):
        return html.strip()
    root = pages.parse(f"<div>{html}</div>")
    if root is None:
        return html.strip()
    return "\n".join(line.text for line in pages.read(root).lines)


def stamp_of(text: str, now: datetime) -> datetime | date | None:
    """RFC 2822 (with its zone) or any form of :mod:`crawlers.dates`."""
    text = text.strip()[:100]
    if not text:
        return None
    try:
        value = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return parse_stamp(text, now)
    if value.tzinfo is None:
        value = value.replace(tzinfo=SHANGHAI)
    value = value.astimezone(SHANGHAI)
    return value if value.year > 1990 else None  # noqa: PLR2004


def _absolute(base_url: str, link: str) -> str | None:
    try:
        url = urljoin(base_url, link.strip()) if link.strip() else ""
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None
