"""Times as people type them on a command line."""

from __future__ import annotations

from datetime import UTC, datetime

from posts.identity import SHANGHAI
from registry.errors import InvalidInputError


def read_time(text: str, option: str) -> datetime:
    """An aware UTC instant; a time without a zone is Asia/Shanghai, a bare day its 00:00.

    Raises InvalidInputError that names the option and the accepted form.
    """
    try:
        found = datetime.fromisoformat(text.strip().replace("/", "-"))
        if found.tzinfo is None:
            found = found.replace(tzinfo=SHANGHAI)
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(
            f"{option} 的时间“{text}”读不懂。请写成 2026-01-02T03:04 或 2026-01-02T03:04:05+08:00；"
            "不写时区按北京时间。"
        ) from error


def show_time(moment: datetime) -> str:
    """The instant in Asia/Shanghai, to the minute."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
