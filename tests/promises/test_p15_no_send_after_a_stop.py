"""P15: no send begins after a committed stop; an acknowledgement ends its own threshold only."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from pathlib import Path

import pytest
from support.receivers import receiving
from support.registry import make_database
from support.respond_process import office
from support.responder import NOON, Office

from registry import outbox
from responder import incidents
from responder.drafts import draft
from responder.watchkeeper import Watchkeeper
from responder.worker import Responder

EVIDENCE = {"channel": "网站", "url": "https://example.gov.cn/1", "signer": "李主任"}
RELEASE = {"type": "release", "status": "published", "evidence": EVIDENCE}
INCIDENTS = 40


def stop(session, incident: int, now) -> None:
    incidents.add(session, incident, draft(RELEASE, by="张三", now=now), now=now)


@pytest.mark.promise("P15")
def test_stops_that_race_with_a_real_sender(tmp_path: Path, figure):
    dice = random.Random(15)
    database = make_database(tmp_path)
    stopped_at: dict[int, float] = {}
    with receiving() as hook:
        channels = [{"name": "hook", "url": hook.url}]
        with office(tmp_path, str(database.url), channels, ttl_s=2.0) as at:
            now = at.now()
            for _ in range(INCIDENTS):
                with database.transaction() as session:
                    incidents.open_incident(
                        session, title="塌陷", by="张三", now=now, occurred=now, level="重大"
                    )
            at.forward(4 * 3600)  # 75 % of R1 is past, and of others
            at.start("one")
            for incident in dice.sample(range(1, INCIDENTS + 1), INCIDENTS):
                time.sleep(dice.uniform(0, 0.02))
                with database.transaction() as session:
                    stop(session, incident, at.now())
                    stopped_at[incident] = time.monotonic()  # inside: the order is the lock's
            deadline = time.monotonic() + 60
            while True:
                with database.reading() as session:
                    rows = outbox.recent(session, 1000)
                if all(row.state != "waiting" for row in rows):
                    break
                assert time.monotonic() < deadline
                time.sleep(0.05)
            sends, claims = at.trace("send"), at.trace("claim")
    database.dispose()
    r1 = [row for row in rows if row.payload["rule"] == "R1"]
    sent = {row.key.removesuffix(":hook") for row in r1 if row.state == "sent"}
    dropped = [row for row in r1 if row.state == "not_sent"]
    for send in sends:
        (key,) = send["keys"]
        if not key.endswith(":R1:0:75"):
            continue
        begun = max(claim["at"] for claim in claims if claim["at"] < send["at"])
        assert begun < stopped_at[int(key.split(":")[0])], key
    assert sent, "no stop came late enough: the race was none"
    assert dropped, "no stop came early enough: the race was none"
    assert all("时限已有结论" in row.detail for row in dropped)
    figure(
        f"{INCIDENTS} stops race: {len(sent)} reminders begun before, {len(dropped)} not sent, "
        "0 begun after"
    )


@pytest.mark.promise("P15")
@pytest.mark.parametrize("when", ["before planning", "after planning", "after a failure"])
def test_a_stop_at_each_step_of_the_way(tmp_path: Path, when: str, figure):
    database = make_database(tmp_path)
    desk = Office(database)
    with database.transaction() as session:
        incident = incidents.open_incident(
            session, title="塌陷", by="张三", now=NOON, occurred=NOON, level="重大"
        ).id
    desk.watch.forward(hours=4)
    if when == "after planning":
        with database.transaction() as session:
            plan = desk.responder._plans[0]
            assert plan.put(session, plan.wanted(session, desk.watch()), now=desk.watch())
    elif when == "after a failure":
        desk.pager.down = True
        desk.tick()
        desk.pager.down = False
        desk.watch.forward(minutes=1)
    with database.transaction() as session:
        stop(session, incident, desk.watch())
    for _ in range(3):
        desk.tick(seconds=1)
    assert [key for key in desk.pager.keys if ":R1:" in key] == []
    database.dispose()
    figure("0 sent with the stop before planning, after planning, after a failure")


@pytest.mark.promise("P15")
def test_a_late_acknowledgement_of_an_earlier_threshold_ends_nothing_of_a_later_one(
    tmp_path: Path, figure
):
    """Acknowledged when the next one is past already: it waits, or repeats, all the same."""
    database = make_database(tmp_path)
    watch = Watchkeeper()
    desk = Office(database)
    desk.responder.close()
    desk.responder = Responder(
        desk.log, database, [desk.pager], desk.watch, "two", plans=[watch.on], checks=watch.checks()
    )
    with database.transaction() as session:
        incident = incidents.open_incident(
            session, title="塌陷", by="张三", now=NOON, occurred=NOON, level="重大"
        ).id

    def seen(threshold: int) -> None:
        with database.transaction() as session:
            incidents.acknowledge(
                session, incident, rule="R1", threshold=threshold, by="张三", now=desk.watch()
            )

    def told(kind: str) -> list[str]:
        keys = [key for key in desk.pager.keys if ":R1:0:" in key]
        return [key for key in keys if key.startswith("escalation:") is (kind == "escalation")]

    desk.tick(hours=2, minutes=30)
    desk.pager.down = True
    desk.tick(hours=1, minutes=15)  # 75 % waits for its receiver
    seen(50)
    desk.pager.down = False
    desk.tick(minutes=1)
    assert [key.split(":")[-1] for key in told("reminder")] == ["50", "75"]
    desk.tick(minutes=44)
    desk.tick(minutes=30)
    seen(90)
    for _ in range(61):
        seen(75)
        desk.tick(minutes=1)
    assert [key.split(":")[-1] for key in told("reminder")][2:] == ["90", "100", "100.1", "100.2"]
    steps = [key.split(":")[-3:] for key in told("escalation")]
    assert ["100", "1", "0"] in steps, steps
    database.dispose()
    figure("75 % sent though 50 was acknowledged before it left; 100 % repeats and escalates")


@pytest.mark.promise("P15")
def test_an_acknowledgement_ends_its_own_threshold_only(tmp_path: Path, figure):
    database = make_database(tmp_path)
    desk = Office(database)
    with database.transaction() as session:
        incident = incidents.open_incident(
            session, title="塌陷", by="张三", now=NOON, occurred=NOON, level="重大"
        ).id

    def seen(threshold: int) -> None:
        with database.transaction() as session:
            incidents.acknowledge(
                session, incident, rule="R1", threshold=threshold, by="张三", now=desk.watch()
            )

    def told() -> list[str]:
        keys = [key for key in desk.pager.keys if ":R1:" in key]
        return [key.split(":")[-1] for key in keys]

    desk.tick(hours=2, minutes=30)
    assert told() == ["50"]
    for threshold, wait in ((50, 75), (75, 45), (90, 30)):
        seen(threshold)  # 75, 90 and 100 come nevertheless
        desk.tick(minutes=wait)
    assert told() == ["50", "75", "90", "100"]
    for _ in range(60):
        desk.tick(minutes=1)
    assert told()[4:] == ["100.1", "100.2"]  # nobody saw it: again every 30 minutes
    seen(100)
    acknowledged = desk.watch()
    quiet = 0
    while len(told()) == 6:
        desk.tick(minutes=1)
        quiet += 1
        assert quiet < 40
    assert desk.watch() - acknowledged == timedelta(minutes=30)
    database.dispose()
    figure(f"50, 75, 90, 100 % each sent though acknowledged; after 100 % quiet for {quiet} min")
