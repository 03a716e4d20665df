"""``yuqing verify``: is everything that was written down still as it was written?"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from registry import audit
from registry.errors import NotFoundError
from responder import incidents
from yuqing.wiring import Wiring


@dataclass
class Report:
    """What was checked, in lines for a person, and what is broken."""

    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def check_data(wiring: Wiring) -> Report:
    """Check the audit chain, each incident's chain, and the database files.

    Raises NotFoundError where DATA holds nothing yet.
    """
    folder = wiring.folder
    if not folder.registry.exists():
        raise NotFoundError(f"数据目录 {folder.path} 里还没有数据，没有可核验的内容。")
    report = Report()
    for file in (folder.registry, folder.log, folder.index):
        if file.exists():
            broken = _file_fault(file)
            if broken:
                report.faults.append(f"{file.name} 文件损坏：{broken}")
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


def _file_fault(file: Path) -> str:
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if answer == "ok" else str(answer)
