"""Event candidates (事件线索): found by grouping, decided on by people. Candidates, never verdicts.

Grouping writes what it found; people merge candidates, take posts out, say that one is no event,
or open an incident from it. Their decisions are rows that grouping follows for good. Name and
words come from posts, so with a destroyed post they are emptied until they are found anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from registry import audit, changes
from registry.errors import ConflictError, InvalidInputError, NotFoundError
from registry.statements import affected, chunks, clean
from registry.tables import EventDecisionRow, EventPostRow, EventRow

OPEN, MERGED, NO_EVENT, FILED = "open", "merged", "no_event", "filed"
MERGE, APART = "merge", "apart"
STATES = {OPEN: "线索", MERGED: "已合并", NO_EVENT: "不是事件", FILED: "已立案"}
TOPIC = "event"
_EVENTS, _POSTS = cast("Table", EventRow.__table__), cast("Table", EventPostRow.__table__)
ERASED_NAME = "（内容已依法销毁）"


class Candidate(Struct, frozen=True, kw_only=True):
    """One candidate. ``body`` is what grouping counted: words, first post, counts, curve."""

    key: str
    state: str = OPEN
    name: str
    heat: float
    heat_version: str
    first_at: datetime
    newest_at: datetime
    body: dict[str, Any]
    merged_into: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None


class Member(Struct, frozen=True):
    """A post of a candidate."""

    post: str
    event: str
    at: datetime
    source: str


class Decision(Struct, frozen=True):
    """What a person decided; ``subject`` is a candidate (merge) or a post (apart)."""

    id: int
    kind: str
    event: str
    subject: str


def put(
    session: Session, found: Sequence[Candidate], members: Sequence[Member], *, now: datetime
) -> None:
    """Write what grouping found. What people decided of a candidate stays as it is."""
    known: set[str] = set()
    for keys in chunks([one.key for one in found]):
        known.update(session.scalars(select(EventRow.key).where(EventRow.key.in_(keys))))
    latest = {one.key: one for one in found}
    # Statements on tables: as objects of the session the same takes three times as long.
    if again := [{"of": key, **_said(latest[key], now)} for key in latest if key in known]:
        session.execute(update(_EVENTS).where(_EVENTS.c.key == bindparam("of")), again)
    if fresh := [_fresh(one, now) for key, one in latest.items() if key not in known]:
        session.execute(insert(_EVENTS), fresh)
    changes.note(session, TOPIC, *(row["key"] for row in fresh), now=now)
    places = {member.post[:80]: member for member in members}
    for posts in chunks(list(places)):
        known = set(session.scalars(select(EventPostRow.post).where(EventPostRow.post.in_(posts))))
        moved = [{"of": post, **_place(post, places[post])} for post in posts if post in known]
        joined = [_place(post, places[post]) for post in posts if post not in known]
        if moved:
            session.execute(update(_POSTS).where(_POSTS.c.post == bindparam("of")), moved)
        if joined:
            session.execute(insert(_POSTS), joined)
    session.expire_all()


def _said(one: Candidate, now: datetime) -> dict[str, Any]:
    """What grouping writes of a candidate again and again."""
    return {
        "name": clean(one.name, 200),
        "heat": one.heat,
        "heat_version": one.heat_version,
        "first_at": one.first_at,
        "newest_at": one.newest_at,
        "body": one.body,
        "updated_at": now,
    }


def _fresh(one: Candidate, now: datetime) -> dict[str, Any]:
    return {
        "key": one.key,
        "state": one.state,
        "merged_into": one.merged_into,
        "decided_by": "",
        "decided_at": None,
        **_said(one, now),
    }


def _place(post: str, member: Member) -> dict[str, Any]:
    source = clean(member.source, 200)
    return {"post": post, "event": member.event, "at": member.at, "source": source}


def listed(
    session: Session, *, state: str = OPEN, limit: int = 50, offset: int = 0
) -> list[Candidate]:
    """The candidates of a state, the hottest as last computed first."""
    wanted = select(EventRow).where(EventRow.state == state)
    wanted = wanted.order_by(EventRow.heat.desc(), EventRow.newest_at.desc(), EventRow.key)
    return [_candidate(row) for row in session.scalars(wanted.limit(limit).offset(offset))]


def count(session: Session, *, state: str = OPEN) -> int:
    """How many candidates are in that state."""
    wanted = select(func.count()).select_from(EventRow).where(EventRow.state == state)
    return session.scalar(wanted) or 0


def get(session: Session, key: str) -> Candidate:
    """One candidate. Raises NotFoundError."""
    return _candidate(_row(session, key))


def posts(session: Session, key: str, *, limit: int = 100, offset: int = 0) -> list[Member]:
    """Its posts, the newest first."""
    wanted = select(EventPostRow).where(EventPostRow.event == key)
    wanted = wanted.order_by(EventPostRow.at.desc(), EventPostRow.post)
    return [
        Member(row.post, row.event, row.at, row.source)
        for row in session.scalars(wanted.limit(limit).offset(offset))
    ]


def decisions(session: Session, after: int = 0) -> list[Decision]:
    """What people decided after that number, in order."""
    wanted = select(EventDecisionRow).where(EventDecisionRow.id > after)
    return [
        Decision(row.id, row.kind, row.event, row.subject)
        for row in session.scalars(wanted.order_by(EventDecisionRow.id))
    ]


def merge(session: Session, key: str, other: str, *, by: str, now: datetime) -> Candidate:
    """The other candidate is of this matter (合并): its posts come over, for good.

    Raises NotFoundError; InvalidInputError for one with itself; ConflictError where one of the
    two was merged before.
    """
    into, gone = _row(session, key), _row(session, other)
    if key == other:
        raise InvalidInputError("不能与自己合并，请选另一条事件线索。", field="other")
    if MERGED in {into.state, gone.state}:
        raise ConflictError("其中一条此前已经合并，请打开合并后的那条。")
    gone.state, gone.merged_into = MERGED, key
    gone.decided_by, gone.decided_at = clean(by, 100), now
    into.first_at, into.newest_at = (
        min(into.first_at, gone.first_at),
        max(into.newest_at, gone.newest_at),
    )
    moved = update(EventPostRow).where(EventPostRow.event == other).values(event=key)
    affected(session, moved)
    _decide(session, MERGE, key, other, by, now)
    audit.record(  # keys only: names are words of posts, which may have to be destroyed
        session,
        who=by,
        action="合并事件线索",
        subject=f"event:{key}",
        before={"events": sorted([key, other])},
        after={"into": key},
        now=now,
    )
    session.flush()
    return _candidate(into)


def absorb(session: Session, moves: Sequence[tuple[str, str]], *, now: datetime) -> None:
    """Grouping found the first of each two to be the second, in this order.

    Nothing is done where a person decided on the first, or where it is no candidate.
    """
    there: set[str] = set()
    for keys in chunks([gone for gone, _ in moves]):
        wanted = select(EventRow.key).where(EventRow.key.in_(keys), EventRow.state == OPEN)
        there.update(session.scalars(wanted))
    rows = [
        {"of": gone, "state": MERGED, "merged_into": into, "updated_at": now}
        for gone, into in moves
        if gone in there
    ]
    if not rows:
        return
    # Again the state: on PostgreSQL a person may decide between the question and this.
    still = update(_EVENTS).where(_EVENTS.c.key == bindparam("of"), _EVENTS.c.state == OPEN)
    session.execute(still, rows)
    posts = [{"of": row["of"], "event": row["merged_into"]} for row in rows]
    session.execute(update(_POSTS).where(_POSTS.c.event == bindparam("of")), posts)
    session.expire_all()


def settled(session: Session) -> set[str]:
    """The keys of candidates that people dismissed or opened an incident from."""
    wanted = select(EventRow.key).where(EventRow.state.in_((NO_EVENT, FILED)))
    return set(session.scalars(wanted))


def take_out(session: Session, key: str, post: str, *, by: str, now: datetime) -> None:
    """The post is not of this matter (拆出), for good. Raises NotFoundError."""
    row = session.get(EventPostRow, post[:80])
    if row is None or row.event != key:
        raise NotFoundError("这条帖文不在这条事件线索里。")
    _row(session, key)
    session.delete(row)
    _decide(session, APART, key, post, by, now)
    audit.record(
        session,
        who=by,
        action="拆出帖文",
        subject=f"event:{key}",
        before={"post": post},
        after={"post": None},
        now=now,
    )


def dismiss(session: Session, key: str, *, by: str, now: datetime) -> Candidate:
    """It is no event (不是事件): it leaves the list, also when it grows. Raises ConflictError."""
    return _settle(session, key, NO_EVENT, "不是事件", by=by, now=now)


def file(session: Session, key: str, incident: int, *, by: str, now: datetime) -> Candidate:
    """An incident was opened from it (据此立案)."""
    return _settle(session, key, FILED, "据此立案", by=by, now=now, incident=incident)


def forget(session: Session, gone: Collection[str]) -> int:
    """Empty what destroyed posts left here: their places, and name and words beside them.

    Returns how many candidates held something. Grouping finds name and words anew from the rest.
    """
    keys: set[str] = set()
    for some in chunks(sorted(set(gone))):
        held = select(EventPostRow.event).where(EventPostRow.post.in_(some))
        keys.update(session.scalars(held))
        affected(session, delete(EventPostRow).where(EventPostRow.post.in_(some)))
    for row in session.scalars(select(EventRow)):
        merged = {row.key, row.merged_into} & keys
        if merged or row.body.get("first_post") in set(gone):
            keys.add(row.key)
            first = row.body.get("first_post")
            row.name = ERASED_NAME
            row.body = {
                **row.body,
                "words": [],
                "first_post": "" if first in set(gone) else first,
            }
    session.flush()
    return len(keys)


def prune(session: Session, before: datetime) -> int:
    """Let go of candidates that nobody decided on and that slept since then."""
    nobodys = EventRow.state.in_((OPEN, MERGED)), EventRow.decided_by == ""
    wanted = select(EventRow.key).where(*nobodys, EventRow.newest_at < before)
    keys = list(session.scalars(wanted))
    for some in chunks(keys):
        affected(session, delete(EventPostRow).where(EventPostRow.event.in_(some)))
        affected(session, delete(EventRow).where(EventRow.key.in_(some)))
    return len(keys)


def _settle(
    session: Session, key: str, state: str, action: str, *, by: str, now: datetime, **after: Any
) -> Candidate:
    row = _row(session, key)
    if row.state != OPEN:
        raise ConflictError(f"这条事件线索此前已经处理：{STATES[row.state]}。")
    row.state, row.decided_by, row.decided_at = state, clean(by, 100), now
    session.flush()
    audit.record(
        session,
        who=by,
        action=action,
        subject=f"event:{key}",
        before={"state": OPEN},
        after={"state": state, **after},
        now=now,
    )
    changes.note(session, TOPIC, key, now=now)
    return _candidate(row)


def _decide(session: Session, kind: str, event: str, subject: str, by: str, now: datetime) -> None:
    session.add(
        EventDecisionRow(kind=kind, event=event, subject=subject[:80], by=clean(by, 100), at=now)
    )
    session.flush()
    changes.note(session, TOPIC, event, now=now)


def _row(session: Session, key: str) -> EventRow:
    row = session.get(EventRow, key[:32])
    if row is None:
        raise NotFoundError("没有这条事件线索，可能已经过期。")
    return row


def _candidate(row: EventRow) -> Candidate:
    return Candidate(
        key=row.key,
        state=row.state,
        name=row.name,
        heat=row.heat,
        heat_version=row.heat_version,
        first_at=row.first_at,
        newest_at=row.newest_at,
        body=row.body,
        merged_into=row.merged_into,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
