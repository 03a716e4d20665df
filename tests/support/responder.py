"""A responder on a real database and a log in memory, with a clock that the test moves."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from posts.codec import encode
from posts.log.memory import MemoryLog
from posts.log.port import SIGNALS
from posts.model import Signal
from registry import users
from registry.db import Database, Session
from responder.notify import Notice, NotifyError
from responder.worker import Responder

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


class Pager:
    """A receiver that keeps what it got; it can be down, or hang until it is let go."""

    def __init__(self, name: str = "pager") -> None:
        self.name = name
        self.got: list[Notice] = []
        self.down = False
        self.hanging: threading.Event | None = None

    def send(self, notice: Notice) -> str:
        if self.hanging is not None:
            self.hanging.wait(30)
        if self.down:
            raise NotifyError("接收方关机")
        self.got.append(notice)
        return "已收"

    @property
    def keys(self) -> list[str]:
        return [notice.key.removesuffix(f":{self.name}") for notice in self.got]


def signal(number: int = 1, *, now: datetime = NOON, **given: object) -> Signal:
    fields = {
        "id": f"signal-{number}",
        "rule": "mixing",
        "fingerprint": "mixing:搅拌站",
        "title": "丽发新城附近搅拌站",
        "reason": "1 小时内 5 条，达到 3 条",
        "heat": "yellow",
        "count": 5,
        "threshold": 3,
        "window_start": now - timedelta(hours=1),
        "window_end": now,
        "first_post_at": now - timedelta(minutes=50),
        "newest_post_at": now - timedelta(minutes=1),
        "newest_arrival_at": now,
        "areas": ("533103",),
        "sources": ("forum",),
        "posts": (f"post-{number}", "post-0"),
        "created_at": now,
    }
    return Signal(**{**fields, **given})


class Office:
    """Log, database, watch, pager and a responder."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.log = MemoryLog()
        self.watch = Watch()
        self.pager = Pager()
        self.pagers = [self.pager]
        self.responder = self.start()

    def start(self, holder: str = "one", *pagers: Pager) -> Responder:
        self.pagers = list(pagers) or [self.pager]
        return Responder(self.log, self.database, self.pagers, self.watch, holder)

    def send(self, *signals: Signal) -> None:
        self.log.append(SIGNALS, [(one.fingerprint, encode(one)) for one in signals])

    def tick(self, **span: float) -> int:
        self.watch.forward(**span)
        # On a busy machine a willing receiver may need longer than a tick waits for it.
        hanging = any(pager.hanging is not None for pager in self.pagers)
        self.responder._courier.patience_s = 0.5 if hanging else 15.0
        return self.responder.step()


def two_signers(session: Session, now: datetime) -> tuple[users.User, users.User]:
    """张三 and 李四, who may sign."""
    one, other = (
        users.create(
            session,
            name=name,
            password="correct-horse-9-battery",
            roles=frozenset({users.Role.SIGNER}),
            display_name=shown,
            now=now,
        )
        for name, shown in (("zhang", "张三"), ("li", "李四"))
    )
    return one, other
