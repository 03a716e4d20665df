"""Tokens for the API (令牌): random, shown once, kept as hashes."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import audit
from registry.accounts import User, get
from registry.errors import InvalidInputError, NotFoundError
from registry.statements import clean
from registry.tables import TokenRow

SECRET_BYTES = 32


class Token(Struct, frozen=True):
    """What is known of a token; the token itself is not kept."""

    id: int
    user_id: int
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def new_secret() -> str:
    """43 characters that fit into URLs and cookies, from 32 random bytes."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> str:
    """What is kept of a secret: SHA-256 is enough for one that is random and long."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def issue_token(
    session: Session,
    user_id: int,
    *,
    label: str,
    now: datetime,
    expires_at: datetime | None = None,
    who: str = "系统",
) -> str:
    """A new token of the user; this is the only time that it is seen."""
    user = get(session, user_id)
    if expires_at is not None and expires_at <= now:
        raise InvalidInputError("令牌的到期时间要晚于现在。", field="expires_at")
    secret = new_secret()
    row = TokenRow(
        digest=digest(secret),
        user_id=user_id,
        label=clean(label, 100),
        created_at=now,
        expires_at=expires_at,
        revoked_at=None,
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        who=who,
        action="发放令牌",
        subject=user.name,
        after={"id": row.id, "label": row.label, "expires_at": expires_at},
        now=now,
    )
    return secret


def for_token(session: Session, token: str, *, now: datetime) -> User | None:
    """The active user of a token that is neither revoked nor expired."""
    found = session.execute(
        select(TokenRow.user_id, TokenRow.expires_at, TokenRow.revoked_at).where(
            TokenRow.digest == digest(token)
        )
    ).one_or_none()
    if found is None or found.revoked_at is not None:
        return None
    if found.expires_at is not None and found.expires_at <= now:
        return None
    user = get(session, found.user_id)
    return user if user.active else None


def revoke_token(session: Session, token_id: int, *, now: datetime, who: str = "系统") -> None:
    """The token does not work from now on."""
    row = session.get(TokenRow, token_id)
    if row is None:
        raise NotFoundError(f"没有编号为 {token_id} 的令牌。")
    if row.revoked_at is None:
        row.revoked_at = now
        session.flush()
        audit.record(
            session,
            who=who,
            action="吊销令牌",
            subject=get(session, row.user_id).name,
            after={"id": row.id, "label": row.label},
            now=now,
        )


def tokens(session: Session, user_id: int) -> list[Token]:
    """All tokens of the user, newest first, also those that do not work any more."""
    rows = session.scalars(
        select(TokenRow).where(TokenRow.user_id == user_id).order_by(TokenRow.id.desc())
    )
    return [
        Token(
            id=row.id,
            user_id=row.user_id,
            label=row.label,
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    ]
