"""``yuqing verify``: is everything that was written down still as it was written?"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from posts.errors import is_full
from registry import audit, erasures, handovers
from registry.audit_check import check
from registry.db import Session
from registry.erasures import Erasure
from registry.errors import NotFoundError, UnavailableError
from responder import heads
from responder.ledger_check import check_all
from yuqing.wiring import Wiring

_MOST_ACTS = 100


@dataclass
class Report:
    """What was checked, in lines for a person, and what is broken."""

    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def check_data(wiring: Wiring, *, head: str = "") -> Report:
    """Check the audit chain, each incident's chain, and the database files.

    ``head``: a link that was noted earlier, or a daily line; a chain that was written anew no
    longer has it.
    Empty DATA is set up, as by any other command, and said to be new. Raises NotFoundError where
    the registry is gone and other data is there: that is no new folder.
    """
    folder = wiring.folder
    report = Report()
    if not wiring.settings.database_url and not folder.registry.exists():
        if any(file.exists() for file in (folder.log, folder.first_run)):
            raise NotFoundError(
                f"数据目录 {folder.path} 里有数据，但缺少 {folder.registry.name}，无法核验；"
                "请从备份恢复这个文件。"
            )
        report.lines.append(f"！ 数据目录 {folder.path} 是新的，还没有数据；请核对 --data")
        wiring.database.migrate()
    for file in (folder.registry, folder.log, folder.index):
        if file.exists():
            broken = file_fault(file, thorough=file == folder.registry)
            if broken:
                report.faults.append(broken)
            else:
                report.lines.append(f"✓ {file.name} 文件完整")
    if report.faults:
        return report
    with wiring.database.reading() as session:
        _check_audit(session, report)
        _check_incidents(session, report)
        _check_handovers(session, report)
        for link in heads.links_in(head) if head else ():
            place = heads.contains(session, link)
            if place:
                report.lines.append(f"✓ 链中仍有 {link}（{place}），那之前的没有被改写")
            else:
                report.faults.append(f"各条链里都没有 {link}：链被改写过，或抄错了链值")
    return report


def _check_audit(session: Session, report: Report) -> None:
    checked = check(session)
    faults = list(checked.problems)
    if not faults:
        faults = erasures.verify(session)
    report.faults += faults
    if faults:
        return
    erased = f"，其中 {checked.erased} 条内容已依法销毁" if checked.erased else ""
    ends = audit.head(session)[:16]
    report.lines.append(f"✓ 审计链完整，共 {checked.entries} 条{erased}，链头 {ends}…")
    report.lines += [
        f"－ 第 {act.id} 号销毁 {act.count} 项，{_told(act)}"
        for act in reversed(erasures.recent(session, _MOST_ACTS))
    ]


def _check_handovers(session: Session, report: Report) -> None:
    faults, erased = handovers.verify(session)
    report.faults += faults
    report.lines += [
        f"－ 交班 {number} 中引用的内容已依法销毁（第 {act} 号）" for number, act in erased
    ]


def _check_incidents(session: Session, report: Report) -> None:
    for checked in check_all(session):
        if checked.problems:
            report.faults += checked.problems
            continue
        report.lines.append(f"✓ 事件 {checked.incident} 的记录链完整，共 {checked.entries} 条")
        report.lines += [
            f"－ 事件 {checked.incident} 第 {seq} 条记录的内容{_told(act)}"
            for seq, act in checked.erased
        ]


def _told(act: Erasure) -> str:
    second = f"、{act.second}" if act.second else ""
    return f"已依法销毁：{act.reason}（依据 {act.clause}，{act.signer}{second} 签发）"


def file_fault(file: Path, *, thorough: bool = False) -> str:
    """What is wrong with a database file, in Chinese; "" where SQLite finds nothing.

    Reads the whole file; ``thorough``: also whether each index says what its table says. Raises
    UnavailableError where that can't be done now.
    """
    check = "integrity_check" if thorough else "quick_check"
    try:
        with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as opened:
            answer = opened.execute(f"PRAGMA {check}(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if is_full(file):
            raise UnavailableError(f"核验不了 {file}：磁盘已满，请清理后再试。") from error
        raise UnavailableError(f"核验不了 {file}：现在打不开（{error}），请稍后再试。") from error
    except sqlite3.DatabaseError as error:
        return f"{file} 不是数据库文件或已损坏，请停止服务，从备份恢复（{error}）"
    if answer != "ok":
        return f"{file} 已损坏，请停止服务，从备份恢复（{str(answer).splitlines()[-1]}）"
    return ""
