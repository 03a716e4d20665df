"""Reminders: each threshold once, overtaken ones folded, repeats after due, acknowledgements."""

from datetime import timedelta

import pytest
from support.responder import NOON, signal

from registry import outbox
from responder import alert_growth, incidents, reminders
from responder.drafts import draft

EVIDENCE = {"channel": "网站", "url": "https://example.gov.cn/1", "signer": "李主任"}


def opened(session, *, hours_ago=0.0, level="重大", now=NOON):
    return incidents.open_incident(
        session,
        title="某路段塌陷",
        by="张三",
        now=now,
        occurred=now - timedelta(hours=hours_ago),
        level=level,
    ).id


def told(session, rule="R1"):
    """(key without incident, rule and channel; late; folded), oldest first."""
    found = []
    for delivery in reversed(outbox.recent(session, 500)):
        _, about, cycle, rung, _ = delivery.key.split(":")
        if about == rule:
            found.append((rung, delivery.payload["late"], delivery.payload["folded"]))
            assert cycle == "0"
    return found


def watch(session, hours, *, step_s=9, start=NOON):
    """Tick through some hours."""
    planner = reminders.Planner()
    now = start
    while now <= start + timedelta(hours=hours):
        reminders.put(session, planner.wanted(session, now), now=now, channels=("console",))
        planner.done()
        now += timedelta(seconds=step_s)


def test_each_threshold_is_told_once_in_time_and_then_every_half_hour(session):
    opened(session)
    watch(session, 6.2)
    assert told(session) == [
        ("50", False, []),
        ("75", False, []),
        ("90", False, []),
        ("100", False, []),
        ("100.1", False, []),
        ("100.2", False, []),
    ]
    dues = [d.due_at - NOON for d in reversed(outbox.recent(session, 500)) if ":R1:" in d.key]
    assert [due.total_seconds() / 3600 for due in dues] == [2.5, 3.75, 4.5, 5, 5.5, 6]


def test_thresholds_already_past_when_a_clock_attaches_are_one_reminder_and_not_late(session):
    opened(session, hours_ago=4 + 50 / 60)
    reminders.plan(session, NOON)
    assert told(session) == [("90", False, [50, 75])]
    text = outbox.recent(session, 1)[0].payload["text"]
    assert "R1 首次权威发布剩余 10 分钟" in text
    assert "含未单独发出的 50%、75% 提醒" in text


def test_an_upgrade_past_due_reminds_at_once(session):
    number = opened(session, level="较大")
    planner = reminders.Planner()
    now = NOON + timedelta(hours=6)
    assert planner.wanted(session, now) == []
    planner.done()
    incidents.set_level(session, number, "重大", by="王县长", now=now)
    found = planner.wanted(session, now + timedelta(seconds=1))
    reminders.put(session, found, now=now, channels=("console",))
    assert told(session) == [("100.2", False, [50, 75, 90, 100])]
    text = next(d.payload["text"] for d in outbox.recent(session, 9) if ":R1:" in d.key)
    assert "R1 首次权威发布已超时 1 小时 0 分" in text


def test_what_was_due_while_down_goes_out_once_as_late_and_names_the_rest(session):
    opened(session)
    reminders.plan(session, NOON + timedelta(hours=2.5))
    reminders.plan(session, NOON + timedelta(hours=5, minutes=10))
    assert told(session) == [("50", False, []), ("100", True, [75, 90])]
    newest = next(d for d in outbox.recent(session, 9) if ":R1:" in d.key)
    assert "迟发：应于 2026-03-02 17:00 提醒" in newest.payload["text"]
    assert newest.payload["planned"] == "2026-03-02T17:00:00+08:00"


def test_planning_again_adds_nothing(session):
    opened(session, hours_ago=3)
    assert reminders.plan(session, NOON) == 1
    assert reminders.plan(session, NOON) == 0


def test_an_acknowledgement_ends_its_own_threshold_only(session):
    number = opened(session)
    watch(session, 2.6, step_s=60)
    incidents.acknowledge(
        session, number, rule="R1", threshold=50, by="张三", now=NOON + timedelta(hours=2.7)
    )
    watch(session, 2.4, step_s=60, start=NOON + timedelta(hours=2.7))
    assert [rung for rung, _, _ in told(session)] == ["50", "75", "90", "100"]


