"""``yuqing verify``: is everything that was written down still as it was written?"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from posts.errors import is_full
from registry import audit
from registry.errors import NotFoundError, UnavailableError
from responder import incidents
from yuqing.wiring import Wiring


@dataclass
class Report:
    """What was checked, in lines for a person, and what is broken."""

    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def check_data(wiring: Wiring) -> Report:
    """Check the audit chain, each incident's chain, and the database files.

    Empty DATA is set up, as by any other command, and said to be new. Raises NotFoundError where
    the registry is gone and other data is there: that is no new folder.
    """
    folder = wiring.folder
    report = Report()
    if not folder.registry.exists():
        if any(file.exists() for file in (folder.log, folder.first_run)):
            raise NotFoundError(
                f"数据目录 {folder.path} 里有数据，但缺少 {folder.registry.name}，无法核验；"
                "请从备份恢复这个文件。"
            )
        report.lines.append(f"！ 数据目录 {folder.path} 是新的，还没有数据；请核对 --data")
        wiring.database.migrate()
    for file in (folder.registry, folder.log, folder.index):
        if file.exists():
            broken = file_fault(file)
            if broken:
                report.faults.append(broken)
            else:
                report.lines.append(f"✓ {file.name} 文件完整")
    if report.faults:
        return report
    with wiring.database.reading() as session:
        faults = audit.verify(session)
        if not faults:
            report.lines.append(f"✓ 审计链完整，链头 {audit.head(session)[:16]}…")
        report.faults += faults
        for incident, broken_links in incidents.verify_all(session):
            if broken_links:
                report.faults += broken_links
            else:
                report.lines.append(f"✓ 事件 {incident} 的记录链完整")
    return report


def file_fault(file: Path) -> str:
    """What is wrong with a database file, in Chinese; "" where SQLite finds nothing.

    Reads the whole file. Raises UnavailableError where that can't be done now.
    """
    try:
        with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as opened:
            answer = opened.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if is_full(file):
            raise UnavailableError(f"核验不了 {file}：磁盘已满，请清理后再试。") from error
        raise UnavailableError(f"核验不了 {file}：现在打不开（{error}），请稍后再试。") from error
    except sqlite3.DatabaseError as error:
        return f"{file} 不是数据库文件或已损坏，请停止服务，从备份恢复（{error}）"
    if answer != "ok":
        return f"{file} 已损坏，请停止服务，从备份恢复（{str(answer).splitlines()[-1]}）"
    return ""
