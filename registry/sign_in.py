"""Proving who one is by name and password, with a lock after repeated failures (登录校验)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import NoReturn
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from registry import audit
from registry.accounts import NAME_LENGTH, User, get
from registry.errors import SignInError, SignInLockedError
from registry.passwords import MAX_LENGTH, Hasher, argon2
from registry.statements import affected, clean
from registry.tables import SignInFailureRow, UserRow

FAILURES = 5
LOCK = timedelta(minutes=15)
FORGET = timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def authenticate(
    session: Session, *, name: str, password: str, now: datetime, hasher: Hasher | None = None
) -> User:
    """The active user of that name and password.

    Five failures lock the name for 15 minutes, whether or not there is such a user, and an
    unknown name takes as long as a wrong password: nobody learns which names exist. Raises
    SignInError or SignInLockedError; both commit the transaction, so that failures are counted.
    """
    name = clean(name.strip(), NAME_LENGTH)
    hasher = hasher or argon2()
    failures = session.get(SignInFailureRow, name)
    if failures is not None and failures.locked_until is not None:
        if now < failures.locked_until:
            raise SignInLockedError(_locked(failures.locked_until))
        session.delete(failures)
        session.flush()
        failures = None
    row = session.scalar(select(UserRow).where(UserRow.name == name))
    expected = _nobody(hasher) if row is None else row.password_hash
    right = hasher.verify(clean(password, MAX_LENGTH + 1), expected)
    if row is None or not right or not row.active:
        _count(session, name, now)
    if failures is not None:
        session.delete(failures)
        session.flush()
    return get(session, row.id)


def _count(session: Session, name: str, now: datetime) -> NoReturn:
    affected(session, delete(SignInFailureRow).where(SignInFailureRow.last_at < now - FORGET))
    row = session.get(SignInFailureRow, name) or SignInFailureRow(
        name=name, count=0, locked_until=None
    )
    row.count, row.last_at = row.count + 1, now
    session.add(row)
    if row.count >= FAILURES:
        row.locked_until = now + LOCK
        session.flush()
        audit.record(session, who="系统", action="登录锁定", subject=name, now=now)
        raise SignInLockedError(_locked(row.locked_until))
    session.flush()
    left = FAILURES - row.count
    raise SignInError(f"用户名或密码不对。再错 {left} 次将锁定 15 分钟。")


def _locked(until: datetime) -> str:
    # Rounded up to the minute: at the time that was named, the lock is over.
    shown = (until + timedelta(seconds=59)).astimezone(SHANGHAI)
    return f"登录失败次数太多，已锁定到 {shown:%m月%d日 %H:%M}，请到时再试或联系管理员。"


@cache
def _nobody(hasher: Hasher) -> str:
    """A hash that no password has, so that an unknown name takes as long as a known one."""
    return hasher.hash(secrets.token_urlsafe(24))
