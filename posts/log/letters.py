"""Dead letters as every log writes, shows and replays them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from posts.codec import DeadLetter, decode
from posts.errors import PoisonError
from posts.log.port import PostLog, Record


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
        partition=record.partition,
    )


def newest_letters(values: Iterable[bytes], limit: int) -> list[DeadLetter]:
    """The letters of encoded values (newest first), up to ``limit``, each record's newest only.

    A reader that was killed between burying and committing buries the same record again.
    """
    found: dict[tuple[str, int, int], DeadLetter] = {}
    for value in values:
        if len(found) >= limit:
            break
        try:
            dead = decode(value, DeadLetter)
        except PoisonError:
            continue  # written to the topic by other hands: nothing that can be shown
        found.setdefault(origin(dead), dead)
    return list(found.values())


def origin(dead: DeadLetter) -> tuple[str, int, int]:
    """Where the record stood: topic, partition, offset. It names the letter."""
    return dead.topic, dead.partition, dead.offset


def settled(value: bytes, dead: DeadLetter) -> bool:
    """Whether the encoded letter is of the same record, so that settling takes it off too."""
    try:
        return origin(decode(value, DeadLetter)) == origin(dead)
    except PoisonError:
        return False


def replay(log: PostLog, dead: DeadLetter) -> None:
    """Append the record to its origin again and take the letter off.

    A crash in between leaves the letter: replayed again, the record is handled twice, which is
    harmless. Raises PoisonError where only the head of the record was kept.
    """
    if dead.size is not None:
        raise PoisonError(
            f"这条死信原有 {dead.size} 字节，只留下了开头 {len(dead.value)} 字节，不能重放"
        )
    log.append(dead.topic, [(dead.key, dead.value)])
    log.settle(dead)
