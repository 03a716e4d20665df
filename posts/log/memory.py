"""A log in memory, for tests: the behaviour of the real ones, nothing kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from posts.codec import DeadLetter, encode
from posts.errors import PoisonError
from posts.log.letters import letter, newest_letters, settled
from posts.log.port import DEAD, SIGNALS, Consumer, Record
from posts.log.quotations import buried_signal, erased_from_signal

_REPLAYED = 500


class MemoryLog:
    """A PostLog within one process. ``clock`` dates appends, for retention only."""

    def __init__(self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._changed = threading.Condition(threading.RLock())
        self._records: dict[str, list[tuple[datetime, Record]]] = {}
        self._next: dict[str, int] = {}
        self._committed: dict[tuple[str, str], int] = {}

    def append(self, topic: str, batch: Sequence[tuple[str, bytes]]) -> None:
        """Add the pairs in order, all or none. PoisonError where a key is no UTF-8."""
        at = self._clock()
        try:
            for key, _ in batch:
                key.encode()
        except UnicodeEncodeError as error:
            raise PoisonError(f"record key can't be encoded: {error}") from error
        with self._changed:
            first = self._next.get(topic, 0)
            self._records.setdefault(topic, []).extend(
                (at, Record(topic, first + n, key, bytes(value)))
                for n, (key, value) in enumerate(batch)
            )
            self._next[topic] = first + len(batch)
            self._changed.notify_all()

    def consumer(self, topic: str, group: str, *, alone: bool = False) -> Consumer:
        """A reader; opening it makes the group known, so that retention waits for it."""
        del alone  # every reader reads the whole topic
        with self._changed:
            self._committed.setdefault((topic, group), self._oldest(topic))
        return _MemoryConsumer(self, topic, group)

    def lag(self, topic: str, group: str) -> int:
        """How many records the group has not committed; for an unknown group, all there are."""
        with self._changed:
            committed = self._committed.get((topic, group), self._oldest(topic))
            return self._next.get(topic, 0) - self._start(topic, committed)

    def written(self, topic: str) -> int:
        """How many records were ever appended."""
        return self._next.get(topic, 0)

    def rebalances(self, topic: str, group: str) -> int:
        """Members of a group share nothing here."""
        del topic, group
        return 0

    def read_all(self, topic: str) -> Iterator[list[Record]]:
        """Every record."""
        with self._changed:
            records = [record for _, record in self._records.get(topic, [])]
        for start in range(0, len(records), _REPLAYED):
            yield records[start : start + _REPLAYED]

    def bury(self, record: Record, *, reason: str, attempts: int, at: datetime) -> None:
        """Append the record to the dead letters."""
        self.append(DEAD, [(record.key, encode(letter(record, reason, attempts, at)))])

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest dead letters, newest first, each buried record once."""
        with self._changed:
            values = [record.value for _, record in reversed(self._records.get(DEAD, []))]
        return newest_letters(values, limit)

    def settle(self, dead: DeadLetter) -> None:
        """Forget the burials of that record."""
        with self._changed:
            letters = self._records.get(DEAD, [])
            letters[:] = [(at, one) for at, one in letters if not settled(one.value, dead)]

    def prune(self, *, before: datetime) -> int:
        """Delete what is older and committed by every group; unread topics are kept."""
        removed = 0
        with self._changed:
            for topic, records in self._records.items():
                marks = [at for (name, _), at in self._committed.items() if name == topic]
                horizon = min(marks) if marks else self._next[topic] if topic == DEAD else 0
                young = [r.offset for at, r in records if at >= before]
                horizon = min([horizon, *young])
                kept = [(at, r) for at, r in records if r.offset >= horizon]
                removed += len(records) - len(kept)
                self._records[topic] = kept
        return removed

    def erase(self, keys: Sequence[str]) -> int:
        """Forget the records of those posts; signals lose their quotation."""
        ids, erased = set(keys), 0
        with self._changed:
            for topic, records in self._records.items():
                kept: list[tuple[datetime, Record]] = []
                for at, record in records:
                    dead = topic == DEAD and buried_signal(record.value, ids)
                    signal = erased_from_signal(record.value, ids) if topic == SIGNALS else None
                    if record.key not in ids and not dead:
                        value = record.value if signal is None else signal
                        kept.append((at, replace(record, value=value)))
                erased += len(records) - len(kept)
                self._records[topic] = kept
        return erased

    def close(self) -> None:
        """Nothing is held."""

    def _start(self, topic: str, committed: int) -> int:
        """The first record from there on: what was erased is no backlog."""
        later = (r.offset for _, r in self._records.get(topic, ()) if r.offset >= committed)
        return next(later, self._next.get(topic, 0))

    def _oldest(self, topic: str) -> int:
        records = self._records.get(topic)
        return records[0][1].offset if records else self._next.get(topic, 0)


class _MemoryConsumer:
    def __init__(self, log: MemoryLog, topic: str, group: str) -> None:
        self._log = log
        self._topic = topic
        self._group = group
        self._position: int | None = None

    def poll(self, max_records: int = 500, timeout: float = 0.0) -> list[Record]:
        """Up to that many next records; waits up to ``timeout`` seconds for the first."""
        deadline = time.monotonic() + timeout
        with self._log._changed:  # noqa: SLF001 - one module, one thing
            while True:
                records = self._read(max_records)
                left = deadline - time.monotonic()
                if records or left <= 0:
                    return records
                self._log._changed.wait(left)  # noqa: SLF001

    def commit(self) -> None:
        """Commit what was polled; a commit never moves the group back."""
        if self._position is None:
            return
        place = (self._topic, self._group)
        with self._log._changed:  # noqa: SLF001
            committed = self._log._committed  # noqa: SLF001
            committed[place] = max(committed[place], self._position)

    def rewind(self) -> None:
        """The next poll starts at the committed position again."""
        self._position = None

    def close(self) -> None:
        """Nothing is held."""

    def _read(self, max_records: int) -> list[Record]:
        log = self._log
        start = max(log._committed[self._topic, self._group], self._position or 0)  # noqa: SLF001
        records = [r for _, r in log._records.get(self._topic, ()) if r.offset >= start]  # noqa: SLF001
        records = records[:max_records]
        if records:
            self._position = records[-1].offset + 1
        return records
