"""The adapters against real receivers: signed, guarded, bounded in time."""

import json
import logging
import os
import stat
import time
from pathlib import Path

import pytest
from support.receivers import receiving
from support.responder import NOON

from registry.addresses import Admitted
from responder.command import CommandNotifier
from responder.notify import Notice, NotifyError
from responder.sms import SmsNotifier
from responder.webhook import WebhookNotifier

NOTICE = Notice(key="7:R1:0:90:oa", keys=("7:R1:0:90",), title="塌陷", text="R1 剩余 10 分钟")
LOOPBACK = Admitted(["127.0.0.1"], setting="respond.allow_private")
PHONE = "13800138000"


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


def webhook(receiver, **given):
    options = {"secret": b"k", "clock": lambda: NOON, "allowed": LOOPBACK, "timeout_s": 1.0}
    return WebhookNotifier("oa", receiver.url, **{**options, **given})


def sms(receiver, **given):
    options = {
        "phones": [PHONE],
        "template": "T1",
        "secret": b"k",
        "clock": lambda: NOON,
        "allowed": LOOPBACK,
    }
    return SmsNotifier("sms", receiver.url, **{**options, **given})


def program(folder: Path, text: str) -> list[str]:
    file = folder / "told"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return [str(file)]


class TestWebhook:
    def test_it_names_key_and_text(self, receiver):
        assert webhook(receiver).send(NOTICE) == "接收方答复 HTTP 200"
        assert receiver.got[0]["keys"] == ["7:R1:0:90"]
        assert receiver.headers[0]["Idempotency-Key"] == "7:R1:0:90:oa"

    @pytest.mark.parametrize(
        ("mood", "retry", "answered"),
        [
            ("refuse", False, True),
            ("broken", True, True),
            ("hang", True, False),
            ("reset", True, False),
            ("trickle", True, False),
            ("nonsense", True, False),
        ],
    )
    def test_bad_receivers_end_soon_and_plainly(self, receiver, mood, retry, answered):
        receiver.mood = mood
        began = time.monotonic()
        with pytest.raises(NotifyError) as caught:
            webhook(receiver, timeout_s=0.5).send(NOTICE)
        assert time.monotonic() - began < 15  # by itself each goes on for a minute
        assert (caught.value.retry, caught.value.answered) == (retry, answered)
        assert "hook" not in caught.value.reason

    def test_nobody_there(self):
        with receiving() as gone:
            pass
        with pytest.raises(NotifyError, match="连不上接收方"):
            webhook(gone).send(NOTICE)

    def test_the_inner_net_is_refused_unless_it_is_listed(self, receiver):
        with pytest.raises(NotifyError, match=r"respond\.allow_private") as caught:
            webhook(receiver, allowed=Admitted(setting="x")).send(NOTICE)
        assert not caught.value.retry
        assert receiver.tried == 0


class TestSms:
    def test_the_platform_gets_template_and_numbers_under_its_own_names(self, receiver):
        notifier = sms(receiver, fields={"phones": "mobile", "template": "tplId"}, sign="某某办")
        assert notifier.send(NOTICE) == "短信平台已收下，1 个号码"
        assert receiver.got == [
            {
                "mobile": [PHONE],
                "tplId": "T1",
                "sign_name": "某某办",
                "out_id": "7:R1:0:90:oa",
                "params": {"title": "塌陷", "text": "R1 剩余 10 分钟"},
            }
        ]
        assert receiver.headers[0]["X-Yuqing-Signature"].startswith("sha256=")

    def test_each_kind_of_notice_may_have_its_template(self, receiver):
        notifier = sms(receiver, templates={"alert": "T-A", "reminder": "T-R"})
        for keys in (("alert:3:red",), ("7:R1:0:90",), ("digest:1",), ("alert:3:red", "7:R1:0:90")):
            notifier.send(Notice(key=keys[0], keys=keys, title="t", text="x"))
        assert [got["template_id"] for got in receiver.got] == ["T-A", "T-R", "T1", "T1"]

    def test_an_answer_that_is_no_success_is_a_failure_without_a_number(self, receiver, caplog):
        caplog.set_level(logging.DEBUG)
        with pytest.raises(NotifyError, match="不是 JSON") as caught:
            sms(receiver, ok=("code", "0")).send(NOTICE)
        assert PHONE not in caught.value.reason + caplog.text


class TestCommand:
    def test_it_reads_the_notice_from_its_input_and_sees_no_secret(self, tmp_path, monkeypatch):
        monkeypatch.setenv("YUQING_SECRET", "s")
        got, seen = tmp_path / "got", tmp_path / "seen"
        argv = program(tmp_path, f"cat > {got}; env > {seen}")
        environment = {"PATH": os.environ["PATH"]}
        assert CommandNotifier("c", argv, environment=environment).send(NOTICE) == "本机命令已收下"
        assert json.loads(got.read_text())["keys"] == ["7:R1:0:90"]
        assert "YUQING" not in seen.read_text()

    def test_one_that_hangs_is_ended_with_its_children(self, tmp_path):
        pid = tmp_path / "pid"
        argv = program(tmp_path, f"sleep 60 & echo $! > {pid}; wait")
        environment = {"PATH": os.environ["PATH"]}
        with pytest.raises(NotifyError, match="没有结束"):
            CommandNotifier("c", argv, environment=environment, limit_s=0.5).send(NOTICE)
        state = Path(f"/proc/{pid.read_text().strip()}/stat")
        deadline = time.monotonic() + 60
        while state.exists() and state.read_text().split()[2] != "Z":
            assert time.monotonic() < deadline

    def test_failure_and_absence_are_told(self, tmp_path):
        with pytest.raises(NotifyError, match="状态 3"):
            CommandNotifier("c", program(tmp_path, "exit 3")).send(NOTICE)
        with pytest.raises(NotifyError, match="找不到或不能执行"):
            CommandNotifier("c", [str(tmp_path / "none")]).send(NOTICE)
