"""通知与升级: a notice is one line, with what became of it on each of its channels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from api.console.notices import told
from registry.outbox import Delivery

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def delivery(channel: str, state: str, detail: str = "", *, attempts: int = 1, about: str = "a"):
    return Delivery(
        id=1,
        kind="alert",
        key=f"{about}:{channel}",
        payload={"text": "停水", "alert": 3, "to": [{"name": "李四"}]},
        state=state,
        due_at=NOON,
        try_at=NOON,
        attempts=attempts,
        detail=detail,
        created_at=NOON,
        done_at=NOON + timedelta(seconds=9) if state == "sent" else None,
        channel=channel,
    )


def test_channels_of_one_outcome_stand_together_and_trouble_comes_first():
    (line,) = told(
        [
            delivery("oa", "sent", "接收方答复 HTTP 200"),
            delivery("console", "sent", "已列入控制台通知"),
            delivery("sms", "not_sent", "这个渠道不收橙色预警"),
            delivery("mail", "waiting", "连不上接收方", attempts=3),
            delivery("bot", "failed", "内容过长"),
        ]
    )
    assert line.result == (
        "bot 发送失败：内容过长；mail 第 3 次没有送到，会再试：连不上接收方；"
        "oa、控制台通知 已发送；sms 未发送：这个渠道不收橙色预警"
    )
    assert (line.subject, line.to, line.href) == ("停水", "李四", "/alerts/3")
    assert line.at == NOON + timedelta(seconds=9)


def test_one_channel_says_how_and_other_notices_are_other_lines():
    one, other = told(
        [delivery("oa", "sent", "接收方答复 HTTP 200"), delivery("oa", "waiting", about="b")]
    )
    assert one.result == "已发送：接收方答复 HTTP 200"
    assert other.result == "第 1 次没有送到，会再试"
