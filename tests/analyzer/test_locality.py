from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.analyzer import dehong, nowhere

from analyzer.division_codes import rollup
from analyzer.locality import MAX_HITS, Matcher
from posts.model import HitCertainty
from registry import gazetteer
from registry.areas import Area


def found(text: str, *, matcher: Matcher | None = None, source_area: str | None = None):
    hits = (matcher or dehong()).find(text, source_area)
    for hit in hits:
        assert text[hit.start : hit.end] == hit.text
        assert hit.why
    return [(hit.text, hit.code, str(hit.certainty)) for hit in hits]


def test_offsets_are_code_points_of_the_text_as_given():
    [hit] = dehong().find("😀𠮷 瑞丽市停水")
    assert (hit.start, hit.end, hit.text) == (3, 6, "瑞丽市")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("瑞丽又停水了", [("瑞丽", "533102", "sure")]),
        ("姐告口岸堵车", [("姐告", "533102", "sure")]),
        ("勐卯街道办事处", [("勐卯街道", "533102001", "sure")]),
        ("德宏州和云南省", [("德宏州", "5331", "sure"), ("云南省", "53", "sure")]),
        (
            "九保阿昌族乡、九保乡",
            [("九保阿昌族乡", "533122204", "sure"), ("九保乡", "533122204", "sure")],
        ),
        ("芒市镇", [("芒市镇", "533103101", "sure")]),
    ],
)
def test_names_of_the_own_area_are_sure(text: str, expected: list[tuple[str, str, str]]):
    assert found(text) == expected


@pytest.mark.parametrize(
    "text", ["瑞丽杂志新一期", "订了瑞丽女性", "瑞丽航空的航班", "湖南卫视的节目"]
)
def test_a_brand_is_no_place(text: str):
    assert found(text) == []


def test_a_street_that_bears_a_name_is_not_surely_there():
    assert found("在北京路口等车") == [("北京", "11", "uncertain")]


def test_ordinary_words_are_not_sure_even_in_the_own_area():
    assert found("祝你天天太平") == [("太平", "533123108", "uncertain")]
    assert found("盈江太平修路")[1] == ("太平", "533123108", "sure")
    assert found("盈江县太平镇修路")[1] == ("太平镇", "533123108", "sure")


def test_words_that_are_towns_elsewhere_are_not_found():
    assert found("人民的发展与市场和平") == [] or all(
        certainty == "uncertain" for _, _, certainty in found("人民的发展与市场和平")
    )


def test_a_name_that_many_share_needs_what_is_above_it():
    assert found("城关镇停电") == [("城关镇", "", "uncertain")]
    [_, hit] = dehong().find("甘肃省榆中县停电，城关镇最久")[-2:]
    assert (hit.code, hit.certainty) == ("620123100", HitCertainty.SURE)
    assert "榆中县" in hit.why


def test_a_name_that_many_share_is_what_the_source_is_of():
    assert found("城关镇停电", source_area="620123") == [("城关镇", "620123100", "sure")]


def test_a_countys_short_name_elsewhere_needs_support():
    assert found("榆中的路坏了")[0][2] == "uncertain"
    assert found("兰州榆中的路坏了")[1] == ("榆中", "620123", "sure")
    assert found("榆中的路坏了", source_area="6201") == [("榆中", "620123", "sure")]


def test_a_shared_county_is_told_by_its_city():
    assert found("朝阳区的路")[0][2] == "uncertain"
    assert found("北京市朝阳区的路")[1] == ("朝阳区", "110105", "sure")
    assert found("长春朝阳区的路")[1] == ("朝阳区", "220104", "sure")


def test_a_province_and_a_city_of_one_short_name_are_the_province():
    assert found("吉林的冬天") == [("吉林", "22", "sure")]


def test_a_market_is_no_city():
    assert found("南京市场监管") == [("南京", "3201", "sure")]
    assert found("瑞丽市民反映") == [("瑞丽", "533102", "sure")]


@pytest.mark.parametrize("text", ["A市A3区联丰路", "A7县的路", "西地省", "我市", "本县"])
def test_anonymous_places_are_none(text: str):
    assert found(text) == []


def test_aliases_that_people_keep_are_sure():
    area = Area(code="A7", name="A7县", level="county", own=True, aliases=("丽发新城", "暮云"))
    matcher = Matcher([], [area])
    assert found("丽发新城的搅拌站", matcher=matcher) == [("丽发新城", "A7", "sure")]
    assert matcher.areas(matcher.find("丽发新城的搅拌站")) == ("A7",)


def test_areas_are_the_sure_hits_and_all_above_them():
    matcher = dehong()
    assert matcher.areas(matcher.find("勐卯街道，城关镇")) == ("53", "5331", "533102", "533102001")
    assert matcher.rollup(["110101"]) == ("11", "110101")
    assert rollup(["533102001"]) == ("53", "5331", "533102", "533102001")


def test_an_area_of_ones_own_lies_in_its_parent():
    port = Area(code="jiegao", name="姐告边贸区", level="zone", parent="533102", own=False)
    matcher = Matcher([], [port, Area(code="533102", name="瑞丽市", level="county", own=True)])
    assert "533102" in matcher.areas(matcher.find("姐告边贸区堵车"))
    assert matcher.is_own("jiegao")


def test_without_an_own_area_a_county_stem_is_uncertain():
    assert found("瑞丽停水", matcher=nowhere()) == [("瑞丽", "533102", "uncertain")]


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.one_of(
            st.text(alphabet=st.characters(), max_size=20),
            st.sampled_from(
                ["瑞丽市", "城关镇", "北京", "太平", "市场", "\ud800", "😀", "\x00", "路"]
            ),
        ),
        max_size=12,
    ).map("".join),
    st.sampled_from([None, "5331", "62", "nowhere", ""]),
)
def test_any_text_is_taken_and_offsets_hold(text: str, source_area: str | None):
    end = 0
    for hit in dehong().find(text, source_area):
        assert hit.start >= end
        assert text[hit.start : hit.end] == hit.text
        end = hit.end


