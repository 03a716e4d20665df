"""P30, out: the receiver of docs/webhooks.md takes what we sign, and nothing else."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.receivers import receiving

from registry.addresses import Admitted
from responder.notify import Notice
from responder.webhook import WebhookNotifier, is_genuine

PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
SECRET = "一段随机文字"


def documented():
    """The receiver's check, exactly as the page prints it."""
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {"time": time}
    exec(compile(snippet, str(PAGE), "exec"), names)
    return names["is_genuine"]


@pytest.mark.promise("P30")
def test_what_we_send_is_genuine_and_every_change_of_it_is_not(figure):
    check = documented()
    now = datetime.now(UTC)
    with receiving() as receiver:
        allowed = Admitted(["127.0.0.1"], setting="x")
        for at in (now, now - timedelta(minutes=6), now + timedelta(minutes=6)):
            WebhookNotifier(
                "oa", receiver.url, secret=SECRET.encode(), clock=lambda at=at: at, allowed=allowed
            ).send(Notice(key="k", title="塌陷", text="剩余 10 分钟"))
    headers, body = receiver.headers[0], receiver.bodies[0]
    assert check(SECRET, headers, body)
    assert headers["Idempotency-Key"] == "k"
    refused = 0
    for old in (1, 2):  # signed well, but outside of the replay window
        assert not check(SECRET, receiver.headers[old], receiver.bodies[old])
        refused += 1
    wrong = [("另一把密钥", headers, body), (SECRET, {}, body), (SECRET, headers, b"")]
    stamp = headers["X-Yuqing-Timestamp"]
    for name, value in (
        ("X-Yuqing-Timestamp", str(int(stamp) + 1)),
        ("X-Yuqing-Timestamp", "soon"),
        ("X-Yuqing-Timestamp", "-1"),
        ("X-Yuqing-Signature", headers["X-Yuqing-Signature"][:-1]),
        ("X-Yuqing-Signature", headers["X-Yuqing-Signature"].upper()),
        ("X-Yuqing-Signature", ""),
    ):
        wrong.append((SECRET, {**headers, name: value}, body))
    flipped = (
        body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :] for place in range(len(body))
    )
    wrong += [(SECRET, headers, one) for one in flipped]
    for secret, given, said in wrong:
        assert not check(secret, given, said)
        ours = (given.get("X-Yuqing-Timestamp", ""), said, given.get("X-Yuqing-Signature", ""))
        assert not is_genuine(secret.encode(), *ours, now=now)
        refused += 1
    figure(f"1 genuine taken, {refused} forged, changed or old refused")
