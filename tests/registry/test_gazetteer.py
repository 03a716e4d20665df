from __future__ import annotations

import time
import tracemalloc

import pytest

from registry import gazetteer
from registry.errors import InvalidInputError, NotFoundError
from registry.ethnic_names import without_ethnic_names
from registry.gazetteer import Division


@pytest.fixture(scope="module")
def divisions() -> list[Division]:
    return gazetteer.load()


def test_it_is_whole(divisions: list[Division]):
    by_level = dict.fromkeys(gazetteer.LEVELS, 0)
    for division in divisions:
        by_level[division.level] += 1
    assert by_level == {"province": 31, "city": 333, "county": 2978, "town": 41352}
    codes = {division.code for division in divisions}
    assert len(codes) == len(divisions)
    nameless = {one.parent for one in divisions if one.parent and one.parent not in codes}
    assert nameless == {"1101", "1201", "3101", "4190", "4290", "4690", "5001", "5002", "6590"}
    assert all(division.name and division.short for division in divisions)


def test_it_loads_quickly_and_in_little_memory():
    begin = time.process_time()
    gazetteer.load()
    assert time.process_time() - begin < 1
    tracemalloc.start()
    kept = gazetteer.load()
    size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept) == 44694
    assert size < 16e6
    assert peak < 25e6


def test_a_division_with_all_below_it():
    dehong = gazetteer.load_under("533100")
    assert dehong[0] == Division("5331", "city", "德宏傣族景颇族自治州", "德宏傣族", "53")
    counties = [division.name for division in dehong if division.level == "county"]
    assert counties == [division.name for division in gazetteer.children("5331")]
    assert set(counties) == {"瑞丽市", "芒市", "梁河县", "盈江县", "陇川县"}
    assert any(division.level == "town" for division in dehong)
    assert gazetteer.load_under("99") == []


def test_districts_stand_right_below_a_city_that_is_a_province():
    beijing = [division.name for division in gazetteer.children("110000")]
    assert len(beijing) == 16
    assert "东城区" in beijing
    hainan = {division.name for division in gazetteer.children("46")}
    assert {"海口市", "文昌市"} <= hainan
    assert "秀英区" not in hainan


def test_finding_one_and_what_is_above_it():
    assert gazetteer.find("530000").name == "云南省"
    assert gazetteer.parents("533103001") == ("533103", "5331", "53")
    assert gazetteer.parents("53") == ()
    with pytest.raises(NotFoundError, match="990000"):
        gazetteer.find("990000")


@pytest.mark.parametrize(
    ("given", "trimmed"),
    [
        ("533100", "5331"),
        ("5331", "5331"),
        ("530000000000", "53"),
        ("110000", "11"),
        ("533103000000", "533103"),
        ("533103001000", "533103001"),
        (" 533103 ", "533103"),
        ("469000", "4690"),
    ],
)
def test_codes_lose_their_trailing_zeros(given: str, trimmed: str):
    assert gazetteer.trim_code(given) == trimmed


@pytest.mark.parametrize(
    "given", ["", "5", "533", "53310", "德宏", "5331001", "5３", "53310300112345"]
)
def test_what_is_no_code_is_told(given: str):
    with pytest.raises(InvalidInputError):
        gazetteer.trim_code(given)


def test_each_code_of_the_gazetteer_survives_padding(divisions: list[Division]):
    by_code = {division.code: division for division in divisions}
    other = []
    for division in divisions:
        width = 12 if division.level == "town" else 6
        trimmed = gazetteer.trim_code(division.code.ljust(width, "0"))
        if trimmed != division.code:
            other.append((division.name, by_code[trimmed].name))
    # Cities without counties are listed twice; either code means the same place.
    assert len(other) == 4
    assert all(name == same for name, same in other)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("5331", ("德宏州", "德宏")),
        ("6228", ()),
        ("5308", ()),
        ("6528", ("巴音郭楞州", "巴音郭楞", "巴州")),
        ("15", ("内蒙古",)),
        ("65", ("新疆",)),
        ("622926", ("东乡县", "东乡")),
        ("530925", ("双江县", "双江")),
        ("450328", ("龙胜县", "龙胜")),
        ("150724", ("鄂温克旗", "鄂温克")),
        ("654022", ("察布查尔县", "察布查尔")),
    ],
)
def test_what_people_call_an_autonomous_division(
    divisions: list[Division], code: str, names: tuple[str, ...]
):
    (division,) = [one for one in divisions if one.code == code] or [
        Division(code, "city", "某某市", "某某", "")
    ]
    assert gazetteer.common_names(division) == names


def test_every_autonomous_division_gets_a_name_of_two_characters_at_least(
    divisions: list[Division],
):
    autonomous = [one for one in divisions if "自治" in one.name and one.level != "town"]
    assert len(autonomous) > 150
    for division in autonomous:
        names = gazetteer.common_names(division)
        assert names, division.name
        for name in names:
            assert len(name) >= 2, division.name
            assert "族" not in name, (division.name, name)


def test_an_ethnic_township_is_named_with_its_ending(divisions: list[Division]):
    (husa,) = [one for one in divisions if one.name == "户撒阿昌族乡"]
    assert gazetteer.common_names(husa) == ("户撒乡",)


def test_ethnic_names_go_only_from_the_end():
    assert without_ethnic_names("德宏傣族景颇族") == "德宏"
    assert without_ethnic_names("内蒙古") == "内蒙古"
    assert without_ethnic_names("东乡族") == "东乡"
    assert without_ethnic_names("民族") == "民族"
