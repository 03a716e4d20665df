"""What grouping remembers across restarts: one file, written whole and swapped in.

Without a file (``path`` is None) nothing is kept, and windows are filled from the index anew.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import msgspec
import structlog

from analyzer.grouping.windows import RuleState
from posts.errors import RetryError

_VERSION = 1
_log = structlog.get_logger()


class _File(msgspec.Struct):
    v: int
    rules: dict[str, RuleState]


def forget(rules: dict[str, RuleState], posts: Collection[str]) -> bool:
    """Drop what those posts said (their titles); they still count. True where there was some."""
    gone, found = set(posts), False
    for state in rules.values():
        for one in state.entries:
            if one.title and one.id in gone:
                one.title, found = "", True
    return found


class Memory:
    """Loads and saves the states of the rules, by rule id."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def load(self) -> dict[str, RuleState]:
        """What was saved last; empty where nothing was, or where it can't be read (kept aside)."""
        if self._path is None or not self._path.exists():
            return {}
        try:
            file = msgspec.json.decode(self._path.read_bytes(), type=_File)
        except OSError as error:
            raise RetryError(f"grouping state can't be read: {error}") from error
        except msgspec.MsgspecError as error:
            _log.warning("grouping_state_unreadable", path=str(self._path), error=str(error))
            self._path.replace(self._path.with_suffix(".bad"))
            return {}
        return file.rules if file.v == _VERSION else {}

    def save(self, rules: dict[str, RuleState]) -> None:
        """Write durably, all or nothing. Raises RetryError (disk full, no rights)."""
        if self._path is None:
            return
        fresh = self._path.with_suffix(".new")
        try:
            with fresh.open("wb") as file:
                file.write(msgspec.json.encode(_File(v=_VERSION, rules=rules)))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as error:
            raise RetryError(f"grouping state can't be written: {error}") from error
