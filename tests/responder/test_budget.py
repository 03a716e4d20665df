"""At most so many alerts a shift; what people called a false alarm rings less; all in digests."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from support.responder import NOON, Office, Pager, signal

from registry import outbox, raised_thresholds
from registry.errors import ConflictError, NotFoundError
from responder import alerts
from responder.budget import Budget
from responder.digest import Digester
from responder.watchkeeper import Watchkeeper
from responder.worker import Responder


class Desk(Office):
    """An office with a budget, digests at 14:00 and 20:00, and the watch over the unclaimed."""

    def __init__(self, database, most: int = 0) -> None:
        self.most = most
        super().__init__(database)

    def start(self, holder: str = "one", *pagers: Pager) -> Responder:
        watch = Watchkeeper()
        digester = Digester(times=(time(14), time(20)))
        return Responder(
            self.log,
            self.database,
            list(pagers) or [self.pager],
            self.watch,
            holder,
            plans=[watch.on, digester.on],
            checks=watch.checks(),
            budget=Budget(most=self.most),
        )

    def raised(self, number: int, heat: str = "yellow", matter: str = "", **given) -> None:
        self.send(signal(number, fingerprint=matter or f"m{number}", heat=heat, **given))
        self.tick(seconds=1)

    def run(self, **span) -> None:
        self.tick(**span)
        while self.tick(seconds=1):
            pass

    def rows(self, kind: str):
        """What was meant to leave, the oldest first."""
        with self.database.reading() as session:
            found = [row for row in reversed(outbox.recent(session, 200)) if row.kind == kind]
        return [row for row in found if row.state != outbox.NOT_SENT]

    def told(self, kind: str = "alert") -> list[str]:
        return [row.key.removesuffix(":pager") for row in self.rows(kind)]

    def do(self, work, *given, **named):
        with self.database.transaction() as session:
            return work(session, *given, now=self.watch.now, **named)


@pytest.fixture
def desk(database):
    made = Desk(database, most=6)
    yield made
    made.responder.close()


def test_what_is_over_the_budget_goes_to_the_digest(desk):
    for number in range(1, 7):
        desk.raised(number)
    assert desk.told() == [f"alert:{number}:yellow" for number in range(1, 5)]
    desk.raised(7, "orange")  # a third is kept for orange
    desk.raised(8, "orange")
    desk.raised(9, "orange")
    assert desk.told()[4:] == ["alert:7:orange", "alert:8:orange"]
    desk.raised(10, "red")
    assert desk.told()[6:] == ["alert:10:red"]
    desk.run(hours=2)
    (digest,) = desk.rows("digest")
    assert digest.payload["alerts"] == [9, 5, 6]
    assert "超出本班预警上限" in digest.payload["text"]


def test_the_next_shift_has_its_own_budget(desk):
    for number in range(1, 7):
        desk.raised(number)
    desk.run(hours=9)
    desk.raised(11)
    assert desk.told()[-1] == "alert:7:yellow"


def test_an_alert_that_was_sent_may_grow_hotter_whatever_the_budget_says(desk):
    for number in range(1, 5):
        desk.raised(number)
    desk.raised(21, matter="m9")
    desk.raised(22, "orange", matter="m1")
    assert desk.told()[-1] == "alert:1:orange"


def test_nobody_is_woken_by_the_escalation_of_what_was_held_back(desk):
    for number in range(1, 6):
        desk.raised(number)
    desk.run(hours=1)
    assert {key.split(":")[2] for key in desk.told("escalation")} == {"1", "2", "3", "4"}


def test_without_a_limit_all_are_sent(database):
    desk = Desk(database)
    for number in range(1, 9):
        desk.raised(number)
    assert len(desk.told()) == 8
    desk.responder.close()


def test_a_false_alarm_raises_the_threshold_of_its_matter_and_can_be_taken_back(desk):
    desk.raised(1, matter="rule:x", count=5, threshold=3)
    desk.do(alerts.dismiss, 1, state=alerts.MISTAKEN, reason="同名小区", by="张三")
    with desk.database.reading() as session:
        (one,) = raised_thresholds.active(session, desk.watch.now)
    assert (one.factor, one.by, one.until) == (2, "张三", desk.watch.now + timedelta(days=14))
    desk.raised(2, matter="rule:x", count=5, threshold=3)  # under 6: held, not away
    desk.raised(3, matter="rule:y", count=5, threshold=3)
    assert desk.told() == ["alert:1:yellow", "alert:3:yellow"]
    desk.raised(4, matter="rule:x", count=6, threshold=3)  # it grows over what was raised
    assert desk.told()[-1] == "alert:2:yellow"
    desk.do(raised_thresholds.end, one.id, by="李四")
    desk.do(alerts.dismiss, 2, state=alerts.IGNORED, reason="已知", by="张三")
    desk.raised(5, matter="rule:x", count=5, threshold=3)
    assert desk.told()[-1] == "alert:4:yellow"


def test_another_false_alarm_raises_it_further_and_after_two_weeks_it_ends(desk):
    for number in range(1, 6):
        given = {"title": "某小区", "by": "张三", "reason": "误报"}
        one = desk.do(raised_thresholds.raise_for, "rule:x", **given)
        assert one.factor == min(8, 2**number)
    with desk.database.reading() as session:
        assert len(raised_thresholds.active(session, desk.watch.now)) == 1
        later = desk.watch.now + timedelta(days=14)
        assert raised_thresholds.of(session, "rule:x", later) is None


def test_red_is_sent_whatever_was_called_a_false_alarm(desk):
    desk.do(raised_thresholds.raise_for, "rule:x", title="x", by="张三", reason="误报")
    desk.raised(1, "red", matter="rule:x")
    assert desk.told() == ["alert:1:red"]


def test_only_what_is_on_can_be_taken_back(desk):
    one = desk.do(raised_thresholds.raise_for, "rule:x", title="x", by="张三", reason="误报")
    desk.do(raised_thresholds.end, one.id, by="李四")
    with pytest.raises(ConflictError, match="已经结束"):
        desk.do(raised_thresholds.end, one.id, by="李四")
    with pytest.raises(NotFoundError):
        desk.do(raised_thresholds.end, 99, by="李四")
    assert desk.watch.now >= NOON
