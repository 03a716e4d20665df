"""The import of files: read, admit in batches, write down what was rejected and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import structlog
from msgspec import Struct

from crawlers.admission import ERASED, Admission, Item, State
from crawlers.imports import documents, jsonl, tables
from crawlers.imports.fields import CellError, as_item, check_mapping, columns
from crawlers.imports.rejects import Rejects
from crawlers.imports.rows import BadRow, Row, UnreadableFileError, excerpt
from registry import sources
from registry.db import Database

log = structlog.get_logger()

_BATCH_ROWS = 500
_BATCH_CHARACTERS = 4_000_000
_READERS = {
    ".jsonl": jsonl.read,
    ".ndjson": jsonl.read,
    ".json": jsonl.read,
    ".csv": tables.read_csv,
    ".tsv": tables.read_csv,
    ".xlsx": tables.read_xlsx,
    ".txt": documents.read,
}
_PACKABLE = frozenset({".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt"})


class Summary(Struct, frozen=True, kw_only=True):
    """What an import came to: ``read`` is always accepted + duplicates + rejected.

    A file that can't be read, or its rest, counts as one read and rejected row; ``failed`` has a
    Chinese sentence for each of them and ``warnings`` for what should be looked at.
    """

    read: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    rejects_file: str | None = None
    failed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def line(self) -> str:
        """The summary as one line of JSON, with the keys that others rely on."""
        return json.dumps(
            {
                "read": self.read,
                "accepted": self.accepted,
                "duplicates": self.duplicates,
                "rejected": self.rejected,
                "rejects_file": self.rejects_file,
            },
            ensure_ascii=False,
        )


def ingest(
    paths: Sequence[str | Path],
    *,
    source: str,
    kind: str | None,
    mapping: Mapping[str, str],
    admission: Admission,
    database: Database,
    now: datetime,
    rejects_dir: Path,
) -> Summary:
    """Import the files under the source, which is made where it is missing.

    Without ``kind``: that of the source, for a new one ``document`` for text files and ``import``
    for the rest. One bad row or file never stops the others. Raises InvalidInputError for a wrong
    source or mapping, UnavailableError where the log or the rejects file can't be written.
    """
    check_mapping(mapping)
    source = source.strip()
    files = [Path(path) for path in paths]
    only_text = bool(files) and all(_extension(path)[0] == ".txt" for path in files)
    made = kind or ("document" if only_text else "import")
    with database.transaction() as session:
        known = sources.ensure(session, source, source, made, now=now)
    kind = kind or known.kind
    run = _Run(
        source=source,
        kind=kind,
        mapping=mapping,
        admission=admission,
        now=now,
        rejects_dir=rejects_dir,
    )
    try:
        for path in files:
            run.take(path)
        return run.summary()
    finally:
        run.close()


class _Run:
    """One import: the counts, the batch under way and the rejects file."""

    def __init__(
        self,
        *,
        source: str,
        kind: str,
        mapping: Mapping[str, str],
        admission: Admission,
        now: datetime,
        rejects_dir: Path,
    ) -> None:
        self._source = source
        self._kind = kind
        self._mapping = mapping
        self._admission = admission
        self._now = now
        self._rejects = Rejects(rejects_dir, source, now)
        self._counts = dict.fromkeys(State, 0)
        self._failed: list[str] = []
        self._warnings: list[str] = []

    def take(self, path: Path) -> None:
        """Read one file to its end, or to where it can't be read any further."""
        unseen = dict(self._mapping)
        batch: list[tuple[Row, Item]] = []
        characters = 0
        rows = 0
        failure: UnreadableFileError | None = None
        try:
            for row in _rows(path):
                rows += 1
                item = self._item(path, row, unseen)
                if item is None:
                    continue
                assert isinstance(row, Row)
                batch.append((row, item))
                characters += len(item.text)
                if len(batch) >= _BATCH_ROWS or characters >= _BATCH_CHARACTERS:
                    self._admit(path, batch)
                    batch, characters = [], 0
        except UnreadableFileError as error:
            failure = error
        self._admit(path, batch)
        if failure is not None:
            self._failed.append(f"{path}：{failure.message}")
            log.warning("import_file_unreadable", file=str(path), reason=failure.message)
            self._reject(path, BadRow(failure.line, failure.message))
        elif rows:
            self._warnings.extend(
                f"{path}：没有哪一行有列「{column}」（--map {field}={column}）"
                for field, column in unseen.items()
            )
        else:
            self._warnings.append(f"{path}：里面没有数据行")

    def _item(self, path: Path, row: Row | BadRow, unseen: dict[str, str]) -> Item | None:
        if isinstance(row, BadRow):
            self._reject(path, row)
            return None
        for field in [field for field, column in unseen.items() if column in row.values]:
            del unseen[field]
        try:
            return as_item(
                row, self._mapping, source=self._source, kind=self._kind, fetched_at=self._now
            )
        except CellError as error:
            self._reject(path, BadRow(row.line, error.message, excerpt(row.values), error.column))
            return None

    def _admit(self, path: Path, batch: list[tuple[Row, Item]]) -> None:
        if not batch:
            return
        outcomes = self._admission.admit([item for _, item in batch])
        for (row, _), outcome in zip(batch, outcomes, strict=True):
            if outcome.state is State.REJECTED:
                column = columns(row.values, self._mapping).get(outcome.field, outcome.field)
                # What was destroyed must not come back by the list of what was rejected.
                raw = "" if outcome.reason == ERASED else excerpt(row.values)
                bad = BadRow(row.line, outcome.reason, raw, column)
                self._reject(path, bad)
            else:
                self._counts[outcome.state] += 1

    def _reject(self, path: Path, bad: BadRow) -> None:
        self._counts[State.REJECTED] += 1
        self._rejects.write(
            {
                "file": str(path),
                "line": bad.line,
                "column": bad.column,
                "reason": bad.reason,
                "row": bad.raw,
            }
        )

    def summary(self) -> Summary:
        return Summary(
            read=sum(self._counts.values()),
            accepted=self._counts[State.ACCEPTED],
            duplicates=self._counts[State.DUPLICATE],
            rejected=self._counts[State.REJECTED],
            rejects_file=self._rejects.name,
            failed=tuple(self._failed),
            warnings=tuple(self._warnings),
        )

    def close(self) -> None:
        self._rejects.close()


def _extension(path: Path) -> tuple[str, bool]:
    """The extension that says the format, and whether the file is packed."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    packed = bool(suffixes) and suffixes[-1] == ".gz"
    if packed:
        suffixes.pop()
    return (suffixes[-1] if suffixes else ""), packed


def _rows(path: Path) -> Iterator[Row | BadRow]:
    extension, packed = _extension(path)
    reader = _READERS.get(extension)
    if reader is None or (packed and extension not in _PACKABLE):
        known = "、".join(_READERS)
        raise UnreadableFileError(
            f"不认识的文件类型「{''.join(path.suffixes[-2:]) or path.name}」，"
            f"可以导入：{known}（除 .xlsx 外可带 .gz）"
        )
    return reader(path)
