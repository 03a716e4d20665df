"""Words as a query, and back: what is looked for is what was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posts.index.words import parse, spell


def test_words_become_what_a_person_would_type() -> None:
    said = spell(all_of=["城东"], none_of=["演练"], any_of=["停水", "没水", "断 水"])
    assert said == '城东 -演练 停水|没水|"断 水"'
    assert spell() == spell(any_of=["", " "]) == ""


@pytest.mark.parametrize("word", ["OR", "-5", "a|b", "｜", "a b", '"', "“停水”"])
def test_no_word_becomes_an_operator(word: str) -> None:
    terms = parse(spell(any_of=[word, "停水"]))
    assert len(terms.groups) == 1
    assert terms.excluded == ()
    assert terms.groups[0][-1].literal == "停水"


@given(st.lists(st.text('停水OR|-" “”a', max_size=4), max_size=5), st.text("水-|", max_size=3))
def test_groups_come_back_as_they_were_given(words: list[str], other: str) -> None:
    terms = parse(spell(all_of=[other], none_of=words, any_of=words))
    meant = [word for word in words if word.replace('"', "").strip(" “”")]
    named = bool(other.strip())
    assert [len(group) for group in terms.groups] == [1] * named + [len(meant)] * bool(meant)
    assert len(terms.excluded) == len(meant)
