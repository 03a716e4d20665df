"""The first start makes one administrator; what it needs to sign in is shown once."""

from __future__ import annotations

import json
import os
import secrets
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from posts.errors import reason_of
from registry import users
from registry.db import Database
from registry.errors import UnavailableError
from registry.users import Role

# No letters or digits that are mistaken for one another on a screen photographed with a phone.
_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class FirstRun(Struct, frozen=True):
    """Address, user, password and API token of the first administrator."""

    url: str
    user: str
    password: str
    api_token: str


def make_administrator(
    database: Database, *, url: str, file: Path, now: datetime
) -> FirstRun | None:
    """Make the first administrator, or None where there is a user already.

    The file is written (mode 0600) before the user is committed, so that a password that was made
    is never lost. Raises UnavailableError where the file can't be written; then there is no user.
    """
    with database.transaction() as session:
        if users.everything(session):
            return None
        password = "".join(secrets.choice(_ALPHABET) for _ in range(16))
        user = users.create(
            session,
            name="admin",
            password=password,
            roles={Role.ADMIN},
            display_name="管理员",
            now=now,
        )
        token = users.issue_token(session, user.id, label="首次启动", now=now)
        first = FirstRun(url=url, user="admin", password=password, api_token=token)
        try:
            _write_private(file, first)
        except OSError as error:
            raise UnavailableError(
                f"不能写 {file}：{reason_of(error)}。第一个用户没有建立，处理后请重新启动。"
            ) from error
    return first


def _write_private(file: Path, first: FirstRun) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        os.fchmod(out.fileno(), 0o600)
        fields = {name: getattr(first, name) for name in first.__struct_fields__}
        json.dump(fields, out, ensure_ascii=False, indent=2)
        out.write("\n")
