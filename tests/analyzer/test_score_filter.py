from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from support.analyzer import dehong

from analyzer import sentiment
from analyzer.score_filter import BadLine, Judgement, encode_lines, score_lines
from analyzer.units import UnitMatcher
from registry.units import Unit

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


def test_why_adds_the_runs_that_decided():
    lines = ['{"id": 1, "text": "又停水了"}']
    [judged] = score_lines(lines, sentiment.load("trivial"), dehong(), why=True)
    assert isinstance(judged, Judgement)
    reasons = json.loads(encode_lines([judged]))["reasons"]
    assert [(one["text"], one["start"], one["end"]) for one in reasons] == [("停水", 1, 3)]
