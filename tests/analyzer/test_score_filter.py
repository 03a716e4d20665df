from __future__ import annotations

import functools
import io
import json
import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.analyzer import dehong

from analyzer import sentiment
from analyzer.filter_lines import BadLine
from analyzer.score_filter import Judgement, LineFilter, encode_lines, score_lines
from analyzer.units import UnitMatcher
from registry.units import Unit
from yuqing.commands.score_input import blocks

LONE = re.compile("[\ud800-\udfff]")

STRANGE = [
    "", "。", "\0", "\ud800", "\udc00\ud800", "😀" * 40, "👨\u200d👩\u200d👧", "e\u0301", "①②Ⅷ㍿ﷺ",
    "ᥘᥧᥐᥰ ᥖᥬᥲ", "ᦺᦑ", "ယနေ့ ရေမလာပါ", "ئۇيغۇر سۇ توختىدى", "བོད་ཡིག", "ꆈꌠꉙ",
    "ＡＢＣ１２３", "颱風與災區", "𠮷野家",
    "\u202e水停丽瑞", "\u2066瑞丽\u2069", "瑞\u200b丽\ufeff市",
    "\x1b[31m停水\x07", "\u2028\u2029\x85", "\r\n\t", "瑞丽\ud83d",
    "死" * 3_000, "瑞丽市芒市" * 400,
]  # fmt: skip
UNITS = UnitMatcher([Unit(id="city-management", name="城市管理局", aliases=("城管局", "城管"))])


def run(*lines: str | bytes, batch: int = 64):
    return list(score_lines(lines, sentiment.load("trivial"), dehong(), UNITS, batch=batch))


def test_the_form_of_a_line_is_the_agreed_one():
    [result] = run('{"id": "a", "text": "瑞丽停水，城管来了", "extra": 1}\n')
    assert isinstance(result, Judgement)
    assert json.loads(encode_lines([result])) == {
        "id": "a",
        "p_negative": 0.9,
        "p_positive": 0.05,
        "p_appeal": None,
        "sentiment": "negative",
        "localities": [
            {
                "code": "533102",
                "name": "瑞丽市",
                "text": "瑞丽",
                "start": 0,
                "end": 2,
                "certainty": "sure",
                "why": "本辖区地名",
            }
        ],
        "units": ["city-management"],
        "scorer": "trivial",
    }
    assert list(json.loads(encode_lines([result]))) == [
        "id", "p_negative", "p_positive", "p_appeal", "sentiment", "localities", "units", "scorer",
    ]  # fmt: skip


def test_a_number_stays_a_number():
    assert [json.loads(encode_lines([one]))["id"] for one in run('{"id": 188006, "text": ""}')] == [
        188006
    ]


def test_bad_lines_are_told_with_their_number_and_the_rest_goes_on():
    results = run(
        '{"id": 1, "text": "a"}',
        "not json",
        "",
        "[1]",
        '{"id": 2}',
        '{"id": true, "text": "a"}',
        '{"id": 3, "text": 5}',
        b'{"id": 4, "text": "\xff"}',
        '{"id": 5, "text": "b"}',
        batch=2,
    )
    bad = [one for one in results if isinstance(one, BadLine)]
    assert [one.number for one in bad] == [2, 4, 5, 6, 7, 8]
    assert all(f"第 {one.number} 行" in one.message for one in bad)
    assert "缺少字段：text" in bad[2].message
    assert [one.id for one in results if isinstance(one, Judgement)] == [1, 5]


def test_the_first_answers_come_before_the_input_ends():
    def endless():
        while True:
            yield '{"id": 1, "text": "停水"}'

    assert isinstance(next(score_lines(endless(), sentiment.load("trivial"), dehong())), Judgement)


def test_a_byte_order_mark_is_taken():
    assert isinstance(run(b'\xef\xbb\xbf{"id": 1, "text": "a"}')[0], Judgement)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.text(alphabet=st.characters(), max_size=40).map(
                lambda text: json.dumps({"id": "x", "text": text})
            ),
            st.just('{"id": "\\ud800", "text": "\\udfff瑞丽"}'),
            st.text(alphabet=st.characters(), max_size=20),
        ),
        max_size=6,
    )
)
def test_any_line_is_answered_in_its_place(lines: list[bytes | str]):
    for result in run(*lines, batch=3):
        if isinstance(result, Judgement):
            json.loads(encode_lines([result]))


