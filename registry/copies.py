"""Near-duplicates and reposts as they are kept (转载与近似): groups, members, and the window.

No text is kept here. Groups age out some time after their newest copy; what is folded keeps its
heat: every copy is counted by its source and hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from registry.statements import affected, chunks, clean
from registry.tables import CopyGroupRow, CopyMemberRow, CopySegmentRow


class Member(Struct, frozen=True):
    """A post of the group whose id is that of the post which came first."""

    post: str
    group: str
    source: str
    at: datetime


class Group(Struct, frozen=True):
    """``original`` is the earliest by publication, ``posts`` counts it too."""

    id: str
    original: str
    original_at: datetime
    newest_at: datetime
    posts: int
    sources: int

    @property
    def copies(self) -> int:
        """Posts beside the original."""
        return self.posts - 1


class Count(Struct, frozen=True):
    """So many posts of a group from one source within the hour that begins at ``hour``."""

    source: str
    hour: datetime
    posts: int


def record(session: Session, members: Iterable[Member]) -> None:
    """Keep the members; one that is known stays, or moves where its text has changed. Repeatable.

    Members of one group come in one call or in several, the first post of the group among the
    first.
    """
    wanted = {one.post: one for one in members}
    known: dict[str, CopyMemberRow] = {}
    for some in chunks(list(wanted)):
        rows = session.scalars(select(CopyMemberRow).where(CopyMemberRow.post_id.in_(some)))
        known.update((row.post_id, row) for row in rows)
    fresh = [one for one in wanted.values() if one.post not in known]
    moved = [
        (known[one.post].group_id, one)
        for one in wanted.values()
        if one.post in known and known[one.post].group_id != one.group
    ]
    names = {one.group for one in fresh} | {name for old, one in moved for name in (old, one.group)}
    groups: dict[str, CopyGroupRow] = {}
    for some in chunks(sorted(names)):
        found = session.scalars(select(CopyGroupRow).where(CopyGroupRow.id.in_(some)))
        groups.update((row.id, row) for row in found)
    for old, one in moved:
        known[one.post].group_id = one.group
        if old in groups:
            groups[old].posts -= 1
    for one in [*fresh, *(one for _, one in moved)]:
        _count(session, groups, one)
    for part in chunks(fresh):
        values = [
            {
                "post_id": one.post,
                "group_id": one.group,
                "source": clean(one.source, 200),
                "at": one.at,
                "hour": one.at.replace(minute=0, second=0, microsecond=0),
            }
            for one in part
        ]
        session.flush()
        # A statement on the table: as objects of the session the same takes three times as long.
        session.execute(insert(CopyMemberRow.__table__), values)  # type: ignore[arg-type]


def _count(session: Session, groups: dict[str, CopyGroupRow], one: Member) -> None:
    row = groups.get(one.group)
    if row is None:
        row = groups[one.group] = CopyGroupRow(
            id=one.group, original=one.post, original_at=one.at, newest_at=one.at, posts=0
        )
        session.add(row)
    row.posts += 1
    row.newest_at = max(row.newest_at, one.at)
    if (one.at, one.post) < (row.original_at, row.original):
        row.original, row.original_at = one.post, one.at


def of_posts(session: Session, posts: Iterable[str]) -> dict[str, Group]:
    """By post the group that it belongs to; posts without copies are left out."""
    member: dict[str, str] = {}
    for some in chunks(list(dict.fromkeys(posts))):
        rows = session.execute(
            select(CopyMemberRow.post_id, CopyMemberRow.group_id).where(
                CopyMemberRow.post_id.in_(some)
            )
        )
        member.update((row[0], row[1]) for row in rows)
    groups = _groups(session, set(member.values()))
    return {post: groups[name] for post, name in member.items() if name in groups}


def get(session: Session, group: str) -> Group | None:
    """The group of that id; None where there is none (any more)."""
    return _groups(session, {group}).get(group)


def _groups(session: Session, names: set[str]) -> dict[str, Group]:
    found: dict[str, Group] = {}
    for some in chunks(sorted(names)):
        told = session.execute(
            select(CopyMemberRow.group_id, func.count(CopyMemberRow.source.distinct()))
            .where(CopyMemberRow.group_id.in_(some))
            .group_by(CopyMemberRow.group_id)
        )
        sources = {row[0]: row[1] for row in told}
        for row in session.scalars(select(CopyGroupRow).where(CopyGroupRow.id.in_(some))):
            if row.posts > 1:
                found[row.id] = Group(
                    id=row.id,
                    original=row.original,
                    original_at=row.original_at,
                    newest_at=row.newest_at,
                    posts=row.posts,
                    sources=sources.get(row.id, 0),
                )
    return found


def members(session: Session, group: str, *, limit: int, offset: int = 0) -> list[Member]:
    """The posts of the group, the earliest first: its original, then its copies."""
    rows = session.scalars(
        select(CopyMemberRow)
        .where(CopyMemberRow.group_id == group)
        .order_by(CopyMemberRow.at, CopyMemberRow.post_id)
        .limit(limit)
        .offset(offset)
    )
    return [Member(row.post_id, row.group_id, row.source, row.at) for row in rows]


def counts(session: Session, group: str) -> list[Count]:
    """How many posts of the group per source and hour, the earliest hour first."""
    rows = session.execute(
        select(CopyMemberRow.source, CopyMemberRow.hour, func.count())
        .where(CopyMemberRow.group_id == group)
        .group_by(CopyMemberRow.source, CopyMemberRow.hour)
        .order_by(CopyMemberRow.hour, CopyMemberRow.source)
    )
    return [Count(row[0], row[1], row[2]) for row in rows]


def prune(session: Session, *, before: datetime, most: int = 1_000) -> int:
    """Drop groups whose newest copy is older than that instant, so many at a time; how many."""
    old = list(
        session.scalars(
            select(CopyGroupRow.id)
            .where(CopyGroupRow.newest_at < before)
            .order_by(CopyGroupRow.newest_at)
            .limit(most)
        )
    )
    for some in chunks(old):
        affected(session, delete(CopyMemberRow).where(CopyMemberRow.group_id.in_(some)))
        affected(session, delete(CopyGroupRow).where(CopyGroupRow.id.in_(some)))
    return len(old)


def segment_numbers(session: Session) -> list[int]:
    """Those of all segments, ascending: their bodies together would take much memory."""
    return list(session.scalars(select(CopySegmentRow.last).order_by(CopySegmentRow.last)))


def segment(session: Session, last: int) -> bytes | None:
    """The body of one; None where it has gone."""
    body = session.scalar(select(CopySegmentRow.body).where(CopySegmentRow.last == last))
    return None if body is None else bytes(body)


def put_segment(
    session: Session, last: int, body: bytes, *, now: datetime, replaces: int | None = None
) -> None:
    """Keep a segment; ``replaces`` is the one that it continues, which goes."""
    gone = [one for one in (replaces, last) if one is not None]
    drop_segments(session, gone)
    session.execute(insert(CopySegmentRow), [{"last": last, "body": body, "saved_at": now}])


def drop_segments(session: Session, lasts: Sequence[int]) -> None:
    """Those have left the window."""
    for some in chunks(list(lasts)):
        affected(session, delete(CopySegmentRow).where(CopySegmentRow.last.in_(some)))
