"""Events of a file: what belongs together, what does not, and lines that are none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from analyzer.filter_lines import BadLine
from analyzer.grouping.events_evaluation import Fit, fit, table
from analyzer.grouping.events_filter import Given, encode_line, group, read
from registry.errors import InvalidInputError
from yuqing.eval_events import measured

_DAY = 86_400.0
_PLANT = (
    "云溪花园小区东侧新开的混凝土搅拌站昼夜施工，粉尘和噪音让人睡不着",
    "投诉云溪花园旁边的混凝土搅拌站，粉尘飘进窗户，噪音到凌晨",
    "混凝土搅拌站离云溪花园不到百米，粉尘噪音扰民，请环保局查处",
)
_SCHOOL = (
    "明德双语学校突然要求家长补交三千元服务费，没有任何收据",
    "明德双语学校乱收服务费三千元，家长要求退费",
)
_ALONE = "想问一下老年公交卡在哪里办理，需要带户口本吗"


def _given(texts: tuple[str, ...], *, step: float = 60.0) -> list[Given]:
    return [Given(place, "", text, place * step) for place, text in enumerate(texts)]


def test_posts_of_one_matter_are_one_event_and_a_post_alone_is_none():
    answers = list(group(_given((*_PLANT, *_SCHOOL, _ALONE))))

    events = [one.event for one in answers]
    assert events[0] == events[1] == events[2] == 1
    assert events[3] == events[4] == 2
    assert events[5] is None
    assert [one.id for one in answers] == list(range(6))


def test_order_in_the_file_does_not_matter_time_does():
    posts = _given((*_PLANT, *_SCHOOL, _ALONE))

    forward = {one.id: one.event for one in group(posts)}
    backward = {one.id: one.event for one in group(posts[::-1])}

    assert forward == backward


def test_a_matter_that_slept_longer_than_the_window_is_another_event():
    posts = _given(_PLANT[:2], step=40 * _DAY)

    assert [one.event for one in group(posts)] == [1, 1]
    assert [one.event for one in group(posts, days=30)] == [None, None]


def test_what_anonymising_left_behind_joins_nothing():
    texts = (
        "A7县泉水路路灯坏了半个月没有人修，夜里一片漆黑",
        "A7县实验中学周末强制补课收费三百元",
        "A7县的幸福里小区电梯困人，物业推诿",
    )

    assert [one.event for one in group(_given(texts))] == [None, None, None]


def test_a_hashtag_holds_a_matter_together():
    texts = ("#青石桥垮塌# 现场有车掉下去了", "愿平安 #青石桥垮塌#", "今天的晚霞真好看")

    assert [one.event for one in group(_given(texts))] == [1, 1, None]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "。",
        "😀😀😀",
        "\u0000\u202e",
        "a" * 100_000,
        "\ud800停水",
        "မြန်မာ ᦅᦱᧉ ئۇيغۇر",
        "##@@**[[",
    ],
)
def test_any_text_gives_an_answer(text):
    answers = list(group([Given("x", text, text, 0.0), Given("y", "", text, 1.0)]))

    assert [one.id for one in answers] == ["x", "y"]


def test_lines_that_are_none_are_told_with_their_number():
    lines = [
        b'\xef\xbb\xbf{"id":1,"text":"x","published_at":"2026-01-02 03:04:05"}',
        b"",
        b"{",
        b"[]",
        b'{"id":2,"text":"x"}',
        b'{"id":true,"text":"x","published_at":"2026-01-02T00:00:00Z"}',
        b'{"id":3,"text":"x","title":5,"published_at":"2026-01-02T00:00:00Z"}',
        b'{"id":4,"text":"x","published_at":"yesterday"}',
        b"\xff",
    ]

    bad = []
    given = list(read(lines, bad.append))

    assert [one.id for one in given] == [1]
    assert given[0].at == 1_767_294_245.0  # a time without a zone is Asia/Shanghai
    assert [one.number for one in bad] == [3, 4, 5, 6, 7, 8, 9]
    assert all(isinstance(one, BadLine) and one.message.startswith("第 ") for one in bad)


def test_a_line_out_has_id_and_event_only():
    (one,) = group([Given("帖", "", "停水", 0.0)])

    assert json.loads(encode_line(one)) == {"id": "帖", "event": None}


def test_the_figure_is_of_each_events_best_cluster():
    found = {1: "a", 2: "a", 3: "b", 4: None, 5: "a"}

    one = fit(found, {"e": [1, 2, 3, 4]})

    assert (one.recall, one.precision) == (0.5, 2 / 3)
    assert one.f == pytest.approx(2 * 0.5 * (2 / 3) / (0.5 + 2 / 3))
    assert fit({}, {"e": [1]}) == Fit(1, 1, 0.0, 0.0)
    assert "| e | 1 |" in table([("e", fit(found, {"e": [1]}))])[-1]


@pytest.mark.needs("eval_data")
def test_petitions_fall_into_the_events_that_were_read_by_hand(eval_data):
    with gzip.open(eval_data / "gov" / "messages_4326.jsonl.gz") as lines:
        rows = [json.loads(line) for line in lines]
    posts = read(
        (json.dumps({**row, "published_at": row["time"]}).encode() for row in reversed(rows)),
        pytest.fail,
    )
    checked = json.loads((Path(__file__).parent / "petition_events.json").read_text("utf-8"))

    found = {one.id: one.event for one in group(posts)}

    assert len(checked["tuning"]) >= 30 <= len(checked["figure"])
    assert fit(found, checked["tuning"]).f >= 0.87
    assert fit(found, checked["figure"]).f >= 0.87


def test_eval_prints_a_row_for_each_part_of_the_events(tmp_path):
    texts = [*_PLANT, *_SCHOOL]
    lines = [
        json.dumps({"id": n, "text": text, "time": f"2026-01-01 00:0{n}:00"})
        for n, text in enumerate(texts)
    ]
    posts, named = tmp_path / "posts.jsonl.gz", tmp_path / "events.json"
    posts.write_bytes(gzip.compress("\n".join(lines).encode()))
    named.write_text(json.dumps({"_note": "", "a": {"x": [0, 1, 2]}, "b": {"y": [3, 4]}}))

    assert measured(named, posts)[2:] == [
        "| a | 1 | 3 | 1.000 | 1.000 | 1.000 |",
        "| b | 1 | 2 | 1.000 | 1.000 | 1.000 |",
    ]
    named.write_text("[]")
    with pytest.raises(InvalidInputError, match="事件名称到帖文编号"):
        measured(named, posts)
