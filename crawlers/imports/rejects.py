"""The rejects files: what an import could not take, line by line with the reason (被拒行).

A rejected row may tell the same as one that was taken, so that lawful erasure reaches here too.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from posts.identity import SHANGHAI
from posts.log.quotations import DESTROYED
from registry.errors import UnavailableError
from registry.quotes import Quotes

_SUFFIX = ".jsonl"


def forget(folder: Path, quotes: Quotes) -> int:
    """Overwrite every row that quotes, in its place; returns how many.

    In place, for an import that runs goes on writing at the end of its file. Raises
    UnavailableError that names the file.
    """
    count = 0
    for path in sorted(folder.glob(f"*{_SUFFIX}")) if folder.is_dir() else ():
        try:
            with path.open("r+b") as file:
                count += _forget_in(file, quotes)
        except OSError as error:
            raise UnavailableError(
                f"被拒行的记录 {path} 改不了（{error.strerror}），请检查磁盘和权限；稍后自动再试。"
            ) from error
    return count


def _forget_in(file: IO[bytes], quotes: Quotes) -> int:
    count = 0
    place = 0
    for line in iter(file.readline, b""):
        fresh = _without(line, quotes)
        if fresh is not None:
            file.seek(place)
            file.write(fresh)
            count += 1
            file.seek(place + len(line))
        place += len(line)
    file.flush()
    if count:
        os.fsync(file.fileno())
    return count


def _without(line: bytes, quotes: Quotes) -> bytes | None:
    """The line without its row, as long as it was; None where it quotes nothing."""
    try:
        entry = json.loads(line)
    except ValueError:  # cut short by a crash: the text may stand there all the same
        entry = {"row": line.decode("utf-8", "replace")}
    if not isinstance(entry, dict) or not quotes.within(entry):
        return None
    end = b"\n" if line.endswith(b"\n") else b""
    for said in (DESTROYED, ""):
        kept = {key: quotes.without(value) for key, value in entry.items()}
        kept["row"] = said
        fresh = json.dumps(kept, ensure_ascii=False).encode()
        if len(fresh) + len(end) <= len(line):
            return fresh.ljust(len(line) - len(end)) + end
    return b" " * (len(line) - len(end)) + end


class Rejects:
    """The rejects file: JSON Lines, made with the first rejected row, for its owner's eyes only."""

    def __init__(self, folder: Path, source: str, now: datetime) -> None:
        self._folder = folder
        safe = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in source)
        self._stem = f"rejects-{safe[:40]}-{now.astimezone(SHANGHAI):%Y%m%d-%H%M%S}"
        self._file: IO[str] | None = None
        self.name: str | None = None

    def write(self, entry: dict[str, Any]) -> None:
        """Add a line. Raises UnavailableError where that can't be done."""
        line = json.dumps(entry, ensure_ascii=False, default=str)
        try:
            if self._file is None:
                self._file = self._create()
            self._file.write(line.encode("utf-8", "replace").decode() + "\n")
            self._file.flush()
        except OSError as error:
            raise UnavailableError(
                f"被拒行的记录写不进 {self._folder}（{error.strerror}），请检查磁盘空间和权限"
            ) from error

    def _create(self) -> IO[str]:
        self._folder.mkdir(parents=True, exist_ok=True)
        number = 0
        while True:
            path = self._folder / f"{self._stem}{f'-{number}' if number else ''}{_SUFFIX}"
            with suppress(FileExistsError):
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                self.name = str(path)
                return os.fdopen(handle, "w", encoding="utf-8")
            number += 1

    def close(self) -> None:
        """The import is over."""
        if self._file is not None:
            self._file.close()
