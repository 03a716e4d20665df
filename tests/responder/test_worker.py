"""The tick from end to end: signal, alert, incident, clock, reminder, receiver."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from support.responder import NOON, Office, Pager, signal

from posts.errors import RetryError
from posts.log.port import SIGNALS
from registry import lease, outbox
from registry.addresses import Admitted
from registry.errors import UnavailableError
from responder import alert_growth, alerts, incidents, query
from responder.drafts import draft
from responder.notify import AppriseNotifier, ConsoleNotifier, Notice, NotifyError

EVIDENCE = {"channel": "网站", "url": "https://example.gov.cn/1", "signer": "李主任"}


def deliveries(office: Office) -> dict[str, str]:
    with office.database.reading() as session:
        return {one.key: one.state for one in query.deliveries(session, 500)}


def open_incident(office: Office, **given):
    fields = {"title": "塌陷", "by": "张三", "now": office.watch(), "occurred": office.watch()}
    with office.database.transaction() as session:
        return incidents.open_incident(session, **{**fields, "level": "重大", **given}).id


def until(condition, office, **span):
    """Tick until it holds; bounded, so that a fault fails and never hangs."""
    for _ in range(200):
        if condition():
            return
        office.tick(**span)
        threading.Event().wait(0.01)
    pytest.fail("it never happened")


def test_from_signal_to_receiver(office):
    office.send(signal(1), signal(2))
    assert office.tick() > 0
    assert office.pager.keys == ["alert:1:yellow"]
    with office.database.transaction() as session:
        alerts.claim(session, 1, by="张三", now=office.watch())
        incident = alerts.open_incident(
            session,
            1,
            by="张三",
            now=office.watch(),
            level="重大",
            occurred=office.watch() - timedelta(hours=4, minutes=50),
        )
    office.tick(seconds=1)
    assert office.pager.keys[1:] == [f"{incident.id}:R1:0:90"]
    assert "剩余 9 分钟" in office.pager.got[1].text
    office.tick(minutes=10)
    assert office.pager.keys[2:] == [f"{incident.id}:R1:0:100"]
    assert set(deliveries(office).values()) == {"sent"}
    assert office.log.lag(SIGNALS, "responder") == 0
    assert office.tick() == 0


def test_old_petitions_are_one_alert_that_wakes_nobody_until_it_is_opened(office):
    """A rule on 搅拌站 over years of petitions; then somebody opens it as 重大."""
    old = NOON - timedelta(days=3000)
    office.send(*[
        signal(number, now=old + timedelta(days=30 * number), late=True, heat="red")
        for number in range(44)
    ])  # fmt: skip
    office.tick()
    with office.database.reading() as session:
        (alert,) = query.alerts(session)
    assert (alert.folded, alert.late) == (44, True)
    assert office.pager.got == []
    now = office.watch()
    with office.database.transaction() as session:
        incident = alerts.open_incident(
            session,
            alert.id,
            by="张三",
            now=now,
            level="重大",
            occurred=now - timedelta(hours=4, minutes=50),
        )
    with office.database.reading() as session:
        first = query.open_clocks(session, now)[0]
    assert (first.rule, first.state, first.margin_s) == ("R1", "due_soon", 600)
    office.tick(seconds=1)
    assert office.pager.keys == [f"{incident.id}:R1:0:90"]
    for _ in range(12):
        office.tick(minutes=5)
    assert office.pager.keys[1:3] == [f"{incident.id}:R1:0:100", f"{incident.id}:R1:0:100.1"]


def test_late_alerts_wake_nobody(office):
    office.send(signal(1, late=True))
    office.tick()
    assert office.pager.got == []
    assert deliveries(office) == {"alert:1:late:pager": "not_sent"}


def test_poison_is_buried_and_the_rest_goes_on(office):
    office.log.append(SIGNALS, [("x", b"nonsense")])
    office.send(signal(1))
    office.tick()
    (letter,) = office.log.dead_letters()
    assert letter.value == b"nonsense"
    assert office.pager.keys == ["alert:1:yellow"]
    assert office.log.lag(SIGNALS, "responder") == 0


class FailingOnce:
    """A log whose next call of that name says: later."""

    def __init__(self, log, name: str) -> None:
        self._log, self._name, self.failed = log, name, False

    def __getattr__(self, name):
        found = getattr(self._log, name)
        if name == "consumer":
            return lambda *given, **named: FailingOnce.of(self, found(*given, **named))
        return self._maybe(name, found)

    def of(self, consumer):
        outer = self

        class Reader:
            def __getattr__(self, name):
                return outer._maybe(name, getattr(consumer, name))

        return Reader()

    def _maybe(self, name, found):
        def call(*given, **named):
            if name == self._name and not self.failed:
                self.failed = True
                raise RetryError("the disk is full")
            return found(*given, **named)

        return call


@pytest.mark.parametrize("call", ["poll", "bury", "commit"])
def test_a_log_that_says_later_skips_nothing_and_holds_up_no_clock(office, call):
    office.log = FailingOnce(office.log, call)
    office.responder = office.start("two")
    incident = open_incident(office)
    office.send(signal(1))
    office.log.append(SIGNALS, [("x", b"nonsense")])
    office.send(signal(2, fingerprint="other"))
    office.tick(hours=2, minutes=30)
    assert office.log.failed
    assert f"{incident}:R1:0:50" in office.pager.keys
    assert office.responder.unread is not None
    assert office.log.lag(SIGNALS, "responder") == 3
    office.tick(seconds=5)
    assert sorted(key for key in office.pager.keys if key.startswith("alert")) == [
        "alert:1:yellow",
        "alert:2:yellow",
    ]
    assert len(office.log.dead_letters()) == 1
    assert office.responder.unread is None
    assert office.log.lag(SIGNALS, "responder") == 0


def test_a_crash_between_database_and_commit_doubles_nothing(office):
    office.send(signal(1))
    office.tick()
    office.responder._consumer._log._committed.clear()  # as if the commit had been lost
    office.responder = office.start("two")
    office.tick(minutes=1)
    with office.database.reading() as session:
        assert query.alerts(session)[0].folded == 1
    assert office.pager.keys == ["alert:1:yellow"]


def test_a_restart_across_a_deadline_sends_once_marked_late(office):
    incident = open_incident(office)
    office.tick(seconds=1)
    office.responder.close()
    office.watch.forward(hours=5, minutes=7)
    office.responder = office.start("two")
    office.tick()
    assert office.pager.keys == [f"{incident}:R1:0:100"]
    assert "迟发：应于 2026-03-02 17:00 提醒" in office.pager.got[0].text
    assert "50%、75%、90%" in office.pager.got[0].text


def test_no_send_begins_after_a_committed_stop(office):
    office.pager.down = True
    incident = open_incident(office, occurred=NOON - timedelta(hours=4))
    office.tick(seconds=1)
    key = f"{incident}:R1:0:75:pager"
    assert deliveries(office) == {key: "waiting"}
    with office.database.transaction() as session:
        body = {"type": "release", "status": "published", "evidence": EVIDENCE}
        entry = draft(body, by="张三", now=office.watch())
        incidents.add(session, incident, entry, now=office.watch())
    office.pager.down = False
    office.tick(minutes=1)
    assert office.pager.got == []
    assert deliveries(office) == {key: "not_sent"}


def test_an_acknowledged_or_claimed_matter_is_not_sent(office):
    office.pager.down = True
    incident = open_incident(office, occurred=NOON - timedelta(hours=3))
    office.send(signal(1))
    office.tick(seconds=1)
    with office.database.transaction() as session:
        now = office.watch()
        incidents.acknowledge(session, incident, rule="R1", threshold=50, by="张三", now=now)
        alerts.claim(session, 1, by="张三", now=now)
    office.pager.down = False
    office.tick(minutes=1)
    assert office.pager.got == []
    assert set(deliveries(office).values()) == {"not_sent"}


def test_a_receiver_that_is_down_gets_it_later_and_no_other_waits(office):
    ok, down = Pager("ok"), Pager("down")
    down.down = True
    office.responder = office.start("one", ok, down)
    office.send(signal(1))
    office.tick()
    assert ok.keys == ["alert:1:yellow"]
    assert deliveries(office)["alert:1:yellow:down"] == "waiting"
    down.down = False
    office.tick(seconds=11)
    assert down.keys == ["alert:1:yellow"]
    assert "迟发" in down.got[0].text
    assert len(ok.got) == 1


def test_retries_back_off_and_end(office):
    office.pager.down = True
    office.send(signal(1))
    office.tick()
    tries = []
    for _ in range(80):
        with office.database.reading() as session:
            (delivery,) = query.deliveries(session)
        if delivery.state != "waiting":
            break
        tries.append((delivery.try_at - office.watch()).total_seconds())
        office.watch.now = delivery.try_at
        office.tick()
    assert tries[:4] == [10, 20, 40, 80]
    assert max(tries) == 600
    assert delivery.state == "failed"
    assert delivery.detail == "接收方关机"


def test_a_receiver_that_hangs_delays_no_other(office):
    ok, hangs = Pager("ok"), Pager("hangs")
    hangs.hanging = threading.Event()
    office.responder = office.start("one", hangs, ok)
    try:
        office.send(signal(1))
        until(lambda: ok.got, office)
        office.send(signal(2, fingerprint="other"))
        until(lambda: len(ok.got) == 2, office, seconds=1)
        assert hangs.got == []
    finally:
        hangs.hanging.set()
    until(lambda: len(hangs.got) == 2, office, seconds=1)


def test_whatever_a_receiver_throws_is_a_failed_try(office):
    def broken(notice):
        raise RuntimeError("接收方的内部错误")

    office.pager.send = broken
    office.send(signal(1))
    office.tick()
    with office.database.reading() as session:
        (delivery,) = query.deliveries(session)
    assert (delivery.state, delivery.detail) == ("waiting", "通知渠道出错：RuntimeError")


def test_only_one_responder_owns_the_tick(office):
    office.send(signal(1))
    second = office.start("two")
    assert office.tick() > 0
    office.send(signal(2, fingerprint="other"))
    assert second.step() == 0
    office.watch.forward(seconds=16)  # the first one is dead: its lease ran out
    assert second.step() > 0
    assert office.responder.step() == 0
    second.close()
    with office.database.reading() as session:
        assert lease.holder(session, "responder", now=office.watch()) is None
    assert office.responder._own()


def test_a_busy_database_loses_nothing(office, monkeypatch):
    office.send(signal(1))

    def busy(*_, **__):
        raise UnavailableError("数据库正被占用")

    with monkeypatch.context() as patch:
        patch.setattr(alert_growth, "absorb", busy)
        assert office.tick() == 0
    assert office.tick() > 0
    assert office.pager.keys == ["alert:1:yellow"]


def test_a_message_of_a_channel_that_is_gone_is_not_sent(office):
    office.send(signal(1))
    office.responder = office.start("one", Pager("new"))
    office.pager.down = True
    with office.database.transaction() as session:
        payload = {"channel": "old", "title": "t", "text": "t"}
        outbox.put(session, kind="test", key="k", payload=payload, due_at=NOON, now=NOON)
    office.tick()
    assert deliveries(office)["k"] == "not_sent"


def test_the_console_takes_every_notice():
    assert ConsoleNotifier().send(Notice(key="k", title="t", text="x")) == "已列入控制台通知"


class _Webhook(BaseHTTPRequestHandler):
    status = 200
    bodies: ClassVar[list[dict[str, str]]] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.append(json.loads(body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def webhook():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Webhook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    _Webhook.bodies.clear()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.filterwarnings("ignore:'imghdr'")
def test_apprise_sends_to_a_real_receiver_and_tells_a_refusal(webhook):
    allowed = Admitted(["127.0.0.1"], setting="x")
    notifier = AppriseNotifier(f"json://127.0.0.1:{webhook.server_port}", allowed=allowed)
    notice = Notice(key="k", title="塌陷", text="R1 剩余 10 分钟")
    webhook.RequestHandlerClass.status = 200
    assert notifier.send(notice) == "已交给接收地址"
    assert _Webhook.bodies[0]["title"] == "塌陷"
    assert _Webhook.bodies[0]["message"] == "R1 剩余 10 分钟\n编号 k"
    webhook.RequestHandlerClass.status = 503
    with pytest.raises(NotifyError, match="没有收下"):
        notifier.send(notice)


@pytest.mark.filterwarnings("ignore:'imghdr'")
def test_a_wrong_address_is_told_without_quoting_it():
    notifier = AppriseNotifier("nosuchservice://secret-token", allowed=Admitted(setting="x"))
    with pytest.raises(NotifyError) as caught:
        notifier.send(Notice(key="k", title="t", text="x"))
    assert caught.value.reason == "通知地址写法不对（一项只能写一个地址），请检查设置"
    assert not caught.value.retry
