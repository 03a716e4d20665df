"""Sitemaps and sitemap indexes: bytes to addresses with their time of change."""

from __future__ import annotations

import io
import re
import zlib
from datetime import UTC, date, datetime
from typing import Final

from lxml import etree
from msgspec import Struct

from crawlers.bounds import MAX_SITEMAP_BYTES, MAX_SITEMAP_URLS
from crawlers.dates import parse_stamp
from crawlers.hrefs import absolute

_GZIP: Final = b"\x1f\x8b"
_ADDRESS: Final = re.compile(r"^\s{0,9}(https?://\S{3,2000})\s{0,9}$", re.MULTILINE)


class Entry(Struct, frozen=True):
    """An address with the time (aware, +08:00) or day of its last change, where it is told."""

    url: str
    lastmod: datetime | date | None = None


class Sitemap(Struct, frozen=True):
    """What one sitemap file lists: ``pages``, or further ``sitemaps``; ``error`` in Chinese."""

    pages: list[Entry]
    sitemaps: list[Entry]
    error: str | None = None


def parse_sitemap(data: bytes, base_url: str, *, now: datetime | None = None) -> Sitemap:
    """Read a sitemap (XML or one address a line; also gzipped). Never raises.

    At most ``MAX_SITEMAP_URLS`` addresses are taken from at most ``MAX_SITEMAP_BYTES``.
    """
    if data.startswith(_GZIP):
        inflated = inflate(data, MAX_SITEMAP_BYTES)
        if inflated is None:
            return Sitemap([], [], "站点地图的压缩数据已损坏，无法解开；请核对网址")
        data = inflated
    data = data[:MAX_SITEMAP_BYTES]
    now = now or datetime(9999, 12, 30, tzinfo=UTC)
    pages: list[Entry] = []
    sitemaps: list[Entry] = []
    if b"<" not in data[:1_000]:
        text = data.decode("utf-8", "replace")
        for match in _ADDRESS.finditer(text):
            pages.append(Entry(match.group(1)))
            if len(pages) >= MAX_SITEMAP_URLS:
                break
    else:
        _walk(data, base_url, now, pages, sitemaps)
    if pages or sitemaps:
        return Sitemap(pages, sitemaps)
    return Sitemap([], [], "站点地图中没有网址；请核对地址，或改用列表页或订阅源")


def inflate(data: bytes, limit: int) -> bytes | None:
    """Unpack gzip up to ``limit`` bytes of result, whatever the packed size; None if broken."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        out = unpacker.decompress(data, limit)
    except zlib.error:
        return None
    return out or None


def _walk(
    data: bytes, base_url: str, now: datetime, pages: list[Entry], sitemaps: list[Entry]
) -> None:
    events = etree.iterparse(
        io.BytesIO(data),
        events=("end",),
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    place, stamp = "", ""
    try:
        for _, node in events:
            name = node.tag.rpartition("}")[2].lower() if isinstance(node.tag, str) else ""
            if name == "loc" and not place:
                place = (node.text or "").strip()
            elif name in ("lastmod", "publication_date") and not stamp:
                stamp = (node.text or "").strip()
            elif name in ("url", "sitemap"):
                if entry := _entry(place, stamp, base_url, now):
                    (pages if name == "url" else sitemaps).append(entry)
                place, stamp = "", ""
                if len(pages) + len(sitemaps) >= MAX_SITEMAP_URLS:
                    break
                node.clear()
                while node.getprevious() is not None and node.getparent() is not None:
                    del node.getparent()[0]
    except etree.XMLSyntaxError:
        return


def _entry(place: str, stamp: str, base_url: str, now: datetime) -> Entry | None:
    url = absolute(base_url, place)
    if url is None:
        return None
    return Entry(url, parse_stamp(stamp, now) if stamp else None)
