"""``yuqing duplicates``: a line out for every line in, in order, whenever it becomes sure."""

from __future__ import annotations

import json
from collections.abc import Iterable

from analyzer.filter_lines import BadLine
from analyzer.grouping.copies_filter import Grouped, duplicate_lines, encode_line

STORY = "今天下午三点，城东水库附近发生塌方，请大家绕行，不要围观。"
OTHERS = [
    "老街的路灯坏了半个月没有人修，晚上走路看不见。",
    "新区学校门口每天早上堵得走不动，请问归哪个部门管？",
    "码头的集市上周换了地方，新的地方停车很方便。",
    "北坡果园的桃子熟了，欢迎周末来摘，小孩免费。",
]


def lines(*rows: dict[str, object]) -> list[bytes]:
    return [json.dumps(row, ensure_ascii=False).encode() for row in rows]


def groups(rows: Iterable[bytes], **settings: int) -> list[tuple[object, object]]:
    found = duplicate_lines(rows, **settings)
    return [(one.id, one.group) for one in found if isinstance(one, Grouped)]


def test_each_line_names_its_original_and_those_without_copies_name_none():
    rows = lines(
        {"id": "a", "text": STORY},
        {"id": 7, "text": OTHERS[0]},
        {"id": "b", "title": "转发", "text": "【转】" + STORY},
        {"id": "c", "text": ""},
    )
    assert groups(rows) == [("a", "a"), (7, None), ("b", "a"), ("c", None)]
    assert next(encode_line(one) for one in duplicate_lines(rows)) == b'{"id":"a","group":"a"}'


def test_a_line_that_left_the_window_is_answered_before_the_end():
    read = 0

    def endless() -> Iterable[bytes]:
        nonlocal read
        for number in range(100):
            read += 1
            text = "".join(chr(0x4E00 + (number * 97 + step * 31) % 9_000) for step in range(30))
            yield lines({"id": number, "text": text})[0]

    found = iter(duplicate_lines(endless(), window=4, batch=1))
    assert next(found) == Grouped(0, None)
    assert read < 10


def test_long_lines_are_not_gathered_by_the_hundred():
    read = 0

    def long_ones() -> Iterable[bytes]:
        nonlocal read
        for number in range(40):
            read += 1
            yield lines({"id": number, "text": "水" * 500_000})[0]

    assert next(iter(duplicate_lines(long_ones()))) == Grouped(0, 0)
    assert read < 5


def test_bad_lines_are_told_in_their_place_and_the_rest_goes_on():
    rows = [b"nonsense", *lines({"id": 1}, {"id": True, "text": ""}, {"id": 1, "text": 3}), b"\xff"]
    rows += [b"", *lines({"id": 1, "text": "", "title": 5}, {"id": "ok", "text": STORY}), b"[1]"]
    found = list(duplicate_lines(rows))
    assert [one.number for one in found if isinstance(one, BadLine)] == [1, 2, 3, 4, 5, 7, 9]
    assert isinstance(found[6], Grouped)
    assert all("\u4e00" <= one.message[0] <= "\u9fff" for one in found if isinstance(one, BadLine))


def test_the_command_reads_a_pipe_and_says_what_was_wrong():
    import subprocess
    import sys

    rows = lines({"id": "a", "text": STORY}, {"id": "b", "text": "//@用户:" + STORY})
    run = subprocess.run(
        [sys.executable, "-m", "yuqing", "duplicates"],
        input=b"\n".join([*rows, b"{"]),
        capture_output=True,
        check=False,
    )
    assert run.returncode == 1
    assert [json.loads(line) for line in run.stdout.splitlines()] == [
        {"id": "a", "group": "a"},
        {"id": "b", "group": "a"},
    ]
    assert run.stderr.decode().startswith("第 3 行")
