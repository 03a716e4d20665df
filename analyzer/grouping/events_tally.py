"""The sources of one event and its posts by hour, packed: 4 bytes a source, 8 an hour.

As a set and a table of Python the same take 40 KB of an event that many sources speak of for two
weeks, which most of those that stay awake come to be: of 4,000 it would be 160 MB.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from struct import iter_unpack, pack, unpack_from
from zlib import crc32

SOURCES = 500
"""So many sources are told apart; an event that has them has *many*."""

HOURS = 14 * 24
"""So many hours in which posts came are kept, the newest."""

_WIDTH = 4
_PAIR = "<iI"
_PAIR_WIDTH = 8
_MOST = (1 << 32) - 1


def with_source(packed: bytes, source: str) -> bytes:
    """That source is one of them; no more are added where there are 500.

    A source is the CRC-32 of its name: two of 500 share one once in 30,000 events.
    """
    number = _number(source)
    numbers = memoryview(packed).cast("I")
    place = bisect_left(numbers, number)
    if len(numbers) >= SOURCES or (place < len(numbers) and numbers[place] == number):
        return packed
    return packed[: _WIDTH * place] + pack("=I", number) + packed[_WIDTH * place :]


def sources_of(names: Iterable[str]) -> bytes:
    """The sources of those names."""
    return _joined({_number(name) for name in names})


def both_sources(one: bytes, other: bytes) -> bytes:
    """All of both, 500 at most."""
    return _joined({*memoryview(one).cast("I"), *memoryview(other).cast("I")})


def count_of_sources(packed: bytes) -> int:
    """How many there are."""
    return len(packed) // _WIDTH


def with_hour(packed: bytes, hour: int) -> bytes:
    """One post more in that hour since 1970; of more than 336 hours the earliest goes."""
    last, count = unpack_from(_PAIR, packed, len(packed) - _PAIR_WIDTH) if packed else (hour - 1, 0)
    if hour == last:
        return packed[:-_PAIR_WIDTH] + pack(_PAIR, hour, min(count + 1, _MOST))
    if hour > last:
        return (packed + pack(_PAIR, hour, 1))[-_PAIR_WIDTH * HOURS :]
    return hours_as(Counter(by_hour(packed)) + Counter({hour: 1}))


def hours_as(counts: Mapping[int, int]) -> bytes:
    """Counts by hour, packed."""
    newest = sorted(counts.items())[-HOURS:]
    return b"".join([pack(_PAIR, hour, min(count, _MOST)) for hour, count in newest])


def both_hours(one: bytes, other: bytes) -> bytes:
    """The counts of both."""
    return hours_as(Counter(by_hour(one)) + Counter(by_hour(other)))


def by_hour(packed: bytes) -> dict[int, int]:
    """The counts by hour, the earliest first."""
    return dict(iter_unpack(_PAIR, packed))


def _number(source: str) -> int:
    return crc32(source.encode("utf-8", "surrogatepass"))


def _joined(numbers: Iterable[int]) -> bytes:
    some = sorted(numbers)[:SOURCES]
    return pack(f"={len(some)}I", *some)
