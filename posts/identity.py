"""Ids, versions and months of posts: all pure functions, so that writing twice is writing once."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_GENERATION_BITS = 12
_MAX_GENERATION = (1 << _GENERATION_BITS) - 1
_TRACKING = frozenset({"spm", "from", "share", "fbclid", "gclid"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical_url(url: str) -> str:
    """The same page under the same address: no fragment, no tracking, host in lower case.

    A text that is no absolute URL is returned stripped.
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
        port = parts.port
    except ValueError:
        return url.strip()
    if not parts.scheme or not host:
        return url.strip()
    scheme = parts.scheme.lower()
    name = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS.get(scheme):
        name = f"{name}:{port}"
    query = urlencode(
        sorted(
            (key, value)
            for key, value in parse_qsl(parts.query, keep_blank_values=True)
            if not key.lower().startswith("utm_") and key.lower() not in _TRACKING
        )
    )
    return urlunsplit((scheme, name, parts.path or "/", query, ""))


def post_id(source: str, native: str) -> str:
    """The id of a post: 32 hex digits of SHA-256 over source id and native id or canonical URL."""
    return hashlib.sha256(f"{source}\x1f{native}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def author_reference(key: bytes, source: str, name: str) -> str:
    """A keyed one-way reference to an author, for counting distinct authors and nothing else."""
    message = f"{source}\x1f{name}".encode("utf-8", "surrogatepass")
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:16]


def filed_month(first_seen_at: datetime) -> str:
    """The month a post is filed under: that of its first sight, in Asia/Shanghai."""
    return first_seen_at.astimezone(SHANGHAI).strftime("%Y-%m")


def pack_version(fetched_at: datetime, generation: int = 0) -> int:
    """A version that grows with the fetch time (ms) and, within it, the analysis generation.

    Fits a signed 64-bit integer. Raises ValueError where the generation is not within 0..4095.
    """
    if not 0 <= generation <= _MAX_GENERATION:
        raise ValueError(f"analysis generation {generation} is not within 0..{_MAX_GENERATION}")
    return ((fetched_at - _EPOCH) // _MILLISECOND << _GENERATION_BITS) | generation


def with_generation(version: int, generation: int) -> int:
    """The same fetch under another analysis generation."""
    if not 0 <= generation <= _MAX_GENERATION:
        raise ValueError(f"analysis generation {generation} is not within 0..{_MAX_GENERATION}")
    return (version >> _GENERATION_BITS << _GENERATION_BITS) | generation
