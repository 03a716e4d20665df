"""Instants as integers, steps of a histogram, and the cursor of a page."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Literal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HOUR = 3_600_000_000
# Asia/Shanghai has been UTC+8 without summer time since 1992, before anything that is read here.
SHANGHAI_OFFSET = 8 * _HOUR
STEPS: dict[Literal["hour", "day"], int] = {"hour": _HOUR, "day": 24 * _HOUR}


def micros(instant: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """The instant, in UTC."""
    return _EPOCH + timedelta(microseconds=value)


def step_start(value: int, step: Literal["hour", "day"]) -> int:
    """The start of the hour or the Shanghai day that the instant lies in, in microseconds."""
    return value - (value + SHANGHAI_OFFSET) % STEPS[step]


def cursor_after(published: int, post_id: str) -> str:
    """An opaque cursor to what follows that post in (newest first, id)."""
    return base64.urlsafe_b64encode(f"{published}:{post_id}".encode()).decode()


def read_cursor(cursor: str | None) -> tuple[int, str] | None:
    """What the cursor says; None where there is none, or a bad one."""
    if not cursor:
        return None
    try:
        published, post_id = base64.urlsafe_b64decode(cursor.encode()).decode().split(":", 1)
        value = int(published)
    except (ValueError, binascii.Error):  # UnicodeError is a ValueError
        return None
    # Base64 passes over much that is none of it: only what is written here is taken.
    if abs(value) >= 1 << 62 or cursor_after(value, post_id) != cursor:
        return None
    return value, post_id
