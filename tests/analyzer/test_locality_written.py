"""The written sentences with traps: sure hits in the own area, the tuned part and the held-out."""

from __future__ import annotations

import pytest
from support.localities import BLIND, THIRD, desk, figures, sentences

from posts.model import HitCertainty

PRECISION, RECALL = 0.95, 0.95  # of each part; together .97 or better


def test_there_are_enough_sentences_of_each_kind():
    kinds = {one.kind for one in sentences()}
    assert len(sentences()) >= 300
    assert {"word", "shared", "brand", "road", "person", "product", "traditional"} <= kinds


@pytest.mark.parametrize("held_out", [False, True])
def test_sure_places_in_the_own_area_are_right_and_complete(held_out: bool):
    found = figures([one for one in sentences() if one.held_out is held_out])
    shown = () if held_out else found.wrong  # what is held out is looked at for the figure only
    assert found.precision >= PRECISION, shown
    assert found.recall >= RECALL, shown


def test_all_sentences_together_reach_what_the_desk_needs():
    found = figures(sentences())
    assert found.precision >= 0.97
    assert found.recall >= 0.97


@pytest.mark.parametrize("half", [0, 1])
def test_sentences_written_without_reading_the_rules_are_right_too(half: int):
    # Half 1 was looked at once, when the rules for half 0 were done.
    found = figures([one for one in sentences(BLIND) if one.half == half])
    assert found.precision >= PRECISION, found.wrong if not half else ()
    assert found.recall >= RECALL, found.wrong if not half else ()


@pytest.mark.parametrize("half", [0, 1])
def test_a_third_set_of_other_desks_is_right_too(half: int):
    # Half 1 was looked at once, when the rules for half 0 were done.
    found = figures([one for one in sentences(THIRD) if one.half == half])
    assert found.precision >= PRECISION, found.wrong if not half else ()
    assert found.recall >= RECALL, found.wrong if not half else ()


def test_the_stem_of_a_town_in_a_wide_area_needs_the_place_above_it():
    def sure(text: str) -> list[str]:
        hits = desk("shandong").find(text)
        return [hit.code for hit in hits if hit.certainty is HitCertainty.SURE]

    assert sure("百尺河今天下雨了") == []
    assert sure("诸城百尺河今天下雨了") == ["370782", "370782111"]


def test_a_place_behind_one_elsewhere_is_not_surely_the_own():
    hits = desk("dehong").find("昆明弄莫湖公园今天人多")
    assert [hit.certainty for hit in hits] == [HitCertainty.SURE, HitCertainty.UNCERTAIN]
    assert hits[0].code == "5301"
