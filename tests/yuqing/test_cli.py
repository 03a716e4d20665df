"""The command line: the table names the module of each command, and only that module is read."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.main import get_group

from yuqing.cli import COMMANDS, called, program
from yuqing.commands.usage import usage_sentence


@pytest.mark.parametrize("module", COMMANDS)
def test_a_module_adds_the_commands_that_the_table_says(module: str) -> None:
    assert set(get_group(program([module])).commands) == set(COMMANDS[module])


def test_only_what_is_called_is_loaded_and_all_where_nothing_known_is() -> None:
    assert list(called(["score", "--why"])) == ["filtering"]
    assert list(called(["eval"])) == ["eval"]
    for words in ([], ["--help"], ["scroe"], ["--", "score"]):
        assert list(called(words)) == list(COMMANDS)


def test_neither_a_start_nor_the_list_of_all_reads_what_a_command_works_with() -> None:
    said = (
        "import sys, yuqing.cli as c; c.get_group(c.program(c.called(['score'])));"
        "assert 'yuqing.commands.operating' not in sys.modules; c.get_group(c.program());"
        "print(*{'pydantic', 'numpy', 'structlog', 'sqlalchemy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert not done.stdout.strip()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("Invalid value for '--window': Input should be a valid number, unable to …", "应为数字"),
        ("Invalid value for '--window': Input should be greater than or equal to 1", "应不小于 1"),
        ("Invalid value for '--seed': Input should be a valid integer, unable to …", "应为整数"),
    ],
)
def test_what_is_wrong_with_an_option_is_told_in_chinese(given: str, said: str) -> None:
    class Error:
        ctx = None

        def format_message(self) -> str:
            return given

    sentence = usage_sentence(Error())
    assert said in sentence
    assert "Input" not in sentence
