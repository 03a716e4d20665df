"""``yuqing eval --all`` and ``--sentences``: what a folder holds, and places of one's own area."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from analyzer import locality_sentences
from registry.errors import InvalidInputError
from yuqing.cli import program
from yuqing.eval_folder import Given

SENTENCES = (
    "desk\tdehong\nplain\t[瑞丽市|533102]的路坏了\n"
    "trap\t瑞丽杂志上新了\nplain\t国道[边|533103]坏了\n"
)
DESKS = '[dehong]\nown = "5331"\n'


def _nothing() -> Given:
    return Given([], [], [], None, None, None)


def _eval(*arguments: str) -> str:
    return CliRunner().invoke(program(["eval"]), ["--scorer", "trivial", *arguments]).output


def _write(folder: Path, name: str, text: str) -> str:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return str(file)


def test_a_folder_gives_each_evaluation_its_files(tmp_path: Path):
    for name in (
        "sentiment/affairs_later.tsv.gz",
        "sentiment/weibo_dev.tsv.gz",
        "gov/messages_10.jsonl",
        "locality/ner_loc_dev.jsonl.gz",
        "events/ced_cascades.jsonl.gz",
        "throughput/posts.tsv",
        "sealed/sentiment/affairs.tsv",
    ):
        _write(tmp_path, name, "")
    given = _nothing()
    given.labelled = [Path("own.tsv")]
    given.fill(tmp_path)
    assert [file.name for file in given.labelled] == [
        "affairs_later.tsv.gz",
        "weibo_dev.tsv.gz",
        "own.tsv",
    ]
    assert [file.name for file in given.copies] == ["posts.tsv", "messages_10.jsonl"]
    assert [file.name for file in given.places] == ["ner_loc_dev.jsonl.gz"]
    assert given.posts == tmp_path / "gov/messages_10.jsonl"
    assert (given.cascades, given.traffic) == (
        tmp_path / "events/ced_cascades.jsonl.gz",
        tmp_path / "throughput/posts.tsv",
    )


def test_a_folder_without_data_or_that_is_none_is_told(tmp_path: Path):
    with pytest.raises(InvalidInputError, match="没有可评估的数据"):
        _nothing().fill(tmp_path)
    with pytest.raises(InvalidInputError, match="不是文件夹"):
        _nothing().fill(tmp_path / "none")


def test_sentences_of_a_desk_are_measured(tmp_path: Path):
    sentences = _write(tmp_path, "mine.txt", SENTENCES)
    told = _eval("--sentences", sentences, "--desks", _write(tmp_path, "desks.toml", DESKS))
    (row,) = [line for line in told.splitlines() if line.startswith("| mine.txt")]
    assert row.startswith("| mine.txt | 3 | 1、2 | 1.000 (1.000–1.000) | 0.500 (")


def test_sentences_are_measured_for_the_own_area_of_the_settings(tmp_path: Path):
    sentences = _write(
        tmp_path, "mine.txt", "a\t[瑞丽市|533102]的路\na@533102\t[勐卯街道|533102001]的路"
    )
    settings = _write(tmp_path, "yuqing.toml", '[area]\ncode = "533100"\n')
    told = _eval("--sentences", sentences, "--config", settings)
    assert "| mine.txt | 2 | 2、2 | 1.000" in told


@pytest.mark.parametrize(
    ("sentences", "desks", "sentence"),
    [
        ("desk\tother\na\t路", DESKS, "里的地区 'other' 不在"),
        ("no tab", DESKS, "第 1 行应为"),
        ("a\t路", "[a]\nowned = 1", "应为 TOML"),
        ("a\t路", "[a", "应为 TOML"),
    ],
)
def test_bad_files_are_told(tmp_path: Path, sentences: str, desks: str, sentence: str):
    given = _write(tmp_path, "mine.txt", sentences)
    result = CliRunner().invoke(
        program(["eval"]),
        ["--sentences", given, "--desks", _write(tmp_path, "desks.toml", desks)],
    )
    assert isinstance(result.exception, InvalidInputError)
    assert sentence in str(result.exception)


def test_marks_are_taken_out_and_remarks_passed_over(tmp_path: Path):
    file = Path(_write(tmp_path, "mine.txt", "# a remark\n\na\t在[瑞丽|533102]和[芒市|533103]\n"))
    (one,) = locality_sentences.read(file)
    assert one.text == "在瑞丽和芒市"
    assert one.places == ((1, 3, "533102"), (4, 6, "533103"))


@pytest.mark.parametrize("option", ["--data", "--copies", "--places", "--sentences"])
def test_a_file_that_is_missing_is_told_before_anything_is_reckoned(option: str):
    result = CliRunner().invoke(program(["eval"]), [option, "none.tsv"])
    assert isinstance(result.exception, InvalidInputError)
    assert "读不了 none.tsv：没有这个文件" in str(result.exception)
    assert result.output == ""
