"""A clock of the machine that jumps by hours: told, and nothing that was due is left out."""

from datetime import timedelta

import pytest
from support.registry import make_database
from support.responder import NOON, Office, signal

from registry import outbox
from responder import alerts, incidents
from responder.drafts import draft
from responder.set_back import SetBack
from responder.watchkeeper import Watchkeeper
from responder.worker import Responder

RIGHT = timedelta(minutes=1)  # after NOON, when the clock is right again
FAST = timedelta(hours=3, minutes=50)  # 75 % of the five hours of R1 are over


class Desk(Office):
    """An office whose two clocks go together, but for jumps."""

    steady = 0.0

    def start(self, holder="one", *pagers):
        watch = Watchkeeper()
        jumps = SetBack(monotonic=lambda: self.steady)
        return Responder(
            self.log,
            self.database,
            self.pagers,
            self.watch,
            holder,
            plans=[jumps.on, watch.on],
            checks=watch.checks(),
        )

    def go(self, **span):
        self.steady += timedelta(**span).total_seconds()
        self.tick(**span)

    def jump(self, to):
        self.watch.now = to
        self.go(seconds=1)
        self.go(seconds=1)

    def took(self):
        keys = self.pager.keys
        self.pager.got.clear()
        return [key for key in keys if not key.startswith("duty:")]


@pytest.fixture
def desk(tmp_path):
    database = make_database(tmp_path)
    made = Desk(database)
    with database.transaction() as session:
        incidents.open_incident(
            session, title="塌陷", by="甲", now=NOON, occurred=NOON, level="重大", criteria="x"
        )
    made.go(seconds=1)
    made.took()
    yield made
    made.responder.close()
    database.dispose()


def last(desk):
    return next(one.text for one in reversed(desk.pager.got) if one.key.startswith("clock:"))


def test_forward_and_back_each_reminder_comes_at_its_own_time(desk):
    desk.jump(NOON + FAST)
    assert "本机时钟刚才向前跳了 3 小时 49 分" in last(desk)
    assert "1:R1:0:75" in desk.took()
    desk.jump(NOON + RIGHT)
    assert "倒退了 3 小时 49 分" in last(desk)
    assert "提前发出的 3 条通知到时会再发" in last(desk)  # R1, and two empty posts
    assert [key for key in desk.took() if not key.startswith("clock:")] == []
    desk.go(hours=2, minutes=30)
    assert desk.took() == ["1:R1:0:50"]
    desk.go(hours=1, minutes=14)
    assert desk.took() == ["1:R1:0:75"], "told too early once, and again when it is due"
    desk.responder.close()
    desk.responder = desk.start("two")
    desk.go(minutes=1)
    assert desk.took() == [], "told of once, also after a start"


def test_what_an_earlier_process_left_is_found_at_the_start(desk):
    desk.jump(NOON + FAST)
    desk.responder.close()
    desk.watch.now = NOON + RIGHT
    desk.took()
    desk.responder = desk.start("two")
    desk.go(seconds=1)
    assert [key.partition(":")[0] for key in desk.took()] == ["clock"]
    desk.go(hours=3, minutes=45)
    assert desk.took() == ["1:R1:0:75"]


def test_what_a_fast_clock_could_not_send_waits_for_no_future(desk):
    desk.pager.down = True
    desk.watch.now = NOON + FAST
    desk.send(signal(now=desk.watch.now, heat="red"))
    desk.go(seconds=1)
    desk.pager.down = False
    desk.jump(NOON + RIGHT)
    desk.go(seconds=15)
    took = desk.took()
    assert "alert:1:red" in took
    assert not any(key.startswith("1:R1") for key in took), "its time has not come"
    with desk.database.reading() as session:
        early = [one for one in outbox.recent(session, 100) if "~" in one.key]
    assert {one.detail for one in early} == {"本机时钟曾走快，这条提前了；到时另发"}
    desk.go(minutes=3)
    assert desk.took() == ["escalation:alert:1:0:1:0"], "nobody has it: told on, by the right clock"


def test_an_acknowledgement_of_a_time_to_come_answers_nothing_now(desk):
    desk.jump(NOON + FAST)
    with desk.database.transaction() as session:
        body = {"type": "acknowledgement", "rule": "R1", "threshold": 75}
        incidents.add(session, 1, draft(body, by="甲", now=desk.watch.now), now=desk.watch.now)
    desk.jump(NOON + RIGHT)
    desk.took()
    desk.go(hours=3, minutes=44, seconds=30)
    assert "1:R1:0:75" in desk.took()


def test_small_steps_are_a_clock_that_is_kept_right(desk):
    for seconds in (-30, 20, -30, 59):
        desk.watch.forward(seconds=seconds)
        desk.go(seconds=1)
    assert desk.took() == []


def test_an_alert_that_waits_is_not_forgotten(desk):
    desk.watch.now = NOON + FAST
    desk.send(signal(now=desk.watch.now, heat="red"))
    desk.go(seconds=1)
    desk.jump(NOON + RIGHT)
    with desk.database.reading() as session:
        assert alerts.get(session, 1).waiting_since <= desk.watch.now
