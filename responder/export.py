"""An incident as files that prove themselves (导出): checked without the service, see check_export.

The same data at the same instant give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.orm import Session

from posts.errors import reason_of
from posts.model import ScoredPost
from registry import audit, erasures
from registry.chain import canonical
from registry.errors import UnavailableError
from registry.tables import AuditRow, instant_text
from responder import ledger, query
from responder.check_export import MANIFEST, manifest, pack
from responder.ledger_check import subject_of
from responder.tables import AlertRow, EntryRow
from responder.wording import instant

Find = Callable[[Sequence[str]], dict[str, ScoredPost]]
ACTION = "导出事件"
_CHECKER = Path(__file__).with_name("check_export.py")
_SAID = """舆情台导出的事件

incident.json   事件：名称、状态、级别、记录条数、链头
entries.jsonl   全部记录，一行一条，按序号；header 为抬头，body 为内容，hash 为链值
clocks.json     导出时刻各时限的结论和理由
evidence/       导出时仍在库中的相关帖文（作者不导出）
manifest.sha256 以上各文件的 sha256
check_export.py 核验程序，只用 Python 3.11 以上的标准库

怎样核验（任选其一）：
  yuqing verify 这个文件夹（或压缩包）
  python check_export.py 这个文件夹（或压缩包）
为防核验程序也被改动，请用自己手里的 check_export.py，或与舆情台源码里的对照。

每条记录的链值 = sha256(前一条的链值、抬头、加盐的内容哈希)；改动任何一个字节，
从那一条起都对不上。内容依法销毁后，抬头和哈希仍在，链不断，并写明依据和签发人。
链头若与当日抄存的“每日链头”一致，即证明那之前的记录没有被整条链地改写：
  python check_export.py 这个文件夹 抄下的链值
"""


class Export(Struct, frozen=True):
    """The files by name, and a name for the folder or archive."""

    name: str
    files: dict[str, bytes]

    def archive(self) -> bytes:
        """All files as one zip archive."""
        return pack(self.files)


def export(session: Session, incident: int, *, find: Find, now: datetime) -> Export:
    """The incident with entries, clocks and evidence at ``now``. Raises NotFoundError.

    ``find`` gives the posts that the index holds, by id.
    """
    detail = query.incident(session, incident, now)
    rows = session.scalars(
        select(EntryRow).where(EntryRow.incident == incident).order_by(EntryRow.seq)
    ).all()
    acts = erasures.erased(session, erasures.ENTRY, [subject_of(incident, row.seq) for row in rows])
    listed = _posts(session, detail.incident.alert)
    gone = erasures.erased(session, erasures.POST, listed)
    there = find([one for one in listed if one not in gone])
    about = {
        **_plain(detail.incident),
        "exported_at": instant_text(now),
        "posts_erased": [
            {"post": post, "reason": act.reason, "signer": act.signer}
            for post, act in sorted(gone.items())
        ],
    }
    files = {
        "incident.json": _pretty(about),
        "entries.jsonl": b"".join(
            canonical(_line(row, acts.get(subject_of(incident, row.seq)))) + b"\n" for row in rows
        ),
        "clocks.json": _pretty([_plain(clock) for clock in detail.clocks]),
        "check_export.py": _CHECKER.read_bytes(),
        "说明.txt": f"{_SAID}\n导出时间：{instant(now)}\n".encode(),
    }
    if there:
        files["evidence/posts.jsonl"] = b"".join(
            canonical(_plain(_without_author(there[one]))) + b"\n" for one in sorted(there)
        )
    files[MANIFEST] = manifest(files)
    return Export(f"incident-{incident}-{now:%Y%m%dT%H%M%SZ}", files)


def note(session: Session, export: Export, incident: int, *, who: str, now: datetime) -> None:
    """Write down that it leaves the house: whom to ask for it when something is erased."""
    audit.record(
        session,
        who=who,
        action=ACTION,
        subject=f"incident:{incident}",
        after={"name": export.name, "manifest": export.files[MANIFEST].decode().splitlines()},
        now=now,
    )


def taken(session: Session, incident_ids: Sequence[int]) -> list[str]:
    """Earlier exports of those incidents, in Chinese: who holds what has to be called back."""
    subjects = [f"incident:{one}" for one in incident_ids]
    rows = session.scalars(
        select(AuditRow).where(AuditRow.action == ACTION, AuditRow.subject.in_(subjects))
    )
    entries = [audit.entry_of(row) for row in rows]
    return [
        f"{one.who}于 {instant(one.at)} 导出的 {(one.after or {}).get('name', '')}"
        for one in entries
    ]


def of_posts(session: Session, posts: Sequence[str]) -> list[int]:
    """The incidents whose exports may hold one of those posts."""
    wanted = set(posts)
    rows = session.execute(
        select(AlertRow.incident, AlertRow.posts).where(AlertRow.incident.is_not(None))
    )
    return sorted({number for number, listed in rows if number and wanted & set(listed)})


def write(export: Export, folder: Path) -> tuple[Path, Path]:
    """The folder and the archive, made in ``folder``. Raises UnavailableError."""
    place = folder / export.name
    packed = folder / f"{export.name}.zip"
    try:
        for name, data in export.files.items():
            file = place / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        packed.write_bytes(export.archive())
    except OSError as error:
        raise UnavailableError(
            f"导出写不进 {folder}：{reason_of(error)}。请换一个目录。"
        ) from error
    return place, packed


def _posts(session: Session, alert: int | None) -> list[str]:
    row = session.get(AlertRow, alert) if alert is not None else None
    return sorted(row.posts) if row is not None else []


def _line(row: EntryRow, act: erasures.Erasure | None) -> dict[str, Any]:
    erased = None
    if row.body is None and act is not None:
        erased = {
            "reason": act.reason,
            "clause": act.clause,
            "signer": act.signer,
            "second": act.second,
            "at": instant_text(act.at),
            "left": row.residue,
        }
    return {
        "header": ledger.header(row),
        "body": row.body,
        "salt": None if row.salt is None else row.salt.hex(),
        "body_hash": row.body_hash,
        "prev": row.prev,
        "hash": row.hash,
        "erased": erased,
    }


def _without_author(scored: ScoredPost) -> ScoredPost:
    return replace(scored, post=replace(scored.post, author=None))


def _plain(value: object) -> Any:
    return msgspec.to_builtins(value, str_keys=True)


def _pretty(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1)
    return (text + "\n").encode("utf-8", "replace")
