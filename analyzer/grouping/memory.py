"""What grouping remembers across restarts: a file on one machine, a row where there are several.

Either is written whole, or added to. A Store keeps the bytes of any part; a Memory is the store of
the alert rules, without which their windows are filled from the index anew.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from analyzer.grouping.windows import RuleState
from posts.errors import RetryError
from registry import stage_memories
from registry.db import Database

_VERSION = 1
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as malloc.h numbers them
_log = structlog.get_logger()


class _Kept(msgspec.Struct):
    v: int
    rules: dict[str, RuleState]


class Memory(Protocol):
    """Loads and saves the states of the rules, by rule id."""

    def load(self) -> dict[str, RuleState]:
        """What was saved last; empty where nothing was, or where it can't be read."""

    def save(self, rules: dict[str, RuleState]) -> None:
        """Write durably, all or nothing. Raises RetryError where that can't be done now."""


def forget(rules: dict[str, RuleState], posts: Collection[str]) -> bool:
    """Drop what those posts said (their titles); they still count. True where there was some."""
    gone, found = set(posts), False
    for state in rules.values():
        for one in state.entries:
            if one.title and one.id in gone:
                one.title, found = "", True
    return found


class Store(Protocol):
    """Keeps the bytes of one part of grouping between starts."""

    def load(self) -> bytes | None:
        """What was saved last, and what was added; None where nothing was.

        Raises RetryError (no answer now).
        """

    def save(self, body: bytes) -> None:
        """Write durably, all or nothing. Raises RetryError where that can't be done now."""

    def append(self, body: bytes) -> None:
        """Add to what was saved, durably. Raises RetryError; then a part of it may be there."""


class NoStore:
    """Keeps nothing."""

    def load(self) -> bytes | None:
        """Nothing."""
        return None

    def save(self, body: bytes) -> None:
        """Nothing is done."""

    def append(self, body: bytes) -> None:
        """Nothing is done."""


class FileStore:
    """One file, swapped in whole or added to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> bytes | None:
        """As the protocol says (the disk does not answer)."""
        if not self.path.exists():
            return None
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise RetryError(f"grouping state can't be read: {error}") from error

    def save(self, body: bytes) -> None:
        """As the protocol says (disk full, no rights)."""
        fresh = self.path.with_suffix(".new")
        try:
            with fresh.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        except OSError as error:
            raise RetryError(f"grouping state can't be written: {error}") from error

    def append(self, body: bytes) -> None:
        """As the protocol says (disk full, no rights); the file is there."""
        try:
            with self.path.open("r+b") as file:
                file.seek(0, os.SEEK_END)
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RetryError(f"grouping state can't be written: {error}") from error


class TableStore:
    """Rows of the registry, written only under the lease, for holders on several machines.

    ``holder`` None writes without the lease: an erasure that a person ordered.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        holder: str | None,
        clock: Callable[[], datetime],
        lease: str,
    ) -> None:
        self.name = name
        self._database, self._holder, self._clock, self._lease = database, holder, clock, lease

    def load(self) -> bytes | None:
        """As the protocol says."""
        with self._database.reading() as session:
            return stage_memories.load(session, self.name)

    def save(self, body: bytes) -> None:
        """As the protocol says; RetryError too where the lease was lost."""
        self._write(stage_memories.save, body)

    def append(self, body: bytes) -> None:
        """As the protocol says; RetryError too where the lease was lost."""
        self._write(stage_memories.append, body)

    def _write(self, write: Callable[..., bool], body: bytes) -> None:
        with self._database.transaction() as session:
            kept = write(
                session,
                self.name,
                body,
                holder=self._holder,
                now=self._clock(),
                under=self._lease,
            )
        if not kept:
            raise RetryError(f"the lease {self._lease} was lost; its new holder goes on")


class NoMemory:
    """Keeps nothing."""

    def load(self) -> dict[str, RuleState]:
        """Nothing."""
        return {}

    def save(self, rules: dict[str, RuleState]) -> None:
        """Nothing is done."""


class FileMemory:
    """One file; what can't be read is kept aside."""

    def __init__(self, path: Path) -> None:
        self._store = FileStore(path)

    def load(self) -> dict[str, RuleState]:
        """As the protocol says. Raises RetryError where the disk does not answer."""
        body = self._store.load()
        if body is None:
            return {}
        path = self._store.path
        rules = _decode(body, str(path))
        if rules is None:
            path.replace(path.with_suffix(".bad"))
        return rules or {}

    def save(self, rules: dict[str, RuleState]) -> None:
        """As the protocol says (disk full, no rights)."""
        self._store.save(_encode(rules))


class TableMemory:
    """A row of the registry under the lease of that name, for holders on several machines."""

    def __init__(
        self, database: Database, name: str, *, holder: str | None, clock: Callable[[], datetime]
    ) -> None:
        self._store = TableStore(database, name, holder=holder, clock=clock, lease=name)

    def load(self) -> dict[str, RuleState]:
        """As the protocol says."""
        body = self._store.load()
        return {} if body is None else _decode(body, f"stage memory {self._store.name}") or {}

    def save(self, rules: dict[str, RuleState]) -> None:
        """As the protocol says; RetryError too where the lease was lost."""
        self._store.save(_encode(rules))


def large_goes_back() -> None:
    """Let each piece of 256 KB or more go back to the system as soon as it is freed.

    glibc raises that limit by itself, to 32 MB: then large passing things lie on the heap, what
    stays is put between them, and the process grows for days. Another C library is left as it is.
    """
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, 1 << 18)
        library.mallopt(_TRIM_THRESHOLD, 1 << 20)


def _encode(rules: dict[str, RuleState]) -> bytes:
    return msgspec.json.encode(_Kept(v=_VERSION, rules=rules))


def _decode(body: bytes, place: str) -> dict[str, RuleState] | None:
    """None where it can't be read."""
    try:
        kept = msgspec.json.decode(body, type=_Kept)
    except msgspec.MsgspecError as error:
        _log.warning("grouping_state_unreadable", place=place, error=str(error))
        return None
    return kept.rules if kept.v == _VERSION else {}
