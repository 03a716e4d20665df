"""What a visit asks for and gets: a lead, and the page that answered (线索与页面)."""

from __future__ import annotations

import re
from datetime import date, datetime

from msgspec import Struct
from scrapy.http import Response

from crawlers.decoding import decode

_ATTACHED = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|wps|et|ofd|zip|rar|7z|jpe?g|png|gif|mp[34])(?:[?#]|$)",
    re.IGNORECASE,
)
_BINARY = (
    b"%PDF",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"Rar!",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
)


class Page(Struct, frozen=True):
    """An answer: ``asked`` is the address that was asked for, ``url`` where it came from."""

    asked: str
    url: str
    body: bytes
    content_type: str | None

    def text(self) -> str:
        """The body, decoded."""
        return decode(self.body, self.content_type).text


class Lead(Struct, frozen=True, kw_only=True):
    """An article that a list, feed or sitemap points to, with what is known of it beforehand."""

    url: str
    native: str | None = None
    title: str = ""
    published_at: datetime | date | None = None
    author: str | None = None


def better(one: datetime | date | None, other: datetime | date | None) -> datetime | date | None:
    """The instant where one of the two is; else the day, the first one first."""
    if isinstance(one, datetime) or other is None:
        return one
    if one is None or isinstance(other, datetime):
        return other
    return one


def is_text(page: Page) -> bool:
    """Whether the answer is a page to read, not a file; an absent type is judged by content."""
    if page.body.startswith(_BINARY):
        return False
    kind = (page.content_type or "").split(";", 1)[0].strip().lower()
    return not kind or kind.startswith("text/") or "html" in kind or "xml" in kind


def content_type(response: Response) -> str | None:
    """What the answer says that it is."""
    value = response.headers.get("Content-Type")
    return value.decode("latin-1") if value else None


def is_attached(url: str) -> bool:
    """Whether the address is that of a file (PDF, Word, a picture)."""
    return bool(_ATTACHED.search(url))
