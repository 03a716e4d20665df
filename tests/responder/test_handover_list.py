"""The list that is handed over: everything open, nothing settled."""

from datetime import timedelta

from support.responder import NOON, signal

from registry import handovers, outbox, silences
from responder import alert_growth, alerts, incidents
from responder.handover_list import PARTS, checklist


def test_the_list_holds_what_is_open_and_not_what_is_settled(session):
    first = alert_growth.absorb(session, signal(1), now=NOON)
    gone = alert_growth.absorb(session, signal(2, fingerprint="b"), now=NOON)
    alerts.dismiss(session, gone.id, state="忽略", reason="x", by="张三", now=NOON)
    alerts.claim(session, first.id, by="张三", now=NOON)
    incidents.open_incident(session, title="塌陷", by="张三", now=NOON, occurred=NOON, level="重大")
    silences.add(
        session, until=NOON + timedelta(hours=1), owner="张三", reason="检修", now=NOON, word="停水"
    )
    for number, retry in ((1, NOON), (2, None)):
        outbox.put(session, kind="x", key=str(number), payload={"text": "t"}, due_at=NOON, now=NOON)
        outbox.failed(session, number, now=NOON, reason="关机", retry_at=retry)
    found = checklist(session, NOON + timedelta(minutes=1))
    assert {part: found[part]["total"] for part in PARTS} == {
        "clocks": len(found["clocks"]["items"]),
        "alerts": 1,
        "incidents": 1,
        "silences": 1,
        "blind": 0,
        "undelivered": 2,
        "on_duty": 0,
    }
    assert {"R1", "R2"} <= {clock["rule"] for clock in found["clocks"]["items"]}
    assert found["alerts"]["items"][0]["claimed_by"] == "张三"
    later = checklist(session, NOON + timedelta(hours=2))
    assert later["silences"]["total"] == 0
    assert handovers.digest_of(found) != handovers.digest_of(later)
    assert handovers.digest_of(found) == handovers.digest_of(dict(found))
