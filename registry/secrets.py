"""Random keys of this installation, made at their first use and kept in the database (密钥)."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.statements import insert_once
from registry.tables import SecretKeyRow

KEY_BYTES = 32


def key(session: Session, name: str) -> bytes:
    """The 32 random bytes of that name (e.g. ``author``). Their first use needs a transaction."""
    wanted = select(SecretKeyRow.value).where(SecretKeyRow.name == name)
    found = session.scalar(wanted)
    if found is None:
        insert_once(session, SecretKeyRow(name=name, value=secrets.token_bytes(KEY_BYTES)))
        found = session.scalars(wanted).one()
    return bytes(found)
