from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posts.identity import (
    author_reference,
    canonical_url,
    filed_month,
    pack_version,
    post_id,
    with_generation,
)

ANY_TEXT = st.text(st.characters(), max_size=60)
INSTANTS = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
GENERATIONS = st.integers(0, 4095)


@pytest.mark.parametrize(
    ("given_url", "canonical"),
    [
        (" https://WWW.Example.CN/a?b=1#top ", "https://www.example.cn/a?b=1"),
        ("http://example.cn:80", "http://example.cn/"),
        ("https://example.cn:8443/a", "https://example.cn:8443/a"),
        ("https://example.cn/?utm_source=x&spm=1.2&id=7&from=y", "https://example.cn/?id=7"),
        ("https://example.cn/?b=2&a=1", "https://example.cn/?a=1&b=2"),
        ("https://example.cn/a?empty=", "https://example.cn/a?empty="),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("not a url", "not a url"),
        ("http://[broken/", "http://[broken/"),
        ("http://example.cn:99999/", "http://example.cn:99999/"),
        ("", ""),
    ],
)
def test_the_same_page_has_one_address(given_url: str, canonical: str) -> None:
    assert canonical_url(given_url) == canonical


@given(
    st.one_of(
        ANY_TEXT,
        st.builds("https://example.cn{}{}".format, ANY_TEXT, ANY_TEXT),
        st.builds("http://{}/?{}#{}".format, ANY_TEXT, ANY_TEXT, ANY_TEXT),
    )
)
def test_canonical_is_stable_for_any_input(text: str) -> None:
    once = canonical_url(text)
    assert canonical_url(once) == once


@given(ANY_TEXT, ANY_TEXT)
def test_an_id_is_32_hex_digits_and_always_the_same(source: str, native: str) -> None:
    made = post_id(source, native)
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert made == post_id(source, native)


def test_source_and_native_id_are_kept_apart() -> None:
    assert post_id("ab", "c") != post_id("a", "bc")
    assert post_id("a", "1") != post_id("b", "1")


def test_an_author_is_one_way_and_needs_the_key() -> None:
    made = author_reference(b"key", "forum", "张三")
    assert re.fullmatch("[0-9a-f]{16}", made)
    assert made == author_reference(b"key", "forum", "张三")
    assert made != author_reference(b"other", "forum", "张三")
    assert made != author_reference(b"key", "blog", "张三")


def test_the_month_is_that_of_shanghai() -> None:
    assert filed_month(datetime(2026, 1, 31, 15, 59, tzinfo=UTC)) == "2026-01"
    assert filed_month(datetime(2026, 1, 31, 16, 0, tzinfo=UTC)) == "2026-02"


@given(INSTANTS, INSTANTS, GENERATIONS, GENERATIONS)
def test_a_later_fetch_wins_and_then_a_later_analysis(
    one: datetime, other: datetime, generation: int, later: int
) -> None:
    first, second = pack_version(one, generation), pack_version(other, later)
    assert 0 <= first < 2**63
    if one - other >= timedelta(milliseconds=1):
        assert first > second
    if one == other:
        assert (first > second) == (generation > later)
    assert with_generation(first, later) == pack_version(one, later)


@pytest.mark.parametrize("generation", [-1, 4096])
def test_a_generation_out_of_range_is_refused(generation: int) -> None:
    with pytest.raises(ValueError, match="not within"):
        pack_version(datetime(2026, 1, 1, tzinfo=UTC), generation)
    with pytest.raises(ValueError, match="not within"):
        with_generation(1, generation)
