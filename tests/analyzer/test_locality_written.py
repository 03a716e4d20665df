"""The written sentences with traps: sure hits in the own area, the tuned part and the held-out."""

from __future__ import annotations

import pytest
from support.localities import BLIND, FIFTH, FOURTH, THIRD, desk, figures, held_out, sentences

from posts.model import HitCertainty

PRECISION, RECALL = 0.95, 0.95  # of each part; together .97 or better


def test_there_are_enough_sentences_of_each_kind():
    kinds = {one.kind for one in sentences()}
    assert len(sentences()) >= 300
    assert {"word", "shared", "brand", "road", "person", "product", "traditional"} <= kinds


@pytest.mark.parametrize("kept", [False, True])
def test_sure_places_in_the_own_area_are_right_and_complete(kept: bool):
    found = figures([one for one in sentences() if held_out(one) is kept])
    shown = () if kept else found.wrong  # what is held out is looked at for the figure only
    assert found.precision >= PRECISION, shown
    assert found.recall >= RECALL, shown


def test_all_sentences_together_reach_what_the_desk_needs():
    found = figures(sentences())
    assert found.precision >= 0.97
    assert found.recall >= 0.97


@pytest.mark.parametrize("half", [0, 1])
def test_sentences_written_without_reading_the_rules_are_right_too(half: int):
    # Half 1 was looked at once, when the rules for half 0 were done.
    found = figures(sentences(BLIND, half))
    assert found.precision >= PRECISION, found.wrong if not half else ()
    assert found.recall >= RECALL, found.wrong if not half else ()


@pytest.mark.parametrize("half", [0, 1])
def test_a_third_set_of_other_desks_is_right_too(half: int):
    # Half 1 was looked at once, when the rules for half 0 were done.
    found = figures(sentences(THIRD, half))
    assert found.precision >= PRECISION, found.wrong if not half else ()
    assert found.recall >= RECALL, found.wrong if not half else ()


@pytest.mark.parametrize(("half", "precision", "recall"), [(0, 0.96, 0.96), (1, 0.97, 0.96)])
def test_a_fourth_set_is_right_too(half: int, precision: float, recall: float):
    # Half 1 was looked at once (.956, .978); then its faults were named and their classes mended.
    found = figures(sentences(FOURTH, half))
    assert found.precision >= precision, found.wrong if not half else ()
    assert found.recall >= recall, found.wrong if not half else ()


@pytest.mark.parametrize(("half", "precision", "recall"), [(0, 0.97, 0.97), (1, 0.96, 0.96)])
def test_a_fifth_set_is_right_too(half: int, precision: float, recall: float):
    # At the one look half 1 had .944 and .960, with rules mended on half 0; then it was read.
    found = figures(sentences(FIFTH, half))
    assert found.precision >= precision, found.wrong
    assert found.recall >= recall, found.wrong


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("dehong", "甘陇川三省的雪山，陇川也下雪了", ["陇川"]),
        ("dehong", "泰国瑞丽酒店，缅甸瑞丽口岸", ["瑞丽"]),
        ("zhenkang", "南伞北伞各三把，南伞的伞", ["南伞"]),
        ("xinyuan", "171团和71团购，只有71团停水", ["71团"]),
        ("xinyuan", "新源动力的股价，新源的苹果", ["新源"]),
        ("xinyuan", "志愿军七十一团，七十一团的棉花", ["七十一团"]),
        ("nanshan", "西南山区下雨，南山区停课", ["南山区"]),
        ("nanshan", "长沙世界之窗关了，世界之窗开着", ["世界之窗"]),
        ("daqing", "九十大庆的寿宴，大庆下雪了", ["大庆"]),
        ("daqing", "沈阳大庆社区，大庆社区", ["大庆"]),
        ("heping", "听说和平又堵车了，世界和平", ["和平"]),
        ("congjiang", "从江边走到从江县城", ["从江县城"]),
        ("congjiang", "我从江门坐车到从江", ["从江"]),
        ("dehong", "成都团结大街修路，团结大街也修路，瑞丽", ["团结大街", "瑞丽"]),
        ("dehong", "章凤兰阿姨住在章凤", ["章凤"]),
        ("dehong", "杭州的瑞丽整形关了，瑞丽的没关", ["瑞丽"]),
        ("dehong", "户撒那边停电", ["户撒"]),
        ("dehong", "江西庐山盈江阁，福建南平梁河书院", []),
        ("changshou", "娃一口气长了八颗牙", []),
        ("changshou", "长寿人民医院搬了，长寿是福", ["长寿"]),
        ("changshou", "她住在长寿，人人都想长寿", ["长寿"]),
        ("changshou", "坐车能到长寿吗，活到长寿吗", ["长寿"]),
    ],
)
def test_the_name_is_told_where_it_is_the_place_and_only_there(
    name: str, text: str, expected: list[str]
):
    matcher = desk(name)
    hits = [
        hit
        for hit in matcher.find(text)
        if hit.certainty is HitCertainty.SURE and matcher.is_own(hit.code)
    ]
    assert [hit.text for hit in hits] == expected


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
