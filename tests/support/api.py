"""A whole desk on embedded adapters in a folder, with a person of each role; also on a real port.

>>> with make_desk(tmp_path) as desk:
...     desk.client("值班员").get("/api/v1/alerts")     # signed in by cookie, as a browser is
...     desk.client("管理员", token=True)               # signed in by token
...     with desk.serving() as url: ...                 # a real server on an ephemeral port
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute
from support.registry import make_database

from api.app import create_app
from api.server import serve
from api.settings import ApiSettings
from crawlers.admission import Admission
from posts.index.port import PostIndex
from posts.index.sqlite import SqliteIndex
from posts.log.sqlite import SqliteLog
from registry import sessions, tokens, users
from registry.db import Database, Session
from registry.passwords import cheap
from registry.users import Role, User

PASSWORD = "翠湖边上的三棵老柳树"
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # 14:00 Asia/Shanghai, a Monday
NAMES = {
    Role.DUTY_OFFICER: "zhiban",
    Role.ANALYST: "yanpan",
    Role.SPOKESPERSON: "fayan",
    Role.SIGNER: "qianfa",
    Role.LEADER: "lingdao",
    Role.LIAISON: "lianluo",
    Role.ADMIN: "guanli",
    Role.SECURITY: "anquan",
    Role.AUDITOR: "shenji",
}
BROWSER = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Hands:
    """A clock that stands still until it is moved; ``running`` makes it follow the wall."""

    at: datetime = START
    running: bool = False

    def __call__(self) -> datetime:
        return datetime.now(UTC) if self.running else self.at

    def forward(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at


@dataclass
class MadeDesk:
    app: FastAPI
    database: Database
    log: SqliteLog
    index: PostIndex
    clock: Hands
    settings: ApiSettings
    people: dict[Role, User]
    _stack: ExitStack = field(default_factory=ExitStack)

    def stranger(self) -> TestClient:
        """A client that is not signed in and follows no redirect."""
        return self._client()

    def client(self, role: Role | str = Role.DUTY_OFFICER, *, token: bool = False) -> TestClient:
        """Signed in as the person of that role: by cookie with a browser's headers, or by token."""
        user = self.people[Role(role)]
        client = self._client()
        with self.database.transaction() as session:
            if token:
                secret = tokens.issue_token(session, user.id, label="测试", now=self.clock())
                client.headers["Authorization"] = f"Bearer {secret}"
            else:
                secret = sessions.start(session, user.id, now=self.clock())
                client.cookies.set(self.settings.cookie_name, secret)
                client.headers.update(BROWSER)
        return client

    def _client(self) -> TestClient:
        # not entered: each client would start and end the application's one lifespan
        client = TestClient(self.app, base_url="http://127.0.0.1", follow_redirects=False)
        self._stack.callback(client.close)
        return client

    def session_cookie(self, role: Role | str) -> dict[str, str]:
        """The session cookie of that person, for a browser."""
        with self.database.transaction() as session:
            user = self.people[Role(role)]
            secret = sessions.start(session, user.id, now=self.clock())
        return {"name": self.settings.cookie_name, "value": secret}

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address of a real server on a free loopback port; ends with the block."""
        stop, ready = threading.Event(), threading.Event()
        told: list[str] = []

        def on_ready(url: str) -> None:
            told.append(url)
            ready.set()

        def run() -> None:
            try:
                serve(self.app, "127.0.0.1", 0, stop, on_ready=on_ready)
            finally:
                ready.set()

        thread = threading.Thread(target=run, name="api-under-test")
        thread.start()
        try:
            assert ready.wait(60), "the server did not start"
            assert told, "the server failed at its start"
            yield told[0]
        finally:
            stop.set()
            thread.join(60)
            assert not thread.is_alive(), "the server did not end"


_known_routes: list[BaseRoute] = []


def _take_known_routes(app: FastAPI) -> None:
    """Give the app the routes of the first one: they are the same, and know what each one takes.

    FastAPI works that out at the first request, which is half a second for every desk.
    """
    if not _known_routes:
        _known_routes.extend(app.router.routes)
    app.router.routes[:] = _known_routes


def make_people(session: Session, now: datetime) -> dict[Role, User]:
    """One person of each role, all with the password of the tests."""
    return {
        role: users.create(
            session,
            name=name,
            password=PASSWORD,
            roles=[role],
            display_name=f"{role.value}甲",
            now=now,
            hasher=cheap(),
        )
        for role, name in NAMES.items()
    }


@contextmanager
def make_desk(
    folder: Path,
    *,
    now: datetime = START,
    busy_timeout_s: float = 10.0,
    index: PostIndex | None = None,
    **settings: Any,
) -> Iterator[MadeDesk]:
    """A desk in that folder; ``settings`` are those of ApiSettings."""
    clock = Hands(now)
    database = make_database(folder, busy_timeout_s=busy_timeout_s)
    log, index = SqliteLog(folder / "log.db"), index or SqliteIndex(folder / "index.db")
    with database.transaction() as session:
        people = make_people(session, now)
    made_settings = ApiSettings(**{"area_name": "岚江县", **settings})
    app = create_app(
        database=database,
        log=log,
        index=index,
        admission=Admission(log, database),
        settings=made_settings,
        clock=clock,
    )
    _take_known_routes(app)
    made = MadeDesk(app, database, log, index, clock, made_settings, people)
    try:
        with made._stack:
            yield made
    finally:
        log.close()
        index.close()
        database.dispose()
