"""Dead letters as every log writes and shows them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from posts.codec import DeadLetter, decode
from posts.errors import PoisonError
from posts.log.port import Record


def letter(record: Record, reason: str, attempts: int, at: datetime) -> DeadLetter:
    """The letter for a record; what UTF-8 can't hold in the reason is replaced."""
    return DeadLetter(
        topic=record.topic,
        offset=record.offset,
        key=record.key,
        value=record.value,
        reason=reason.encode("utf-8", "replace").decode(),
        attempts=attempts,
        at=at.astimezone(UTC).isoformat(),
    )


def newest_letters(values: Iterable[bytes], limit: int) -> list[DeadLetter]:
    """The letters of encoded values (newest first), up to ``limit``, each record's newest only.

    A reader that was killed between burying and committing buries the same record again.
    """
    found: dict[tuple[str, int], DeadLetter] = {}
    for value in values:
        if len(found) >= limit:
            break
        try:
            dead = decode(value, DeadLetter)
        except PoisonError:
            continue  # written to the topic by other hands: nothing that can be shown
        found.setdefault((dead.topic, dead.offset), dead)
    return list(found.values())
