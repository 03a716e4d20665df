"""Erasing on Kafka: tombstones for compaction, notes for the readers until then."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from posts.codec import DeadLetter, decode
from posts.errors import PoisonError
from posts.log.kafka_erased import Erased, Places, note
from posts.log.kafka_keys import kafka_key, record_key
from posts.log.kafka_reading import all_of
from posts.log.kafka_settings import ERASED, KafkaSettings
from posts.log.kafka_topics import Topics
from posts.log.port import DEAD, SIGNALS
from posts.log.quotations import buried_signal, erased_from_signal

Send = Callable[[str, Sequence[tuple[bytes, bytes | None]]], list[tuple[int, int]]]


class Erasure:
    """Destroys what the topics hold of some posts. Errors are Kafka's own; see Link.guarded."""

    def __init__(self, settings: KafkaSettings, topics: Topics, erased: Erased, send: Send) -> None:
        self._settings = settings
        self._topics = topics
        self._erased = erased
        self._send = send

    def erase(self, keys: Sequence[str]) -> int:
        """Returns how many dead letters and signals were found; other records are not counted."""
        wanted = [one.encode("utf-8", "replace") for one in dict.fromkeys(keys)]
        if not wanted:
            return 0
        self._erased.refresh()
        notes: dict[bytes, Places] = {}
        for topic in self._topics.named():
            if topic not in (SIGNALS, DEAD, ERASED):
                self._bury_under_tombstones(topic, wanted, notes)
        found = self._signals(keys, notes) + self._letters(keys)
        self._send(ERASED, [(key, note(places)) for key, places in notes.items()])
        for key, places in notes.items():
            self._erased.learn(key, places)
        return found

    def _bury_under_tombstones(
        self, topic: str, wanted: Sequence[bytes], notes: dict[bytes, Places]
    ) -> None:
        placed = self._send(topic, [(key, None) for key in wanted])
        for key, place in zip(wanted, placed, strict=True):
            notes.setdefault(key, {})[topic] = place

    def _signals(self, keys: Sequence[str], notes: dict[bytes, Places]) -> int:
        """Signals that quote one of the posts are written anew without the quotation."""
        found = []
        for record in all_of(self._settings, self._topics, SIGNALS):
            if record.value is None or self._erased.hides(
                SIGNALS, record.partition, record.offset, record.key or b""
            ):
                continue
            fresh = erased_from_signal(record.value, keys)
            if fresh is not None:
                found.append((record.key, record_key(SIGNALS, record.key), fresh))
        if found:
            self._send(SIGNALS, [(kafka_key(SIGNALS, key, new), new) for _, key, new in found])
            self._bury_under_tombstones(SIGNALS, [old for old, _, _ in found], notes)
        return len(found)

    def _letters(self, keys: Sequence[str]) -> int:
        ids = set(keys)
        gone = {
            record.key
            for record in all_of(self._settings, self._topics, DEAD)
            if record.value is not None and _of_one(record.value, ids)
        }
        self._send(DEAD, [(key, None) for key in gone if key])
        return len(gone)


def _of_one(value: bytes, ids: set[str]) -> bool:
    """Whether a dead letter is of one of those posts, or quotes one."""
    try:
        dead = decode(value, DeadLetter)
    except PoisonError:
        return False
    return dead.key in ids or buried_signal(value, ids)
