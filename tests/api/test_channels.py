"""通知渠道 on the desk and in the API: how each fares, the test button, a clock that is wrong."""

from datetime import timedelta

from support.api import BROWSER, START, MadeDesk

from registry import channels, clock_skew, outbox
from registry.users import Role


def announce(desk: MadeDesk) -> None:
    with desk.database.transaction() as session:
        channels.announce(session, {"console": "console", "oa": "webhook"}, now=START)


def test_each_channel_with_its_state(desk: MadeDesk):
    announce(desk)
    with desk.database.transaction() as session:
        for _ in range(2):
            channels.report(session, "oa", failure="连不上接收方", now=START)
    client = desk.client(Role.DUTY_OFFICER)
    (_, oa) = client.get("/api/v1/channels").json()["items"]
    assert (oa["name"], oa["state"], oa["failures"]) == ("oa", "failing", 2)
    page = client.get("/").text
    assert "通知渠道“oa”发不出。" in page
    assert "连续 2 次没有送达；连不上接收方" in page


def test_a_test_message_goes_the_way_of_every_notice(desk: MadeDesk):
    announce(desk)
    client = desk.client(Role.DUTY_OFFICER)
    answer = client.post("/api/v1/channels/oa/test", headers=BROWSER)
    assert answer.status_code == 202
    with desk.database.reading() as session:
        (message,) = outbox.due(session, now=START + timedelta(seconds=1), channel="oa")
    assert message.key == answer.json()["key"]
    assert "【测试】" in message.payload["text"]
    assert client.post("/api/v1/channels/none/test", headers=BROWSER).status_code == 404
    assert desk.client(Role.AUDITOR).post(
        "/api/v1/channels/oa/test", headers=BROWSER
    ).status_code == 403  # fmt: skip


def test_the_button_is_a_plain_form(desk: MadeDesk):
    announce(desk)
    client = desk.client(Role.DUTY_OFFICER)
    assert 'action="/channels/test"' in client.get("/").text
    assert 'action="/channels/test"' not in desk.client(Role.AUDITOR).get("/").text
    done = client.post("/channels/test", data={"channel": "oa"}, headers=BROWSER)
    assert done.status_code == 303
    assert "测试消息已交发" in client.get(done.headers["Location"]).text
    wrong = client.post("/channels/test", data={"channel": "x"}, headers=BROWSER)
    assert wrong.status_code == 404
    assert "没有名为“x”的通知渠道。已有：console、oa。" in wrong.text


def test_the_log_of_a_notice_tells_every_try(desk: MadeDesk):
    announce(desk)
    with desk.database.transaction() as session:
        channels.try_out(session, "oa", by="张三", now=START)
        outbox.failed(session, 1, now=START, reason="没有答复", retry_at=START)
        outbox.sent(session, 1, now=START, detail="HTTP 200")
    events = desk.client(Role.ANALYST).get("/api/v1/notices/1/log").json()["items"]
    assert [(one["event"], one["detail"]) for one in events] == [
        ("failed", "没有答复"),
        ("sent", "HTTP 200"),
    ]


def test_a_wrong_clock_is_shown_in_red(desk: MadeDesk):
    client = desk.client(Role.ANALYST)
    for number in range(3):
        assert "本机时钟不准" not in client.get("/").text
        with desk.database.transaction() as session:
            offset = timedelta(seconds=90 + number)
            clock_skew.record(session, f"h{number}", offset=offset, now=START)
    assert "本机时钟比 3 个网站的时间快 91 秒" in client.get("/").text