def test_after_due_an_acknowledgement_is_good_for_half_an_hour(session):
    number = opened(session)
    watch(session, 5.1, step_s=60)
    seen = incidents.acknowledge(
        session, number, rule="R1", threshold=100, by="张三", now=NOON + timedelta(hours=5.2)
    )
    watch(session, 1.6, step_s=60, start=NOON + timedelta(hours=5.2))
    rungs = [rung for rung, _, _ in told(session)]
    assert rungs[-4:] == ["100", f"100a{seen.seq}.0", f"100a{seen.seq}.1", f"100a{seen.seq}.2"]
    first = next(d for d in outbox.recent(session, 99) if d.key.endswith(".0:console"))
    assert first.due_at == NOON + timedelta(hours=5.7)


def test_a_stopped_clock_reminds_no_more(session):
    number = opened(session)
    watch(session, 2.6, step_s=60)
    now = NOON + timedelta(hours=3)
    body = {"type": "release", "status": "published", "evidence": EVIDENCE}
    incidents.add(session, number, draft(body, by="张三", now=now), now=now)
    watch(session, 4, step_s=60, start=now)
    assert [rung for rung, _, _ in told(session)] == ["50"]


def test_conditional_clocks_remind_too_and_say_so(session):
    opened(session, level=None)
    reminders.plan(session, NOON + timedelta(hours=2.5))
    texts = [d.payload["text"] for d in outbox.recent(session, 9) if ":R1:" in d.key]
    assert "待定级 · R1" in texts[0]


def test_setting_the_level_does_not_repeat_what_the_conditional_clock_told(session):
    number = opened(session, level=None)
    reminders.plan(session, NOON + timedelta(hours=2.6))
    now = NOON + timedelta(hours=2.7)
    incidents.set_level(session, number, "重大", by="王县长", now=now)
    reminders.plan(session, now)
    assert [rung for rung, _, _ in told(session)] == ["50"]


def test_no_level_after_an_hour_is_itself_an_alarm(session):
    number = opened(session, level=None)
    reminders.plan(session, NOON + timedelta(minutes=59))
    assert told(session, "level") == []
    watch(session, 0.6, step_s=60, start=NOON + timedelta(minutes=60))
    assert [rung for rung, _, _ in told(session, "level")] == ["100", "100.1"]
    text = next(d.payload["text"] for d in outbox.recent(session, 99) if ":level:" in d.key)
    assert "仍未定级，请定级" in text
    now = NOON + timedelta(hours=2)
    incidents.set_level(session, number, "一般", by="王县长", now=now)
    watch(session, 2, step_s=60, start=now)
    assert len(told(session, "level")) == 2


@pytest.mark.parametrize("late", [False, True])
def test_a_new_alert_is_told_and_a_late_one_only_recorded(session, late):
    alert = alert_growth.absorb(session, signal(late=late), now=NOON)
    assert reminders.announce(session, alert, now=NOON) == 1
    assert reminders.announce(session, alert, now=NOON) == 0
    (delivery,) = outbox.recent(session)
    assert delivery.state == ("not_sent" if late else "waiting")
    assert ("补录" in delivery.detail) is late
    assert "【黄】丽发新城附近搅拌站" in delivery.payload["text"]


def test_an_alert_that_grows_hotter_or_turns_live_is_told_again(session):
    for number, (heat, late) in enumerate(
        [("blue", True), ("blue", False), ("blue", False), ("red", False), ("yellow", False)]
    ):
        alert = alert_growth.absorb(session, signal(number, heat=heat, late=late), now=NOON)
        reminders.announce(session, alert, now=NOON)
    keys = [delivery.key.split(":")[2] for delivery in outbox.recent(session)]
    assert keys == ["red", "blue", "late"]


def test_every_channel_gets_its_own(session):
    opened(session, hours_ago=3)
    assert reminders.plan(session, NOON, channels=("console", "pager")) == 1
    assert len(outbox.recent(session)) == 2
    # a channel that is added later does not get what was told before
    assert reminders.plan(session, NOON, channels=("console", "pager", "new")) == 0


def test_what_could_not_be_written_is_wanted_again(session):
    opened(session, hours_ago=3)
    planner = reminders.Planner()
    assert len(planner.wanted(session, NOON)) == 1
    assert len(planner.wanted(session, NOON)) == 1  # done() was not said: the write failed
    planner.done()
    assert planner.wanted(session, NOON) == []


def test_a_clock_that_is_set_back_loses_nothing(session):
    opened(session)
    planner = reminders.Planner()
    later = NOON + timedelta(hours=2, minutes=40)
    reminders.put(session, planner.wanted(session, later), now=later, channels=("console",))
    planner.done()
    opened(session, now=NOON - timedelta(hours=2, minutes=20))
    back = NOON + timedelta(minutes=20)
    found = planner.wanted(session, back)
    assert [reminder.key for reminder in found] == ["2:R1:0:50"]