def test_a_text_of_five_megabytes_is_bounded_and_read_to_its_end():
    matcher = dehong()
    assert len(matcher.find("瑞丽市北京" * 100_000)) == MAX_HITS
    [hit] = matcher.find("停" * 5_000_000 + "瑞丽市")
    assert (hit.start, hit.end) == (5_000_000, 5_000_003)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("\u202e瑞丽市\u202c停水", 1, 4),
        ("瑞\u200b丽\u200b市停水", 0, 5),
        ("瑞麗市停水", 0, 3),
        ("ＡＢ\ud800瑞丽市", 3, 6),
        ("\x00瑞丽市\x00", 1, 4),
        ("ᥖᥭᥰ瑞丽市မြန်မာ", 3, 6),
    ],
)
def test_marks_and_forms_between_do_not_shift_the_places(text: str, start: int, end: int):
    [hit] = dehong().find(text)
    assert (hit.start, hit.end, hit.code) == (start, end, "533102")
    assert hit.text == text[start:end]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=12), st.sampled_from(["瑞丽市", "太平镇", "\u200b", "\ud800", "盈江"])
        ),
        max_size=12,
    )
)
def test_the_company_of_a_text_changes_nothing(texts: list[str]):
    matcher = dehong()
    assert matcher.find_many(texts) == [matcher.find(text) for text in texts]


def test_source_areas_go_with_the_texts():
    matcher = dehong()
    [one, other] = matcher.find_many(["太平镇停电"] * 2, ["533123", None])
    assert (one[0].certainty, other[0].certainty) == ("sure", "uncertain")
    with pytest.raises(ValueError, match="as many"):
        matcher.find_many(["x"], [])


def test_every_own_division_is_found_by_its_full_name_after_the_one_above():
    matcher = dehong()
    own = [d for d in gazetteer.load() if d.code.startswith("5331")]
    texts = [f"在{matcher.name(d.parent)}{d.name}，有人反映" for d in own]
    missed = [
        d.name
        for d, hits in zip(own, matcher.find_many(texts), strict=True)
        if (d.code, "sure") not in {(h.code, str(h.certainty)) for h in hits}
    ]
    assert missed == []


def test_a_full_name_that_many_share_is_not_sure_even_in_the_own_area():
    assert found("太平镇停电") == [("太平镇", "533123108", "uncertain")]
    assert found("勐养镇停电") == [("勐养镇", "533122103", "sure")]
    assert found("景洪市勐养镇停电")[1] == ("勐养镇", "532801105", "sure")
    assert found("太平镇停电", source_area="533123") == [("太平镇", "533123108", "sure")]


def test_a_river_is_called_by_the_place_it_flows_through():
    assert found("瑞丽江大桥") == [("瑞丽", "533102", "sure")]


@cache
def qingdao() -> Matcher:
    return _own("3702")


@cache
def zhongshan() -> Matcher:
    return _own("4420")


def _own(code: str) -> Matcher:
    divisions = gazetteer.load()
    own = [d for d in divisions if d.code.startswith(code)]
    return Matcher(
        divisions,
        [Area(code=d.code, name=d.name, level=d.level, parent=d.parent, own=True) for d in own],
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A town called as a city elsewhere, and what is a common noun: never the own one alone.
        ("珠海新增4例", [("珠海", "4404", "sure")]),
        ("黄岛区的开发区又停电", [("黄岛区", "370211", "sure")]),
        ("漕河泾开发区", []),
        # Goods, accounts of persons and of offices.
        ("青岛啤酒真好喝", []),
        ("青岛大虾酥罐头", [("青岛", "3702", "sure")]),
        ("青岛罐头真好吃", [("青岛", "3702", "uncertain")]),
        ("莱西花生滞销", [("莱西", "370285", "sure")]),
        ("@青岛小姑娘 你好", [("青岛", "3702", "uncertain")]),
        ("@青岛公安 你好", [("青岛", "3702", "sure")]),
        ("威海即墨今天下雪", [("威海", "3710", "sure"), ("即墨", "370215", "uncertain")]),
        ("济南即墨专线", [("济南", "3701", "sure"), ("即墨", "370215", "sure")]),
        ("青岛市大村镇", [("青岛市", "3702", "sure"), ("大村镇", "370211105", "sure")]),
        ("青岛一路发生追尾", [("青岛", "3702", "uncertain")]),
    ],
)
def test_what_else_bears_the_name_of_an_own_place(text: str, expected: list[tuple[str, str, str]]):
    assert found(text, matcher=qingdao()) == expected


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("中山公园的花开了", False),
        ("孙中山故居", False),
        ("复旦大学附属中山医院", False),
        ("广东中山一工厂起火", True),
        ("从广州到中山，怎么坐车", True),
        ("中山古镇镇的灯饰城", True),
        ("在中山打工三年了", True),
        ("大连中山今天下雪", False),
        ("中山警方通报", True),
    ],
)
def test_an_own_city_whose_name_is_a_word_needs_words_beside_it(text: str, sure: bool):
    told = [hit for hit in found(text, matcher=zhongshan()) if hit[:2] == ("中山", "4420")]
    assert [hit[2] for hit in told if hit[2] == "sure"] == ["sure"] * sure


def test_the_name_right_before_tells_namesakes_apart():
    told = found("长春的朝阳区和北京的朝阳区", matcher=nowhere())
    assert [hit[1:] for hit in told if hit[0] == "朝阳区"] == [
        ("220104", "sure"),
        ("110105", "sure"),
    ]
