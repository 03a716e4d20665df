"""The filters that people use alone, as black boxes: their form is a promise."""

from __future__ import annotations

import itertools
import json
import tomllib

import pytest
from support.service import run

CLOCK_KEYS = [
    "rule",
    "name",
    "basis",
    "start",
    "due",
    "state",
    "provisional",
    "margin_s",
    "reason",
    "citation",
]
SCORE_KEYS = [
    "id",
    "p_negative",
    "p_positive",
    "p_appeal",
    "sentiment",
    "localities",
    "units",
    "scorer",
]


def clocks(folder, *options: str) -> list[dict[str, object]]:
    done = run("clocks", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    assert all(list(clock) == CLOCK_KEYS for clock in found)
    return found


def score(folder, lines: str, *options: str):
    return run("score", "--scorer", "trivial", *options, cwd=folder, input=lines)


def test_entries_of_the_api_are_entries_of_the_filter(tmp_path) -> None:
    """One file as it is stored, one as the API lists it: the same clocks."""
    at = "2026-03-01T09:00:00+08:00"
    stored = [
        {"type": "opened", "at": at, "written_at": at, "title": "停水"},
        {
            "type": "instant",
            "at": at,
            "written_at": at,
            "which": "occurred",
            "value": "2026-03-01T08:00:00+08:00",
        },
        {"type": "level_set", "at": at, "written_at": at, "level": "重大"},
        {"type": "release", "at": at, "written_at": at, "status": "published"},
    ]
    common = ("type", "at", "written_at")
    listed = [
        {
            "seq": number,
            "kind": "记录",
            "by": "值班员",
            **{key: entry[key] for key in common},
            "body": {key: value for key, value in entry.items() if key not in common},
        }
        for number, entry in enumerate(stored, 1)
    ]
    for name, rows in (("stored.jsonl", stored), ("listed.jsonl", listed)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / name).write_text(text, encoding="utf-8")
    now = ("--now", "2026-03-01T10:00")
    one = clocks(tmp_path, "--entries", "stored.jsonl", *now)
    assert [(clock["rule"], clock["state"]) for clock in one] == [("R1", "met"), ("R2", "running")]
    assert clocks(tmp_path, "--entries", "listed.jsonl", *now) == one


def test_every_option_of_clocks_is_optional(tmp_path) -> None:
    assert clocks(tmp_path) == []
    assert clocks(tmp_path, "--level", "重大") == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ("--occurred", "2026-03-01T08:00", "--now", "2026-03-01T13:00:01"),
            [("R1", "conditional", -1), ("R2", "conditional", 68_399)],
        ),
        (
            (
                *("--level", "重大", "--occurred", "2026-03-01T08:00", "--now", "2026-03-05"),
                *("--stopped", "R1=2026-03-01T13:00", "--stopped", "R2=2026-03-02T08:00:01"),
            ),
            [("R1", "met", 0), ("R2", "met_late", -1)],
        ),
        (
            (
                *("--level", "较大", "--occurred", "2026-03-01T08:00"),
                *("--reported", "2026-03-01T09:00", "--detected", "2026-03-01T10:00"),
                *("--now", "2026-03-03T09:00"),
            ),
            [("R3", "due_soon", 3_600)],
        ),
        (
            ("--published", "2026-09-24", "--now", "2026-09-30"),
            [("R5", "due_soon", 86_400)],
        ),
    ],
    ids=["no level", "stopped", "answer", "policy"],
)
def test_states_and_margins(tmp_path, options, expected) -> None:
    found = clocks(tmp_path, *options)
    assert [(clock["rule"], clock["state"], clock["margin_s"]) for clock in found] == expected


def test_scores_keep_order_and_offsets_are_code_points(tmp_path) -> None:
    before = ("", "😀", "𠮷野家", "e\u0301", "👨‍👩‍👧", "\ufeff", "　", "ＡＢ", "①\n")
    texts = [f"{one}{two}德宏州芒市停水" for one, two in itertools.product(before, before)]
    lines = [
        json.dumps({"id": number, "text": text}, ensure_ascii=number % 2 == 0)
        for number, text in enumerate(texts)
    ]
    done = score(tmp_path, "\n".join(lines))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in rows] == list(range(len(texts)))
    for row, text in zip(rows, texts, strict=True):
        assert list(row) == SCORE_KEYS
        assert row["p_appeal"] is None
        found = {hit["code"]: hit for hit in row["localities"]}
        assert set(found) == {"5331", "533103"}
        for hit in found.values():
            assert list(hit) == ["code", "name", "text", "start", "end", "certainty", "why"]
            assert text[hit["start"] : hit["end"]] == hit["text"]


def test_a_bad_line_is_told_with_its_number_and_the_rest_goes_on(tmp_path) -> None:
    done = score(tmp_path, '{"id": 1, "text": "一"}\n{坏\n{"id": "c"}\n{"id": "d", "text": ""}\n')
    assert done.returncode == 1
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, "d"]
    told = done.stderr.strip().splitlines()
    assert len(told) == 2
    assert "2" in told[0]
    assert "3" in told[1]


def test_streets_are_found_under_the_names_that_people_use(tmp_path) -> None:
    """The gazetteer writes some towns with their county in front: 芒市勐焕街道."""
    assert run("init", "--area", "533100", cwd=tmp_path).returncode == 0
    localities = tomllib.loads((tmp_path / "yuqing.toml").read_text("utf-8"))["area"]["localities"]
    assert "勐焕街道" in localities["533103001"]
    assert "镇" not in localities["533103101"]
    row = json.loads(score(tmp_path, '{"id": 1, "text": "勐焕街道停水"}').stdout)
    (hit,) = row["localities"]
    assert (hit["code"], hit["certainty"]) == ("533103001", "sure")
