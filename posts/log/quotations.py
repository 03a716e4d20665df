"""Signals quote the newest post of their window; with the post the quotation is destroyed."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from posts.codec import DeadLetter, decode, encode
from posts.errors import PoisonError
from posts.log.port import SIGNALS
from posts.model import Signal

QUOTATION = "；最新："
"""What stands between a signal's figures and the quotation that ends its reason."""

DESTROYED = "已依法销毁"


def without_quotation(reason: str) -> str:
    """The reason up to the quotation, and that it was destroyed; as it is where it quotes none."""
    said, mark, quoted = reason.partition(QUOTATION)
    return f"{said}{mark}{DESTROYED}" if quoted else reason


def erased_from_signal(value: bytes, ids: Collection[str]) -> bytes | None:
    """The encoded signal without its quotation; None where it has nothing of those posts."""
    try:
        signal = decode(value, Signal)
    except PoisonError:
        return None
    reason = without_quotation(signal.reason)
    if reason == signal.reason or not set(signal.posts) & set(ids):
        return None
    return encode(replace(signal, reason=reason))


def buried_signal(value: bytes, ids: Collection[str]) -> bool:
    """Whether a dead letter holds a signal that quotes one of those posts."""
    try:
        letter = decode(value, DeadLetter)
    except PoisonError:
        return False
    return letter.topic == SIGNALS and erased_from_signal(letter.value, ids) is not None
