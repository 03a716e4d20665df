"""The command line: the table names the module of each command, and only that module is read."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.main import get_group

from yuqing.cli import COMMANDS, called, program


@pytest.mark.parametrize("module", COMMANDS)
def test_a_module_adds_the_commands_that_the_table_says(module: str) -> None:
    assert set(get_group(program([module])).commands) == set(COMMANDS[module])


def test_only_what_is_called_is_loaded_and_all_where_nothing_known_is() -> None:
    assert list(called(["score", "--why"])) == ["filtering"]
    assert list(called(["eval"])) == ["eval"]
    for words in ([], ["--help"], ["scroe"], ["--", "score"]):
        assert list(called(words)) == list(COMMANDS)


def test_a_start_reads_no_other_command() -> None:
    said = "import sys, yuqing.cli as c; c.program(c.called(['duplicates'])); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "yuqing.commands.duplicates" in loaded
    for heavy in ("pydantic", "numpy", "structlog", "sqlalchemy", "yuqing.commands.operating"):
        assert heavy not in loaded
