"""Who sends a request: by token or by session cookie, never by both."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog
from anyio.to_thread import run_sync
from starlette.requests import Request

from api.desk import Desk
from registry import sessions, tokens
from registry.errors import UnavailableError
from registry.users import User

log = structlog.get_logger()


async def identify(
    desk: Desk, request: Request, now: datetime, *, touch: bool = False
) -> User | None:
    """The active user, or None. A request with ``Authorization`` is judged by that alone.

    With ``touch`` the session counts as used, noted at most once a minute. Raises
    UnavailableError where the database can't be asked.
    """
    authorization = request.headers.get("authorization")
    if authorization is not None:
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            return None
        async with desk.reading() as session:
            return await run_sync(partial(tokens.for_token, session, token.strip(), now=now))
    secret = request.cookies.get(desk.settings.cookie_name)
    if not secret:
        return None
    resolve = partial(
        sessions.resolve,
        secret=secret,
        now=now,
        idle=desk.settings.session_idle,
        absolute=desk.settings.session_absolute,
    )
    async with desk.reading() as session:
        user = await run_sync(resolve, session)
        if user is None or not touch:
            return user
        due = await run_sync(partial(sessions.touch_due, session, secret, now=now))
    if due:
        try:
            async with desk.writing() as session:
                return await run_sync(resolve, session)
        except UnavailableError:  # who may read is not kept out because somebody else writes
            log.warning("session_not_touched", user=user.id)
    return user
