"""Addresses in pages, made absolute."""

from __future__ import annotations

from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

_LONGEST: Final = 2_000


def absolute(base_url: str, href: str) -> str | None:
    """The http(s) address that ``href`` means on a page, without fragment; None for all others."""
    href = href.strip()
    if not href or len(href) > _LONGEST or href.startswith("#"):
        return None
    try:
        url = urldefrag(urljoin(base_url, href)).url
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None
