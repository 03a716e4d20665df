"""Keys of records as Kafka has them.

Kafka compacts by key. Of a post the newest version is enough, so the key is its id. Signals of
one matter and dead letters of one post must all stay: they get a key of their own behind a
separator, and the reader sees what stands before it.
"""

from __future__ import annotations

import hashlib

from posts.codec import DeadLetter
from posts.errors import PoisonError
from posts.log.port import DEAD, SIGNALS

_OWN_KEY = frozenset({SIGNALS, DEAD})
_MARK = "\x1f"


def kafka_key(topic: str, key: str, value: bytes) -> bytes:
    """The key on Kafka. PoisonError where it is no UTF-8."""
    try:
        if topic in _OWN_KEY:
            return f"{key}{_MARK}{hashlib.sha256(value).hexdigest()[:24]}".encode()
        return key.encode()
    except UnicodeEncodeError as error:
        raise PoisonError(f"record key can't be encoded: {error}") from error


def letter_key(letter: DeadLetter) -> bytes:
    """The key of a dead letter: one for each record, so that a second burial replaces the first."""
    origin = f"{letter.topic}/{letter.partition}/{letter.offset}"
    return f"{letter.key}{_MARK}{origin}".encode("utf-8", "replace")


def record_key(topic: str, key: bytes | None) -> str:
    """The key that the record was appended with; what is no UTF-8 is shown as escapes."""
    text = (key or b"").decode("utf-8", "backslashreplace")
    if topic in _OWN_KEY and _MARK in text:
        return text.rpartition(_MARK)[0]
    return text


def dealt_by(topic: str, key: bytes) -> bytes:
    """The part of the key that decides the partition: all records of one key go to one."""
    return key.rpartition(_MARK.encode())[0] if topic in _OWN_KEY else key
