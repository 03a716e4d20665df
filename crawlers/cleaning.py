"""Texts and addresses as they are kept: what deceives is taken out, the rest stays as written."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from posts.identity import canonical_url

MAX_URL = 2000

# Controls (but tab and line feed), lone surrogates, non-characters, byte order marks, and the
# controls that turn the direction of text: none says anything, and each can deceive a reader.
_STRIP = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
    "\ufffe\uffff\ud800-\udfff]"
)
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]{2,}|[\t\u00a0\u3000]")
_EDGES = re.compile(" ?\n ?")
_GAPS = re.compile("\n{3,}")


def clean_text(text: str) -> str:
    """Text without control characters, composed (NFC), white space collapsed, lines kept."""
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    text = _STRIP.sub("", _LINE_ENDS.sub("\n", text))
    return _GAPS.sub("\n\n", _EDGES.sub("\n", _SPACES.sub(" ", text))).strip()


def clean_line(text: str) -> str:
    """Like :func:`clean_text`, on one line."""
    return " ".join(clean_text(text).split())


def clean_url(url: str | None) -> str | None:
    """The address where it is http or https and of a bearable length; else None.

    Anything else (``javascript:``, a phrase) must not become a link. A password in it is dropped.
    """
    if not url:
        return None
    url = _STRIP.sub("", url).strip()
    if len(url) > MAX_URL or not url.lower().startswith(("http://", "https://")):
        return None
    try:
        parts = urlsplit(url)
        if not parts.hostname:
            return None
    except ValueError:
        return None
    return canonical_url(url) if "@" in parts.netloc else url
