from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.posts import NOON, make_post, make_scored, make_signal

from posts.codec import MAX_MESSAGE_BYTES, DeadLetter, decode, encode
from posts.errors import PoisonError
from posts.model import Certainty, Engagement, HitCertainty, LocalityHit, Post, ScoredPost, Signal

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
INSTANTS = st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(
    title=TEXT,
    text=TEXT,
    url=st.none() | TEXT,
    published=INSTANTS,
    certainty=st.sampled_from(Certainty),
    reads=st.none() | st.integers(0, 2**63 - 1),
    version=st.integers(0, 2**63 - 1),
)
def test_a_post_comes_back_as_it_went(
    title: str,
    text: str,
    url: str | None,
    published: datetime,
    certainty: Certainty,
    reads: int | None,
    version: int,
) -> None:
    post = make_post(
        title=title,
        text=text,
        url=url,
        published_at=published,
        certainty=certainty,
        engagement=Engagement(reads=reads),
        version=version,
    )
    assert decode(encode(post), Post) == post


def test_scored_posts_signals_and_dead_letters_come_back_as_they_went() -> None:
    hit = LocalityHit("533102", "瑞丽市", "瑞丽", 0, 2, HitCertainty.SURE, "全称")
    scored = make_scored(areas=("53", "5331"), localities=(hit,), units=("水务局",))
    assert decode(encode(scored), ScoredPost) == scored
    signal = make_signal(posts=("a", "b"), late=True)
    assert decode(encode(signal), Signal) == signal
    letter = DeadLetter(
        topic="t", offset=3, key="k", value=b"\xff\x00", reason="坏", attempts=2, at="2026"
    )
    assert decode(encode(letter), DeadLetter) == letter


def test_the_form_is_json_with_version_and_type() -> None:
    data = json.loads(encode(make_post(text="停水")))
    assert (data["v"], data["type"], data["body"]["text"]) == (1, "post", "停水")
    assert data["body"]["published_at"] == "2026-03-02T04:00:00Z"


def test_unknown_fields_of_a_known_version_are_passed_over() -> None:
    data = json.loads(encode(make_post()))
    data["body"]["later"] = {"x": 1}
    data["later"] = True
    assert decode(json.dumps(data).encode(), Post) == make_post()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"v": 2}, "version 2 is unknown"),
        ({"type": "scored"}, "is a 'scored', not a 'post'"),
        ({"type": "new kind"}, "is a 'new kind'"),
        ({"body": {}}, "can't be decoded"),
        ({"body": 7}, "can't be decoded"),
        ({"v": "1"}, "can't be decoded"),
    ],
)
def test_a_message_of_another_kind_is_poison_with_its_reason(
    change: dict[str, object], reason: str
) -> None:
    data = {**json.loads(encode(make_post())), **change}
    with pytest.raises(PoisonError, match=reason):
        decode(json.dumps(data).encode(), Post)


@given(st.binary(max_size=200))
@example(b"")
@example(b"{}")
@example(b"[" * 100_000)
@example(b'{"v":1,"type":"post","body":' + b"[" * 100_000)
@example(b'{"v":1,"type":"post","body":{"id":"\\ud800"}}')
@example(b'{"v":1e999,"type":"post","body":{}}')
def test_any_bytes_are_a_message_or_poison_and_never_another_error(data: bytes) -> None:
    with pytest.raises(PoisonError):
        decode(data, Post)


@given(st.data())
def test_a_damaged_message_is_decoded_or_poison(data: st.DataObject) -> None:
    message = bytearray(encode(make_scored(areas=("53",))))
    for _ in range(data.draw(st.integers(1, 3))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PoisonError):
        decode(bytes(message), ScoredPost)


def test_a_message_that_is_too_large_is_poison_before_it_is_parsed() -> None:
    with pytest.raises(PoisonError, match="larger than"):
        decode(b" " * (MAX_MESSAGE_BYTES + 1), Post)


def test_half_a_surrogate_pair_is_poison_when_it_is_written() -> None:
    with pytest.raises(PoisonError, match="can't be encoded"):
        encode(make_post(text="\ud800"))


def test_posts_are_frozen() -> None:
    with pytest.raises(AttributeError):
        make_post().text = "x"
    assert msgspec.structs.replace(make_post(), text="x").published_at == NOON
