"""What officers say of scores (更正评分): who, when, on which post, and what the scorer had said.

A label holds no text. Whoever trains on labels reads the texts from the index, so a post that was
destroyed by law is destroyed for training, too. Of several labels of one post the newest that was
not withdrawn counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from posts.model import Score
from registry import audit, erasures
from registry.errors import ConflictError, InvalidInputError, NotFoundError
from registry.statements import chunks, clean
from registry.tables import LabelRow

POLARITIES = (-1, 0, 1)
_LONGEST_ID = 80


class Label(Struct, frozen=True, kw_only=True):
    """One label. ``polarity`` is -1, 0, 1 or None (not said), ``appeal`` True, False or None.

    ``scorer`` to ``p_appeal`` are what had been said of the post when the label was given.
    """

    id: int
    post: str
    polarity: int | None
    appeal: bool | None
    by: str
    at: datetime
    scorer: str
    version: str
    sentiment: str
    p_negative: float
    p_positive: float
    p_appeal: float | None
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""


def add(
    session: Session,
    *,
    post: str,
    score: Score,
    polarity: int | None,
    appeal: bool | None,
    by: str,
    now: datetime,
) -> Label:
    """Keep a label, in place of an earlier one of the same post, and record it in the audit.

    Raises InvalidInputError where nothing is said, ConflictError for a post that was destroyed or
    where the same is already kept.
    """
    if polarity is None and appeal is None:
        raise InvalidInputError("请至少更正一项：情感，或是否诉求。", field="polarity")
    if polarity not in {None, *POLARITIES}:
        raise InvalidInputError("情感只能是负面、中性或正面。", field="polarity")
    if erasures.erased(session, erasures.POST, [post]):
        raise ConflictError("这条帖文已依法销毁，不能再更正。")
    before = of_posts(session, [post]).get(post)
    if before is not None and (before.polarity, before.appeal) == (polarity, appeal):
        raise ConflictError("这条帖文已有同样的更正，没有重复记。")
    row = LabelRow(
        post=post[:_LONGEST_ID],
        polarity=polarity,
        appeal=appeal,
        by=clean(by, 100),
        at=now,
        scorer=clean(score.scorer, 64),
        version=clean(score.version, 64),
        sentiment=str(score.sentiment),
        p_negative=score.p_negative,
        p_positive=score.p_positive,
        p_appeal=score.p_appeal,
        withdrawn_at=None,
        withdrawn_by="",
    )
    session.add(row)
    session.flush()
    made = _label(row)
    audit.record(
        session,
        who=by,
        action="更正评分",
        subject=f"label:{row.id}",
        before=before,
        after=made,
        now=now,
    )
    return made


def withdraw(session: Session, label: int, *, by: str, now: datetime) -> Label:
    """It counts no more; the row stays. Raises NotFoundError, ConflictError where it was done."""
    row = session.get(LabelRow, label)
    if row is None:
        raise NotFoundError(f"没有编号为 {label} 的更正。")
    if row.withdrawn_at is not None:
        raise ConflictError("这条更正此前已经撤回。")
    before = _label(row)
    row.withdrawn_at, row.withdrawn_by = now, clean(by, 100)
    session.flush()
    made = _label(row)
    audit.record(
        session,
        who=by,
        action="撤回更正",
        subject=f"label:{row.id}",
        before=before,
        after=made,
        now=now,
    )
    return made


def get(session: Session, label: int) -> Label:
    """One label. Raises NotFoundError."""
    row = session.get(LabelRow, label)
    if row is None:
        raise NotFoundError(f"没有编号为 {label} 的更正。")
    return _label(row)


def of_posts(session: Session, posts: Iterable[str]) -> dict[str, Label]:
    """By post the label that counts."""
    found: dict[str, Label] = {}
    for some in chunks(list(dict.fromkeys(posts))):
        rows = session.scalars(
            select(LabelRow)
            .where(LabelRow.post.in_(some), LabelRow.withdrawn_at.is_(None))
            .order_by(LabelRow.id)
        )
        found.update((row.post, _label(row)) for row in rows)
    return found


def counting(session: Session) -> list[Label]:
    """All labels that count, one a post, by their number."""
    rows = session.scalars(
        select(LabelRow).where(LabelRow.withdrawn_at.is_(None)).order_by(LabelRow.id)
    )
    newest = {row.post: _label(row) for row in rows}
    return sorted(newest.values(), key=lambda label: label.id)


def recent(session: Session, *, limit: int = 50, before_id: int | None = None) -> list[Label]:
    """The newest, also those that were withdrawn."""
    wanted = select(LabelRow).order_by(LabelRow.id.desc()).limit(limit)
    if before_id is not None:
        wanted = wanted.where(LabelRow.id < before_id)
    return [_label(row) for row in session.scalars(wanted)]


def count(session: Session) -> int:
    """How many posts have a label that counts."""
    wanted = select(func.count(LabelRow.post.distinct())).where(LabelRow.withdrawn_at.is_(None))
    return session.scalar(wanted) or 0


def _label(row: LabelRow) -> Label:
    return Label(**{name: getattr(row, name) for name in Label.__struct_fields__})
