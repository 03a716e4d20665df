"""Feeds: RSS, Atom and JSON Feed from bytes alone, whatever encoding they claim."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from html.entities import html5
from itertools import islice
from typing import Any, Final

import msgspec
from lxml import etree
from msgspec import Struct
from msgspec.structs import replace

from crawlers.bounds import MAX_BODY_CHARS, MAX_FEED_BYTES, MAX_FEED_ITEMS, MAX_JSON_DEPTH
from crawlers.dates import SHANGHAI, parse_stamp
from crawlers.decoding import decode, hinted
from crawlers.extraction import page as pages
from crawlers.hrefs import absolute

_DECLARATION: Final = re.compile(r"^\s{0,99}<\?xml[^>]{0,300}\?>")
_DOCTYPE: Final = re.compile(
    r"<!DOCTYPE[^\[>]{0,2000}(?:\[[^\]]{0,100000}\])?[^>]{0,2000}>", re.IGNORECASE
)
_ENTITY: Final = re.compile(r"<!ENTITY", re.IGNORECASE)
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NAMED: Final = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30});")
_OWN: Final = frozenset(("amp", "lt", "gt", "quot", "apos"))
_SENDER: Final = re.compile(r"^\S+@\S+\s{1,3}\((.{1,80})\)$")
_CONTENTS: Final = ("encoded", "content", "description", "summary")
_ENTITIES: Final = "订阅源含有实体定义，出于安全没有读取；请联系该网站的管理员"
_NOT_A_FEED: Final = "不是可识别的订阅源（RSS、Atom 或 JSON Feed）；请核对网址，或把信源改为列表页"
NO_ENTRIES: Final = "订阅源格式正确，但里面现在没有条目；有新内容时会自动读到，若长期如此请核对网址"
_MARKUP: Final = re.compile(r"<[a-zA-Z!/]|&[a-zA-Z#]")


class FeedItem(Struct, frozen=True):
    """One entry of a feed.

    ``id`` is the feed's own, else the address, else the title; ``html`` is as given, ``text`` is
    without markup; ``published`` is an aware datetime at +08:00, a date, or None; ``author`` is a
    name, for the keyed reference only.
    """

    id: str
    url: str | None
    title: str
    html: str
    text: str
    published: datetime | date | None = None
    author: str | None = None


class Feed(Struct, frozen=True):
    """A feed's title, its items in its order, and what is wrong with it, in Chinese.

    ``note`` says of a valid feed that it has no entries; that is no error. ``encoding`` of a feed
    in ASCII alone is what its header or declaration claims, as that is how it will be written.
    """

    title: str
    items: list[FeedItem]
    encoding: str
    error: str | None = None
    note: str | None = None


def parse_feed(
    data: bytes, *, base_url: str = "", content_type: str | None = None, now: datetime | None = None
) -> Feed:
    """Read a feed. Never raises and never opens a connection; at most ``MAX_FEED_ITEMS`` items."""
    if len(data) > MAX_FEED_BYTES:
        limit = MAX_FEED_BYTES // (1024 * 1024)
        return Feed("", [], "utf-8", f"订阅源超过 {limit} MB，没有读取；请核对网址")
    decoded = decode(data, content_type)
    encoding = decoded.encoding
    if decoded.text.isascii() and encoding == "utf-8":
        encoding = next(iter(hinted(data, content_type)), encoding)
    text = _CONTROL.sub(" ", decoded.text).lstrip("\ufeff \t\r\n")
    now = now or datetime(9999, 12, 30, tzinfo=UTC)
    read = _json_feed if text.startswith("{") else _xml_feed
    feed = read(text, encoding, base_url, now)
    return feed if feed.items or feed.error else replace(feed, note=NO_ENTRIES)


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
    text = _DOCTYPE.sub("", _DECLARATION.sub("", text, count=1), count=1)
    if _ENTITY.search(text[:100_000]):  # a declaration that was built to be missed
        return Feed("", [], encoding, _ENTITIES)
    text = _NAMED.sub(_named, text)
    parser = etree.XMLParser(
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode(), parser=parser)
    except (etree.XMLSyntaxError, ValueError):
        return Feed("", [], encoding, _NOT_A_FEED)
    if root is None or _name(root) not in ("rss", "feed", "rdf", "channel"):
        return Feed("", [], encoding, _NOT_A_FEED)
    items: list[FeedItem] = []
    title = ""
    for node in root.iter():
        name = _name(node)
        if name == "title" and not title and _name(node.getparent()) in ("channel", "feed"):
            title = pages.squeeze(plain_text(_inner(node)))
        elif name in ("item", "entry") and len(items) < MAX_FEED_ITEMS:
            item = _xml_item(node, base_url, now)
            if item is not None:
                items.append(item)
    return Feed(title, items, encoding)


def _xml_item(node: etree._Element, base_url: str, now: datetime) -> FeedItem | None:
    fields: dict[str, str] = {}
    for child in node:
        name = _name(child)
        value = _inner(child)
        if name == "link" and (href := child.get("href")):
            if (child.get("rel") or "alternate") != "alternate":
                continue
            value = href
        elif name == "author":
            inner = next((part for part in child if _name(part) == "name"), None)
            value = _inner(inner) if inner is not None else _SENDER.sub(r"\1", value)
        elif name == "guid" and (child.get("isPermaLink") or "true").lower() == "true":
            fields.setdefault("permalink", value)
        if len(value) > len(fields.get(name, "")):
            fields[name] = value
    html = max((fields.get(name, "") for name in _CONTENTS), key=len)
    return _item(
        native=_first(fields, "guid", "id"),
        link=_first(fields, "link", "permalink"),
        title=fields.get("title", ""),
        html=html,
        stamp=_first(fields, "pubdate", "published", "issued", "date", "updated", "modified"),
        author=_first(fields, "creator", "author"),
        base_url=base_url,
        now=now,
    )


def _first(fields: dict[str, str], *names: str) -> str:
    return next((fields[name] for name in names if fields.get(name)), "")


def _name(node: etree._Element | None) -> str:
    """The local name in lower case, also where the prefix was never declared."""
    if node is None or not isinstance(node.tag, str):
        return ""
    return node.tag.rpartition("}")[2].rpartition(":")[2].lower()


def _inner(node: etree._Element) -> str:
    """What an element holds; markup of its own (Atom's xhtml) as markup."""
    if len(node):
        return "".join(
            [node.text or ""]
            + [etree.tostring(child, encoding="unicode") for child in islice(node, 1_000)]
        ).strip()[:MAX_BODY_CHARS]
    return (node.text or "").strip()[:MAX_BODY_CHARS]


def _named(match: re.Match[str]) -> str:
    """HTML's named characters, which XML does not know; its own five stay as they are."""
    name = match.group(1)
    return match.group() if name in _OWN else html5.get(f"{name};", match.group())


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
    url = absolute(base_url, link)
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
