"""Hand-over of duty (交接班): the outgoing prepares a list and a note, the incoming signs it.

Both are rows that never change, and stand in the audit with the hash of the list.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, aliased

from registry import audit, changes, users
from registry.chain import canonical
from registry.duty import Hours
from registry.erasures import UNREADABLE, Erasure
from registry.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from registry.statements import clean, insert_once
from registry.tables import AuditRow, HandoverRow

PREPARED, SIGNED = "prepared", "signed"
ERASED = "erased"  # in a list: the number of the act that destroyed something in it by law
EARLY = timedelta(hours=1)  # a hand-over may be signed this long before the shift begins
_ERASED_IN = "依法销毁引用"
_STALE = timedelta(hours=2)
_LONGEST_NOTE = 5000


class Handover(Struct, frozen=True, kw_only=True):
    """A hand-over; ``body`` is the list as it stood when it was prepared."""

    id: int
    prepared_by: str
    prepared_by_id: int
    prepared_at: datetime
    note: str
    body: dict[str, Any]
    digest: str
    signed_by: str = ""
    signed_at: datetime | None = None
    remark: str = ""


class Standing(Struct, frozen=True, kw_only=True):
    """Whether the running shift was taken over. ``waiting``: prepared and not signed."""

    shift: str
    since: datetime
    signed_at: datetime | None
    signed_by: str
    waiting: int | None


def prepare(
    session: Session, *, by: int, note: str, body: dict[str, Any], now: datetime
) -> Handover:
    """准备交班: keep the list as it stands, with a note for who comes next."""
    user = users.get(session, by)
    text = clean(note.strip())
    if len(text) > _LONGEST_NOTE:
        raise InvalidInputError(f"交班说明太长，最多 {_LONGEST_NOTE} 个字。", field="note")
    row = HandoverRow(
        kind=PREPARED,
        prepared=None,
        user_id=by,
        name=user.display_name,
        at=now,
        note=text,
        body=body,
        digest=digest_of(body),
    )
    session.add(row)
    session.flush()
    _told(session, "准备交班", row, user.name, now)
    return _handover(row, None)


def sign(session: Session, handover: int, *, by: int, now: datetime, remark: str = "") -> Handover:
    """接班签收, by another person than who prepared it; only the newest list can be signed."""
    user = users.get(session, by)
    row = session.get(HandoverRow, handover)
    if row is None or row.kind != PREPARED:
        raise NotFoundError(f"没有编号为 {handover} 的交班。")
    if row.user_id == by:
        raise ForbiddenError("交班与接班须是两个人：请由接班人签收。")
    newest = session.scalar(
        select(HandoverRow.id).where(HandoverRow.kind == PREPARED).order_by(HandoverRow.id.desc())
    )
    if newest != handover:
        raise ConflictError(f"交班清单已更新，请签收最新的一份（编号 {newest}）。")
    if now - row.at > _STALE:
        raise ConflictError("这份交班清单已超过 2 小时，请交班人重新准备。")
    signed = HandoverRow(
        kind=SIGNED,
        prepared=handover,
        user_id=by,
        name=user.display_name,
        at=now,
        note=clean(remark.strip(), _LONGEST_NOTE),
        body={},
        digest=row.digest,
    )
    if not insert_once(session, signed):
        raise ConflictError("这次交班已经签收。")
    _told(session, "接班签收", signed, user.name, now)
    return _handover(row, signed)


def recent(session: Session, limit: int = 20) -> list[Handover]:
    """The newest hand-overs, newest first."""
    signed = aliased(HandoverRow)
    found = session.execute(
        select(HandoverRow, signed)
        .outerjoin(signed, signed.prepared == HandoverRow.id)
        .where(HandoverRow.kind == PREPARED)
        .order_by(HandoverRow.id.desc())
        .limit(limit)
    )
    return [_handover(prepared, by) for prepared, by in found]


def get(session: Session, handover: int) -> Handover:
    """One hand-over. Raises NotFoundError."""
    row = session.get(HandoverRow, handover)
    if row is None or row.kind != PREPARED:
        raise NotFoundError(f"没有编号为 {handover} 的交班。")
    return _handover(
        row, session.scalar(select(HandoverRow).where(HandoverRow.prepared == handover))
    )


def standing(session: Session, now: datetime, *, hours: Hours) -> Standing:
    """Whether somebody signed for the shift that is running."""
    _, kind, since, _ = hours.current(now)
    newest = recent(session, 5)
    holding = [one for one in newest if one.signed_at and one.signed_at >= since - EARLY]
    signed = holding[0] if holding else None
    waits = bool(newest) and newest[0].signed_at is None and now - newest[0].prepared_at <= _STALE
    return Standing(
        shift=kind.value,
        since=since,
        signed_at=signed.signed_at if signed else None,
        signed_by=signed.signed_by if signed else "",
        waiting=newest[0].id if waits else None,
    )


def digest_of(body: dict[str, Any]) -> str:
    """The hash of a list: equal lists have equal hashes."""
    plain = msgspec.to_builtins(body, builtin_types=())
    return "sha256:" + hashlib.sha256(canonical(plain)).hexdigest()


def told_erased(
    session: Session, act: Erasure, lists: list[int], counts: dict[str, int], *, now: datetime
) -> None:
    """Keep in the audit which hand-overs were changed by an act, so that no other change passes."""
    audit.record(
        session,
        who=act.signer,
        action=_ERASED_IN,
        subject=f"erasure:{act.id}",
        after={"handovers": lists, "rows": counts},
        now=now,
    )


def verify(session: Session) -> tuple[list[str], list[tuple[int, int]]]:
    """(what is broken, in Chinese; hand-overs with the act that destroyed something in them).

    A list has the hash that was signed, or the audit tells the act of erasure that changed it.
    """
    faults: list[str] = []
    erased: list[tuple[int, int]] = []
    told: dict[int, set[int]] = {}
    try:
        for entry in session.scalars(select(AuditRow).where(AuditRow.action == _ERASED_IN)):
            number = int(entry.subject.partition(":")[2])
            for one in audit.entry_of(entry).after["handovers"]:
                told.setdefault(one, set()).add(number)
        for row in session.scalars(select(HandoverRow).where(HandoverRow.kind == PREPARED)):
            act = row.body.get(ERASED)
            if act is not None and act in told.get(row.id, ()):
                erased.append((row.id, act))
            elif digest_of(row.body) != row.digest:
                faults.append(f"交班 {row.id} 的清单与签收时的校验值不符，被改动过。")
    except (DBAPIError, *UNREADABLE):
        faults.append("交班清单或其销毁记录已损坏，读不出来。")
    return faults, erased


def _told(session: Session, action: str, row: HandoverRow, who: str, now: datetime) -> None:
    after = {"id": row.prepared or row.id, "digest": row.digest, "note": row.note}
    audit.record(
        session, who=who, action=action, subject=f"handover:{row.id}", after=after, now=now
    )
    changes.note(session, "duty", f"handover:{row.id}", now=now)


def _handover(row: HandoverRow, signed: HandoverRow | None) -> Handover:
    return Handover(
        id=row.id,
        prepared_by=row.name,
        prepared_by_id=row.user_id,
        prepared_at=row.at,
        note=row.note,
        body=row.body,
        digest=row.digest,
        signed_by=signed.name if signed else "",
        signed_at=signed.at if signed else None,
        remark=signed.note if signed else "",
    )
