"""Backups (备份): all of one service in a folder, consistent while it works.

The relational database goes as lines of JSON of one snapshot, so that it can be restored into
SQLite or PostgreSQL; an embedded log and index as files; and what else DATA holds. The positions
of the log's readers are noted first: what came after the snapshot is read again after a restore.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from posts import sqlite_copy
from posts.errors import reason_of
from posts.identity import SHANGHAI
from registry import audit, db_dump, erasure_ledger
from registry.errors import ConflictError, InvalidInputError, UnavailableError
from yuqing.wiring import Wiring

FORMAT = 1
MANIFEST = "manifest.json"
LEDGER = "erasures.jsonl"
TABLES, FILES = "tables", "files"
LOG, INDEX = "log.db", "index.db"
PREFIX = "yuqing-"
_UNFINISHED = ".unfinished"
#: What is copied in another way, belongs to a running process, or is a secret of the first start.
_NOT_COPIED = ("registry.db", LOG, INDEX, "lock", "logs", "first-run.json", "replaced-")


class Manifest(Struct, frozen=True):
    """What a backup holds; ``files`` by name: size in bytes and SHA-256."""

    format: int
    made_at: datetime
    version: str
    revision: str
    engine: str
    audit_head: str
    rows: dict[str, int]
    counters: dict[str, int]
    log: bool
    index: bool
    files: dict[str, tuple[int, str]]


def make(wiring: Wiring, destination: Path, *, now: datetime) -> tuple[Path, Manifest]:
    """Write a new folder into ``destination``; returns it with what it holds.

    Raises UnavailableError where that can't be written; then no half backup is left.
    """
    name = f"{PREFIX}{now.astimezone(SHANGHAI):%Y%m%d-%H%M%S}"
    final, work = destination / name, destination / f"{name}{_UNFINISHED}"
    if final.exists():
        raise ConflictError(f"{final} 已有，一秒之内只做一份备份。请稍后再试。")
    try:
        destination.mkdir(parents=True, exist_ok=True)
        work.mkdir(mode=0o700)
        try:
            manifest = _write(wiring, work, now)
            work.rename(final)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
    except OSError as error:
        if work.exists():
            raise ConflictError(f"另一个备份正在写 {work}。请等它结束再试。") from error
        raise UnavailableError(
            f"备份写不进 {destination}：{reason_of(error)}。请检查磁盘空间和权限。"
        ) from error
    return final, manifest


def read(folder: Path) -> Manifest:
    """The manifest of the folder, after all its files were compared with it.

    Raises InvalidInputError that names what is missing or was changed.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise InvalidInputError(f"{folder} 不是备份：里面没有 {MANIFEST}。") from error
    except (msgspec.DecodeError, OSError) as error:
        raise InvalidInputError(f"{folder / MANIFEST} 读不懂，备份可能已损坏。") from error
    if manifest.format > FORMAT:
        raise InvalidInputError(
            f"{folder} 是更新的程序（{manifest.version}）写的，请用那个版本恢复。"
        )
    for name, (_, digest) in manifest.files.items():
        file = folder / name
        if not file.resolve().is_relative_to(folder.resolve()):
            raise InvalidInputError(f"备份清单里的文件名不合法：{name}")
        if not file.is_file():
            raise InvalidInputError(f"备份缺少文件 {file}，不能恢复。请换一份备份。")
        if _digest(file) != digest:
            raise InvalidInputError(f"备份里的 {file} 被改动或已损坏，不能恢复。请换一份备份。")
    return manifest


def newest(folder: Path) -> Path:
    """The folder itself where it is a backup, else the newest backup in it."""
    if (folder / MANIFEST).exists():
        return folder
    found = sorted(one for one in folder.glob(f"{PREFIX}*") if (one / MANIFEST).exists())
    if not found:
        raise InvalidInputError(f"{folder} 里没有备份。请写备份所在的目录。")
    return found[-1]


def table_lines(folder: Path, table: str) -> Iterator[str]:
    """What the backup holds of that table."""
    with gzip.open(folder / TABLES / f"{table}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from lines


def _write(wiring: Wiring, work: Path, now: datetime) -> Manifest:
    from importlib.metadata import version

    database, data = wiring.database, wiring.folder
    noted = sqlite_copy.positions(data.log) if data.log.exists() else {}
    _copy_files(data.path, work)
    (work / TABLES).mkdir()
    rows: dict[str, int] = {}
    with database.reading() as session:
        for table in db_dump.tables(session):
            lines = () if table in db_dump.PASSING else db_dump.lines(session, table)
            with gzip.open(work / TABLES / f"{table}.jsonl.gz", "wb", compresslevel=6) as out:
                count = sum(bool(out.write(line.encode())) for line in lines)
            rows[table] = max(0, count - 1)
        revision, counters = db_dump.revision(session), db_dump.counters(session)
        head = audit.head(session)
        ledger = erasure_ledger.to_lines(erasure_ledger.acts(session))
    (work / LEDGER).write_bytes(ledger)
    if data.index.exists():
        sqlite_copy.copy(data.index, work / INDEX)
    if data.log.exists():
        sqlite_copy.copy(data.log, work / LOG)
        sqlite_copy.set_positions(work / LOG, noted)
    manifest = Manifest(
        format=FORMAT,
        made_at=now,
        version=version("yuqing-desk"),
        revision=revision,
        engine="SQLite" if database.sqlite else "PostgreSQL",
        audit_head=head,
        rows=rows,
        counters=counters,
        log=(work / LOG).exists(),
        index=(work / INDEX).exists(),
        files={
            file.relative_to(work).as_posix(): (file.stat().st_size, _digest(file))
            for file in sorted(work.rglob("*"))
            if file.is_file()
        },
    )
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (work / MANIFEST).write_bytes(text + b"\n")
    return manifest


def _copy_files(data: Path, work: Path) -> None:
    """What stages and people keep in DATA beside the databases; a file may vanish meanwhile."""
    for one in sorted(data.iterdir()):
        if not one.name.startswith(_NOT_COPIED) and not one.is_symlink():
            target = work / FILES / one.name
            target.parent.mkdir(exist_ok=True)
            _copy(one, target)


def _copy(one: Path, target: Path) -> None:
    try:
        if one.is_dir():
            target.mkdir()
            for inner in sorted(one.iterdir()):
                _copy(inner, target / inner.name)
        elif one.is_file():
            shutil.copyfile(one, target)
    except FileNotFoundError:
        return


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
