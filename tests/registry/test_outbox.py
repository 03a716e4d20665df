from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from registry import outbox
from registry.db import Database
from registry.errors import ConflictError, NotFoundError

MINUTE = timedelta(minutes=1)


@pytest.fixture
def session(database: Database):
    with database.transaction() as made:
        yield made


def put(session: Session, key: str, due_at: datetime, now: datetime) -> bool:
    return outbox.put(
        session, kind="reminder", key=key, payload={"键": key}, due_at=due_at, now=now
    )


def keys(session: Session, now: datetime, limit: int = 50) -> list[str]:
    return [message.key for message in outbox.due(session, now=now, limit=limit)]


def test_a_key_is_written_once(session: Session, now: datetime):
    assert put(session, "clock-1:90", now, now)
    assert not put(session, "clock-1:90", now + MINUTE, now)
    (message,) = outbox.due(session, now=now, limit=10)
    assert message.payload == {"键": "clock-1:90"}
    assert (message.due_at, message.attempts) == (now, 0)


def test_the_key_stays_taken_after_sending(session: Session, now: datetime):
    put(session, "a", now, now)
    outbox.sent(session, 1, now=now, detail="200")
    assert not put(session, "a", now, now)
    assert keys(session, now + 10 * MINUTE) == []


def test_due_ones_come_in_the_order_in_which_they_were_due(session: Session, now: datetime):
    for key, minutes in (("late", 2), ("first", 0), ("second", 0), ("not yet", 9)):
        put(session, key, now + minutes * MINUTE, now)
    assert keys(session, now + 5 * MINUTE) == ["first", "second", "late"]
    assert keys(session, now + 5 * MINUTE, limit=1) == ["first"]


def test_one_that_failed_waits_for_its_next_try(session: Session, now: datetime):
    put(session, "a", now, now)
    outbox.failed(session, 1, now=now, reason="连接被拒绝", retry_at=now + 2 * MINUTE)
    assert keys(session, now + MINUTE) == []
    (message,) = outbox.due(session, now=now + 2 * MINUTE, limit=1)
    assert message.attempts == 1
    assert outbox.recent(session, 1)[0].detail == "连接被拒绝"


@pytest.mark.parametrize(
    ("settle", "state", "attempts"),
    [("sent", "sent", 1), ("not", "not_sent", 0), ("fail", "failed", 1)],
)
def test_a_settled_message_stays_settled(
    session: Session, now: datetime, settle: str, state: str, attempts: int
):
    put(session, "a", now, now)
    if settle == "sent":
        outbox.sent(session, 1, now=now, detail="收到")
    elif settle == "not":
        outbox.not_sent(session, 1, now=now, reason="收到")
    else:
        outbox.failed(session, 1, now=now, reason="收到", retry_at=None)
    outbox.not_sent(session, 1, now=now + MINUTE, reason="太晚")
    (delivery,) = outbox.recent(session, 5)
    assert (delivery.state, delivery.attempts, delivery.done_at) == (state, attempts, now)
    assert delivery.detail == "收到"
    assert keys(session, now + MINUTE) == []


def test_a_message_that_is_not_there_is_named(session: Session, now: datetime):
    with pytest.raises(NotFoundError, match="77"):
        outbox.sent(session, 77, now=now)


def test_it_is_written_with_its_cause_or_not_at_all(database: Database, now: datetime):
    def fail() -> None:
        with database.transaction() as session:
            put(session, "a", now, now)
            raise ConflictError("原因没有写成")

    with pytest.raises(ConflictError):
        fail()
    with database.reading() as session:
        assert outbox.recent(session, 5) == []
