"""The wire form: versioned JSON, so that a reader knows what it can't read.

A message is ``{"v": 1, "type": "post" | "scored" | "signal" | "dead",
"body": {...}}``. Unknown fields of a known version are ignored; an unknown version is poison,
kept whole in the dead-letter log.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from posts.errors import PoisonError
from posts.model import Post, ScoredPost, Signal

VERSION = 1
MAX_MESSAGE_BYTES = 8 * 1024 * 1024


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be handled, with why, from where and after how many tries.

    Of one that is too large for the dead-letter log ``value`` is the head; ``size`` and
    ``sha256`` (hex) are then those of the whole.
    """

    topic: str
    offset: int
    key: str
    value: bytes
    reason: str
    attempts: int
    at: str
    partition: int = 0
    size: int | None = None
    sha256: str = ""


class _Envelope(msgspec.Struct, frozen=True):
    v: int
    type: str
    body: msgspec.Raw


T = TypeVar("T", Post, ScoredPost, Signal, DeadLetter)

_NAMES: dict[type, str] = {Post: "post", ScoredPost: "scored", Signal: "signal", DeadLetter: "dead"}
_encoder = msgspec.json.Encoder()
_envelope = msgspec.json.Decoder(_Envelope)
_bodies: dict[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in _NAMES
}


def encode(message: Post | ScoredPost | Signal | DeadLetter) -> bytes:
    """The message as bytes. Raises PoisonError where its text holds what UTF-8 can't."""
    try:
        body = _encoder.encode(message)
    except (UnicodeEncodeError, msgspec.MsgspecError) as error:
        raise PoisonError(f"message can't be encoded: {error}") from error
    return b'{"v":%d,"type":"%s","body":%s}' % (VERSION, _NAMES[type(message)].encode(), body)


def decode(data: bytes, kind: type[T]) -> T:
    """The message of that kind. Raises PoisonError with the reason where it is none."""
    # A dead letter holds what was refused, perhaps for its very size.
    if len(data) > MAX_MESSAGE_BYTES and kind is not DeadLetter:
        raise PoisonError(f"message of {len(data)} bytes is larger than {MAX_MESSAGE_BYTES}")
    try:
        envelope = _envelope.decode(data)
        if envelope.v != VERSION:
            raise PoisonError(f"message version {envelope.v} is unknown here (known: {VERSION})")
        if envelope.type != _NAMES[kind]:
            raise PoisonError(f"message is a {envelope.type!r}, not a {_NAMES[kind]!r}")
        decoded: T = _bodies[kind].decode(envelope.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PoisonError(f"message can't be decoded: {error}") from error
    return decoded