def test_a_text_of_a_megabyte_is_answered():
    [result] = run(json.dumps({"id": 1, "text": "停水瑞丽" * 260_000}))
    assert isinstance(result, Judgement)
    assert len(result.localities) == 500


@functools.cache
def whole() -> LineFilter:
    return LineFilter(sentiment.load("ngram"), dehong(), UNITS)


def holds(texts: list[str]) -> None:
    """Every text is answered in its place or refused; what is told of it is right as it came."""
    lines = [json.dumps({"id": at, "text": text}).encode() for at, text in enumerate(texts)]
    counted = LineFilter(sentiment.load("trivial"), dehong())
    refused = {one.number - 1 for one in counted.answers(lines)[1]}
    judged, bad = whole().answers(lines)
    assert len(bad) == len(refused)
    assert all(LONE.search(texts[at]) for at in refused)
    assert [one.id for one in judged] == [at for at in range(len(texts)) if at not in refused]
    for row in map(json.loads, encode_lines(judged).splitlines()):
        assert all(0 <= row[name] <= 1 for name in ("p_negative", "p_positive", "p_appeal"))
        text = texts[row["id"]]
        assert all(0 <= hit["start"] < hit["end"] <= len(text) for hit in row["localities"])
        assert all(text[hit["start"] : hit["end"]] == hit["text"] for hit in row["localities"])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.lists(
            st.one_of(
                st.sampled_from(STRANGE[:-2]),
                st.sampled_from(["瑞丽", "芒市", "德宏州", "城管局", "停水", "死亡", " ", "\n"]),
                st.text(alphabet=st.characters(exclude_categories=()), max_size=6),
            ),
            max_size=8,
        ).map("".join),
        max_size=8,
    )
)
def test_any_text_is_answered_over_the_whole_path(texts: list[str]):
    holds(texts)


def test_known_oddities_are_answered_or_refused():
    holds(STRANGE)


def test_a_text_is_judged_alike_alone_and_among_others():
    lines = [json.dumps({"id": 1, "text": one}) for one in STRANGE if not LONE.search(one)]
    together, _ = whole().answers(lines)
    assert [whole().answers([line])[0][0] for line in lines] == together


def test_five_megabytes_do_not_hold_up_the_others():
    texts = ["停水瑞丽 " * 1_000_000, "瑞丽停水"]
    judged, bad = whole().answers([json.dumps({"id": 1, "text": one}) for one in texts])
    assert bad == []
    assert [len(one.localities) for one in judged] == [500, 1]


def test_units_of_many_texts_are_those_of_each():
    texts = ["城管局和城管", "", "\0城管\0", "\ud800城市管理局", "停水", "市城管", "\0"]
    one = ("city-management",)
    assert UNITS.find_many(texts) == [one, (), one, one, (), one, ()]
    assert [UNITS.find(text) for text in texts] == UNITS.find_many(texts)
    assert UNITS.find_many([]) == UnitMatcher().find_many([]) == []


def test_half_a_character_is_named_as_the_likely_fault():
    [bad] = run('{"id": 1, "text": "\\ud83d 停水"}')
    assert isinstance(bad, BadLine)
    assert "半个字符" in bad.message


@pytest.mark.parametrize("size", [1, 7, 64, 4096])
def test_blocks_are_whole_lines_however_they_come(size: int):
    data = b"".join(b'{"id": %d}\n' % at * (at % 3) + b"x" * (at * 9) for at in range(40))
    found = list(blocks(io.BytesIO(data), size))
    assert b"".join(found) == data
    assert all(block.endswith(b"\n") for block in found[:-1])


def test_a_block_does_not_wait_for_more_than_what_is_there():
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stream, os.fdopen(writer, "wb", buffering=0) as pipe:
        several = blocks(stream)
        pipe.write(b"1\n")
        assert next(several) == b"1\n"
        pipe.write(b"2\n3")
        assert next(several) == b"2\n"
        pipe.write(b"\n")
        assert next(several) == b"3\n"
        pipe.close()
        assert list(several) == []


def test_why_adds_the_runs_that_decided():
    lines = ['{"id": 1, "text": "又停水了"}']
    [judged] = score_lines(lines, sentiment.load("trivial"), dehong(), why=True)
    assert isinstance(judged, Judgement)
    told = json.loads(encode_lines([judged]))
    reasons = told["reasons"]
    assert told["version"] == sentiment.load("trivial").version
    assert [(one["text"], one["start"], one["end"]) for one in reasons] == [("停水", 1, 3)]
