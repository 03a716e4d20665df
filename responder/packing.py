"""What leaves as one message: how many fit, the key that it goes under, its title and its text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from registry.outbox import Message
from responder.lengths import Lengths
from responder.notify import Notice
from responder.wording import instant

LATE = timedelta(seconds=10)  # what leaves later than this after its time is 迟发
_LATEST = "20. 【迟发，应于 2026-10-01 08:00:00 发出】\n"  # what a text may get, as long as it gets
_KEY = 40  # characters of a key beside it
_ALONE = "alone"


def fitting(messages: list[Message], lengths: Lengths) -> list[Message]:
    """As many as one message has room for; the first always."""
    if len(messages) < 2 or messages[0].bundle:  # noqa: PLR2004 - one is no bundle
        return messages
    whole, count = "", 0
    for message in messages:
        # With its numbers, and with what may be said of its delay.
        whole += f"{_LATEST}{_plain(message)}{message.key[:_KEY]}"
        if count and not lengths.fit(whole):
            break
        count += 1
    return messages[:count]


def name(messages: Sequence[Message]) -> str:
    """What those that leave together are known by: the same for the same ones, in whatever order.

    It is written before they leave, so that what may have left keeps its key whatever happens: a
    sender that dies, a receiver that does not answer, one of them that is settled meanwhile.
    """
    joined = "\n".join(sorted(message.key for message in messages))
    kind = "bundle" if len(messages) > 1 else _ALONE
    return f"{kind}:{sha256(joined.encode()).hexdigest()[:32]}"


def packed(batch: Sequence[Message], *, now: datetime, channel: str, lengths: Lengths) -> Notice:
    """The notice of messages that were claimed under their :func:`name`.

    Its key is a message's own, or that of the bundle, even where one only is left of it.
    """
    first = batch[0]
    keys = tuple(message.key.removesuffix(f":{channel}") for message in batch)
    payloads = tuple(message.payload for message in batch)
    texts = [_text(message, now) for message in batch]
    if len(batch) == 1:
        title, text = str(payloads[0].get("title", "")), texts[0]
    else:
        title = f"舆情台：{len(batch)} 条提醒"
        text = "\n".join(f"{number}. {one}" for number, one in enumerate(texts, start=1))
    return Notice(
        key=first.key if first.bundle.startswith(f"{_ALONE}:") else first.bundle,
        title=title,
        text=lengths.shortened(text),
        keys=keys,
        payloads=payloads,
    )


def _plain(message: Message) -> str:
    return str(message.payload.get("text", ""))


def _text(message: Message, now: datetime) -> str:
    """The text; what waited for a receiver that was down says so too."""
    if now - message.due_at <= LATE or message.payload.get("late"):
        return _plain(message)
    return f"【迟发，应于 {instant(message.due_at)} 发出】{_plain(message)}"
