"""Alerts that are given back, joined to an incident, reopened, and grow hotter by configuration."""

from datetime import timedelta

import pytest
from support.responder import NOON, signal

from registry import audit, notice_log
from registry.errors import ConflictError, ForbiddenError, InvalidInputError
from responder import alert_growth, alert_moves, alerts, incidents, query
from responder.colours import Colours, colours

LATER = NOON + timedelta(minutes=10)
HOT = colours({"orange": 3, "red": 10})


def test_a_claim_is_given_back_with_a_reason_and_waits_anew(session):
    alert = alert_growth.absorb(session, signal(), now=NOON)
    with pytest.raises(ConflictError, match="待处置"):
        alert_moves.release(session, alert.id, reason="x", by="张三", now=NOON)
    alerts.claim(session, alert.id, by="张三", now=NOON)
    with pytest.raises(InvalidInputError, match="理由"):
        alert_moves.release(session, alert.id, reason=" ", by="张三", now=LATER)
    with pytest.raises(ForbiddenError, match="由张三认领"):
        alert_moves.release(session, alert.id, reason="x", by="李四", now=LATER)
    back = alert_moves.release(session, alert.id, reason="不归我管", by="张三", now=LATER)
    assert (back.state, back.claimed_by, back.claimed_at) == ("待处置", "", None)
    assert (back.waiting_since, back.round) == (LATER, 1)
    assert audit.entries(session, limit=1)[0].action == "退回预警"
    alerts.claim(session, alert.id, by="李四", now=LATER)
    freed = alert_moves.release(
        session, alert.id, reason="人不在", by="王主任", now=LATER, anyone=True
    )
    assert freed.round == 2


def test_claiming_is_an_acknowledgement_in_the_log(session):
    alert = alert_growth.absorb(session, signal(), now=NOON)
    alerts.claim(session, alert.id, by="张三", now=NOON)
    (line,) = notice_log.recent(session, alert=alert.id)
    assert (line.word, line.text) == ("acknowledged", "张三认领预警 1")


def test_an_alert_joins_an_open_incident_and_stands_on_its_timeline(session):
    first = alert_growth.absorb(session, signal(1), now=NOON)
    second = alert_growth.absorb(session, signal(2, fingerprint="water:停水"), now=NOON)
    incident = alerts.open_incident(session, first.id, by="张三", now=NOON)
    joined = alert_moves.join(session, second.id, incident=incident.id, by="李四", now=LATER)
    assert (joined.state, joined.incident, joined.claimed_by) == ("处理中", incident.id, "李四")
    assert incidents.entries(session, incident.id)[-1].text.startswith("并入预警 2")
    with pytest.raises(ConflictError, match="已属于事件"):
        alert_moves.join(session, second.id, incident=incident.id, by="李四", now=LATER)


def test_an_alert_that_another_holds_does_not_join(session):
    first = alert_growth.absorb(session, signal(1), now=NOON)
    second = alert_growth.absorb(session, signal(2, fingerprint="water:停水"), now=NOON)
    incident = alerts.open_incident(session, first.id, by="张三", now=NOON)
    alerts.claim(session, second.id, by="王五", now=NOON)
    with pytest.raises(ConflictError, match="王五"):
        alert_moves.join(session, second.id, incident=incident.id, by="李四", now=LATER)


def test_a_dismissed_alert_comes_back_where_it_grows_to_red(session):
    alert = alert_growth.absorb(session, signal(1), now=NOON)
    alerts.dismiss(session, alert.id, state="忽略", reason="老话题", by="张三", now=NOON)
    again = alert_growth.absorb(session, signal(2, heat="red", count=60), now=LATER)
    assert (again.id, again.state, again.heat) == (alert.id, "待处置", "red")
    assert (again.claimed_by, again.closed_at, again.round) == ("", None, 1)
    assert any("张三曾于" in reason.text for reason in again.reasons)
    assert audit.entries(session, limit=1)[0].before["reason"] == "老话题"


@pytest.mark.parametrize(
    ("heat", "after", "late"),
    [("orange", {"hours": 1}, False), ("red", {"days": 8}, False), ("red", {"hours": 1}, True)],
)
def test_what_is_not_red_or_long_ago_or_old_news_is_a_new_alert(session, heat, after, late):
    alert = alert_growth.absorb(session, signal(1), now=NOON)
    alerts.dismiss(session, alert.id, state="误报", reason="同名", by="张三", now=NOON)
    new = alert_growth.absorb(
        session, signal(2, heat=heat, late=late), now=NOON + timedelta(**after)
    )
    assert new.id != alert.id
    assert query.alert(session, alert.id).state == "误报"


def test_a_red_one_that_was_dismissed_stays_dismissed(session):
    alert = alert_growth.absorb(session, signal(1, heat="red"), now=NOON)
    alerts.dismiss(session, alert.id, state="误报", reason="同名", by="张三", now=NOON)
    assert alert_growth.absorb(session, signal(2, heat="red"), now=LATER).id != alert.id


def test_an_alert_turns_hotter_by_multiples_of_its_threshold(session):
    told = []
    for number, count in enumerate((5, 8, 9, 29, 30), 1):
        now = NOON + timedelta(minutes=number)
        one = signal(number, count=count, threshold=3, heat="yellow", now=now)
        found = alert_growth.absorb(session, one, now=now, colours=HOT)
        told.append((found.heat, found.round))
    assert told == [("yellow", 0), ("yellow", 0), ("orange", 1), ("orange", 1), ("red", 2)]
    assert found.waiting_since == NOON + timedelta(minutes=5)


def test_without_configuration_the_colour_is_the_rules_own(session):
    found = alert_growth.absorb(session, signal(1, count=10_000), now=NOON)
    assert found.heat == "yellow"
    assert Colours().of("blue", count=10_000, threshold=1) == "blue"


def test_a_hot_rule_never_turns_cooler():
    assert HOT.of("red", count=1, threshold=3) == "red"
    assert HOT.of("orange", count=9, threshold=3) == "orange"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"purple": 3}, "不认识"),
        ({"red": 3, "orange": 3}, "要大于"),
        ({"red": 0.5}, "不能小于 1"),
    ],
)
def test_a_wrong_configuration_is_told(given, said):
    with pytest.raises(InvalidInputError, match=said):
        colours(given)
