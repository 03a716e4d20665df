"""Running sign-ins of the console (会话), kept on the server: ending one ends it everywhere."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from registry.accounts import User, get
from registry.statements import affected, clean
from registry.tables import SignInRow
from registry.tokens import digest, new_secret

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=7)
TOUCH = timedelta(minutes=1)


def start(session: Session, user_id: int, *, now: datetime, agent: str = "") -> str:
    """Begin a session of the user; returns the cookie's value, of which only a hash is kept."""
    secret = new_secret()
    session.add(
        SignInRow(
            digest=digest(secret),
            user_id=user_id,
            agent=clean(agent, 200),
            started_at=now,
            seen_at=now,
        )
    )
    session.flush()
    return secret


def resolve(
    session: Session,
    secret: str,
    *,
    now: datetime,
    idle: timedelta = IDLE,
    absolute: timedelta = ABSOLUTE,
) -> User | None:
    """The active user of a session that is neither idle too long nor too old.

    It is marked as seen at most once a minute, and only inside a transaction that may write:
    inside ``reading()`` nothing is marked, see :func:`touch_due`.
    """
    found = _live(session, secret, now=now, idle=idle, absolute=absolute)
    if found is None:
        return None
    user = get(session, found.user_id)
    if not user.active:
        return None
    if now - found.seen_at >= TOUCH and not session.info.get("reading"):
        mine = update(SignInRow).where(SignInRow.digest == found.digest)
        affected(session, mine.values(seen_at=now))
    return user


def touch_due(session: Session, secret: str, *, now: datetime) -> bool:
    """Whether a minute has passed since the session was last marked as seen."""
    seen_at = session.scalar(select(SignInRow.seen_at).where(SignInRow.digest == digest(secret)))
    return seen_at is not None and now - seen_at >= TOUCH


def end(session: Session, secret: str) -> None:
    """Sign out; nothing happens where there is no such session."""
    affected(session, delete(SignInRow).where(SignInRow.digest == digest(secret)))


def end_all(session: Session, user_id: int) -> int:
    """Sign the user out everywhere; returns how many sessions that were."""
    return affected(session, delete(SignInRow).where(SignInRow.user_id == user_id))


def prune(
    session: Session, *, now: datetime, idle: timedelta = IDLE, absolute: timedelta = ABSOLUTE
) -> int:
    """Forget sessions that ended by time; returns how many."""
    old = or_(SignInRow.seen_at <= now - idle, SignInRow.started_at <= now - absolute)
    return affected(session, delete(SignInRow).where(old))


def _live(
    session: Session, secret: str, *, now: datetime, idle: timedelta, absolute: timedelta
) -> SignInRow | None:
    row = session.scalar(select(SignInRow).where(SignInRow.digest == digest(secret)))
    if row is None or now - row.seen_at >= idle or now - row.started_at >= absolute:
        return None
    return row
