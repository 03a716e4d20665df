"""Restoring a backup (恢复), and carrying out again what was destroyed by law after it was made.

The acts of erasure are looked for where they outlive the backup: in the database that is replaced,
beside the backup, and where a person says so.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import structlog
from msgspec import Struct

from posts.errors import reason_of
from registry import audit, db_dump, erasure_ledger, erasures, lease
from registry.db import Database, Session
from registry.erasure_ledger import Act
from registry.errors import ConflictError, DeskError, NotFoundError, UnavailableError
from yuqing import backup, erasing
from yuqing.backup import Manifest
from yuqing.folder import DataFolder
from yuqing.wiring import Wiring

log = structlog.get_logger()
_LEASES = ("responder", "grouping")


class Restored(Struct, frozen=True):
    """What a restore did. ``again``: acts of erasure that were carried out again."""

    manifest: Manifest
    audit_head: str
    again: int
    aside: Path | None


def restore(
    wiring: Wiring,
    source: Path,
    *,
    overwrite: bool,
    ledgers: Sequence[Path],
    now: datetime,
) -> Restored:
    """Put the backup into DATA and the database of the settings.

    Raises InvalidInputError for a damaged backup, ConflictError where something is there already
    (and ``overwrite`` is not set) or a service is running. The files of an embedded service that
    is overwritten are kept aside.
    """
    manifest = backup.read(source)
    folder = wiring.folder
    folder.make()
    with folder.owned("正在恢复备份"):
        target = wiring.bare_database()
        known = [*_beside(source), *_given(ledgers)]
        aside: Path | None = None
        if _in_use(folder, target):
            if not overwrite:
                raise ConflictError(
                    f"{target.place} 或数据目录 {folder.path} 里已有数据，没有恢复。"
                    "请换一个空目录（空数据库），或确认不要现有数据后加 --overwrite。"
                )
            known += _kept(target, now)
            target.dispose()
            aside = _put_aside(folder, now)
        _fill(target, source, manifest)
        _copy(source, wiring)
        with target.reading() as session:
            head = audit.head(session)
            left = erasure_ledger.missing(session, known)
        target.dispose()
        return Restored(manifest, head, _erase_again(wiring, left, now), aside)


def _in_use(folder: DataFolder, target: Database) -> bool:
    files = (folder.registry, folder.log, folder.index)
    return any(file.exists() for file in files) or (not target.sqlite and not target.empty)


def _kept(target: Database, now: datetime) -> list[Act]:
    """The acts of the database that is replaced. ConflictError where a stage works with it."""
    try:
        with target.reading() as session:
            busy = [name for name in _LEASES if lease.holder(session, name, now=now)]
            acts = erasure_ledger.acts(session)
    except DeskError as error:  # damaged: that is why it is replaced
        log.warning("ledger_unreadable", reason=error.message)
        return []
    except Exception as error:  # noqa: BLE001 - tables of another time, or none of ours
        log.warning("ledger_unreadable", reason=type(error).__name__)
        return []
    if busy:
        raise ConflictError(f"{target.place} 正被服务使用（{'、'.join(busy)}）。请先停掉服务。")
    return acts


def _beside(source: Path) -> list[Act]:
    """Those that this backup and the ones beside it know of."""
    files = sorted({source / backup.LEDGER, *source.parent.glob(f"*/{backup.LEDGER}")})
    return _given(file for file in files if file.is_file())


def _given(files: Iterable[Path]) -> list[Act]:
    found: list[Act] = []
    for file in files:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise UnavailableError(f"销毁清单 {file} 读不了：{reason_of(error)}。") from error
        found += erasure_ledger.from_lines(data, place=str(file))
    return found


def _put_aside(folder: DataFolder, now: datetime) -> Path | None:
    """The embedded files that are replaced; nobody's data is lost by a slip of the pen."""
    aside = folder.path / f"replaced-{now:%Y%m%d-%H%M%S}"
    for file in (folder.registry, folder.log, folder.index):
        for one in sorted(folder.path.glob(f"{file.name}*")):
            aside.mkdir(mode=0o700, exist_ok=True)
            one.rename(aside / one.name)
    return aside if aside.exists() else None


def _fill(target: Database, source: Path, manifest: Manifest) -> None:
    def fill(session: Session) -> None:
        for table in manifest.rows:
            if table not in db_dump.PASSING:
                db_dump.fill(session, table, backup.table_lines(source, table))
        db_dump.settle(session, manifest.counters)

    target.rebuild(manifest.revision, fill)


def _copy(source: Path, wiring: Wiring) -> None:
    folder, engines = wiring.folder, wiring.settings
    try:
        for name, elsewhere in ((backup.LOG, engines.kafka), (backup.INDEX, engines.elasticsearch)):
            if (source / name).exists() and not elsewhere:
                shutil.copyfile(source / name, folder.path / name)
                (folder.path / name).chmod(0o600)
        if (source / backup.FILES).is_dir():
            shutil.copytree(source / backup.FILES, folder.path, dirs_exist_ok=True)
    except OSError as error:
        raise UnavailableError(
            f"恢复写不进 {folder.path}：{reason_of(error)}。请检查磁盘空间和权限，再恢复一次。"
        ) from error


def _erase_again(wiring: Wiring, left: Sequence[Act], now: datetime) -> int:
    from responder import erasing as responders

    made = []
    for act in left:
        posts = [subject for kind, subject in act.things if kind == erasures.POST]
        named = [subject for kind, subject in act.things if kind == erasures.ENTRY]
        with wiring.database.transaction() as session:
            entries = _there(session, map(responders.parse_entry, named))
            if not posts and not entries:
                continue  # written and destroyed after the backup
            erasure = responders.act(
                session,
                posts=posts,
                entries=entries,
                reason=f"{act.reason}（恢复备份后重新销毁，原销毁于 {act.at:%Y-%m-%d}）",
                clause=act.clause,
                signer=act.signer,
                second=act.second,
                now=now,
            )
        made.append(erasure)
    for erasure in made:
        erasing.empty(wiring, erasure, moment=now)
    return len(made)


def _there(session: Session, named: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of the entries that this database has."""
    from responder import incidents

    found = []
    for incident, seq in named:
        try:
            known = {entry.seq for entry in incidents.entries(session, incident)}
        except NotFoundError:
            continue
        if seq in known:
            found.append((incident, seq))
    return found
