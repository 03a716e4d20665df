"""Alerts: one for each matter, states, and two people at once."""

from datetime import timedelta

import pytest
from support.responder import NOON, signal

from registry.errors import ConflictError, InvalidInputError, NotFoundError
from responder import alert_growth, alerts, query
from responder.drafts import draft
from responder.incidents import add


def test_many_signals_of_one_matter_are_one_growing_alert(session):
    for number in range(1, 70):
        now = NOON + timedelta(minutes=number)
        heat = "red" if number == 30 else "yellow"
        alert_growth.absorb(session, signal(number, count=number, heat=heat, now=now), now=now)
    (alert,) = query.alerts(session)
    assert (alert.state, alert.folded, alert.heat) == ("待处置", 69, "red")
    assert alert.count == 70  # as many posts as were named
    assert alert.posts[:2] == ("post-69", "post-0")
    assert alert.reasons[0].at < alert.reasons[-1].at
    assert len(alert.reasons) == 50
    assert alert.first_post_at == NOON + timedelta(minutes=1) - timedelta(minutes=50)


def test_a_signal_that_comes_twice_changes_nothing(session):
    assert alert_growth.absorb(session, signal(1), now=NOON) is not None
    assert alert_growth.absorb(session, signal(1, count=99), now=NOON) is None
    assert query.alerts(session)[0].count == 5


def test_different_matters_are_different_alerts(session):
    alert_growth.absorb(session, signal(1), now=NOON)
    alert_growth.absorb(session, signal(2, fingerprint="water:停水"), now=NOON)
    assert len(query.alerts(session)) == 2
    assert query.alert_counts(session)["待处置"] == 2


def test_late_until_something_fresh_comes(session):
    assert alert_growth.absorb(session, signal(1, late=True), now=NOON).late
    assert not alert_growth.absorb(session, signal(2), now=NOON).late
    assert query.alerts(session, late=True) == []


def test_an_unknown_heat_is_blue(session):
    assert alert_growth.absorb(session, signal(1, heat="purple"), now=NOON).heat == "blue"


def test_the_second_who_claims_is_told_who_and_when(session):
    alert = alert_growth.absorb(session, signal(), now=NOON)
    claimed = alerts.claim(session, alert.id, by="张三", now=NOON)
    assert (claimed.state, claimed.claimed_by) == ("已认领", "张三")
    again = alerts.claim(session, alert.id, by="张三", now=NOON + timedelta(minutes=1))
    assert again.claimed_at == NOON
    for act in (
        lambda: alerts.claim(session, alert.id, by="李四", now=NOON),
        lambda: alerts.open_incident(session, alert.id, by="李四", now=NOON),
        lambda: alerts.dismiss(session, alert.id, state="忽略", reason="x", by="李四", now=NOON),
    ):
        with pytest.raises(ConflictError, match="张三已于 2026-03-02 12:00 认领"):
            act()


@pytest.mark.parametrize("state", ["忽略", "误报"])
def test_dismissing_needs_a_reason_and_frees_the_matter(session, state):
    alert = alert_growth.absorb(session, signal(), now=NOON)
    with pytest.raises(InvalidInputError, match="须写明理由"):
        alerts.dismiss(session, alert.id, state=state, reason=" ", by="张三", now=NOON)
    done = alerts.dismiss(session, alert.id, state=state, reason="同名小区", by="张三", now=NOON)
    assert (done.state, done.close_reason, done.closed_by) == (state, "同名小区", "张三")
    with pytest.raises(ConflictError, match=f"张三已于 .* 处置为{state}"):
        alerts.claim(session, alert.id, by="李四", now=NOON)
    assert alert_growth.absorb(session, signal(2), now=NOON).id != alert.id


def test_only_known_ways_to_dismiss(session):
    alert = alert_growth.absorb(session, signal(), now=NOON)
    with pytest.raises(InvalidInputError, match="忽略或误报"):
        alerts.dismiss(session, alert.id, state="删除", reason="x", by="张三", now=NOON)
    with pytest.raises(NotFoundError, match="没有编号为 99 的预警"):
        alerts.claim(session, 99, by="张三", now=NOON)


def test_opened_as_an_incident_it_goes_on_growing_and_ends_with_it(session):
    alert = alert_growth.absorb(session, signal(), now=NOON)
    incident = alerts.open_incident(
        session, alert.id, by="张三", now=NOON, event_type="不属突发事件"
    )
    assert incident.title == alert.title
    shown = alerts.get(session, alert.id)
    assert (shown.state, shown.incident, shown.claimed_by) == ("处理中", incident.id, "张三")
    with pytest.raises(ConflictError, match=f"已转为事件 {incident.id}"):
        alerts.open_incident(session, alert.id, by="张三", now=NOON)
    with pytest.raises(ConflictError, match="请在事件里办结"):
        alerts.resolve(session, alert.id, by="张三", now=NOON, reason="好了")
    assert alert_growth.absorb(session, signal(2), now=NOON).id == alert.id
    evidence = {"channel": "网站", "url": "https://example.gov.cn/2", "signer": "李主任"}
    for body in (
        {"type": "answer", "status": "published", "evidence": evidence},
        {"type": "closed", "reason": "已回应"},
    ):
        add(session, incident.id, draft(body, by="张三", now=NOON), now=NOON)
    assert alerts.get(session, alert.id).state == "已解决"
    assert alert_growth.absorb(session, signal(3), now=NOON).id != alert.id


def test_without_an_occurrence_the_clocks_run_from_the_first_post(session):
    alert = alert_growth.absorb(session, signal(), now=NOON)
    incident = alerts.open_incident(session, alert.id, by="张三", now=NOON + timedelta(minutes=9))
    detail = query.incident(session, incident.id, NOON + timedelta(minutes=9))
    assert detail.clocks[0].start == alert.first_post_at
    assert detail.clocks[0].basis == "事发（估计）"
    assert detail.moments["detected"].value == NOON


def test_what_occurred_after_the_alert_was_not_found_by_it(session):
    alert = alert_growth.absorb(session, signal(), now=NOON)
    now = NOON + timedelta(hours=2)
    incident = alerts.open_incident(
        session, alert.id, by="张三", now=now, occurred=NOON + timedelta(hours=1), level="重大"
    )
    assert query.incident(session, incident.id, now).moments["detected"].value == now


def test_lists_are_paged_and_filtered(session):
    for number in range(1, 6):
        alert_growth.absorb(session, signal(number, fingerprint=f"f{number}"), now=NOON)
    newest = query.alerts(session, limit=2)
    assert [a.id for a in newest] == [5, 4]
    assert [a.id for a in query.alerts(session, limit=2, before_id=4)] == [3, 2]
    alerts.claim(session, 3, by="张三", now=NOON)
    assert [a.id for a in query.alerts(session, states=["已认领"])] == [3]
