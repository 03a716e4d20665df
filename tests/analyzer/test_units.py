"""Units in texts: the written sentences with traps, and any text."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.analyzer import nowhere
from support.localities import lot

from analyzer.units import UnitMatcher
from registry.units import Unit

FILE = Path(__file__).with_name("units.txt")
BLIND = Path(__file__).with_name("units_blind.txt")  # written without reading the rules
FOURTH = Path(__file__).with_name("units_fourth.txt")  # likewise, later
_NAMES = {
    "water": ("岚江县水务局", "县水务局", "水务局"),
    "urban": ("岚江县城市管理局", "县城管局", "城管局", "城管"),
    "edu": ("岚江县教育体育局", "教体局", "教育体育局"),
    "hospital": ("岚江县人民医院", "县医院"),
    "office": ("岚江县人民政府办公室", "县政府办"),
    "traffic": ("岚江县公安局交通警察大队", "交警大队", "县交警大队"),
    "housing": ("岚江县住房和城乡建设局", "住建局", "县住建局"),
    "agri": ("岚江县农业农村局", "农业农村局", "县农业农村局"),
    "fire": ("岚江县消防救援大队", "消防大队", "县消防救援大队"),
}


@cache
def matcher() -> UnitMatcher:
    return UnitMatcher(
        [Unit(id=key, name=name, aliases=tuple(rest)) for key, (name, *rest) in _NAMES.items()],
        nowhere().elsewhere(),
    )


def _sentences(file: Path = FILE) -> list[tuple[str, tuple[str, ...]]]:
    lines = file.read_text("utf-8").splitlines()
    parts = (line.partition("\t") for line in lines if line and not line.startswith("# "))
    return [(text, tuple(ids.split())) for text, _, ids in parts]


def test_units_are_found_and_what_only_looks_like_them_is_not():
    sentences = _sentences()
    assert len(sentences) >= 50
    found = matcher().find_many([text for text, _ in sentences])
    wrong = [
        (text, ids, told) for (text, ids), told in zip(sentences, found, strict=True) if told != ids
    ]
    assert len(wrong) <= len(sentences) // 30, wrong


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("file", [BLIND, FOURTH])
def test_units_in_sentences_written_without_reading_the_rules(file: Path, half: int):
    # Half 1 of the fourth set was looked at by figure only.
    sentences = [one for one in _sentences(file) if lot(one[0]) == half]
    found = matcher().find_many([text for text, _ in sentences])
    right = sum(len(set(told) & set(ids)) for (_, ids), told in zip(sentences, found, strict=True))
    assert right / sum(map(len, found)) >= 0.93
    assert right / sum(len(ids) for _, ids in sentences) >= 0.93


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("成都水务局约谈，云南岚江县水务局照办", ("water",)),
        ("围城管理者不管城管", ("urban",)),
        ("岚江县水务局和县水务局", ("water",)),
        ("昆明市水务局通报，岚江县水务局转发", ("water",)),
        ("城管局宿舍转让", ()),
        ("全县医院普查", ()),
        ("水\u200b务局停水", ("water",)),
        ("电视剧里那个城管", ()),
        ("打开农业农村局面", ()),
        ("岚江城管来了", ("urban",)),
    ],
)
def test_an_alias_inside_a_longer_name_is_no_unit(text: str, expected: tuple[str, ...]):
    assert matcher().find(text) == expected


def test_without_units_nothing_is_found():
    assert UnitMatcher().find_many(["水务局", ""]) == [(), ()]
    assert UnitMatcher([Unit(id="x", name="局")]).find("局") == ()


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.one_of(st.text(max_size=20), st.sampled_from(["水务局", "\ud800", "县"])), max_size=9
    )
)
def test_any_text_is_taken_and_company_changes_nothing(texts: list[str]):
    assert matcher().find_many(texts) == [matcher().find(text) for text in texts]
