"""Group robots of 企业微信, 钉钉 and 飞书: what they answer in the body, and how long they read."""

import json

import pytest
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.wecombot import NotifyWeComBot
from support.receivers import receiving

from registry.addresses import Admitted
from responder.notify import AppriseNotifier, Notice, NotifyError
from responder.vendors import VENDORS, vendor_of

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
LOOPBACK = Admitted(["127.0.0.1"], setting="respond.allow_private")
ROBOTS = {
    "wecombot://key": (NotifyWeComBot, "errcode"),
    "dingtalk://token": (NotifyDingTalk, "errcode"),
    "feishu://token": (NotifyFeishu, "code"),
}
NOTICE = Notice(key="7:R1:0:90:oa", keys=("7:R1:0:90",), title="塌陷", text="R1 剩余 10 分钟")
LONG = Notice(
    key="bundle:1",
    keys=tuple(f"alert:{number}:orange" for number in range(20)),
    title="舆情台：20 条提醒",
    text="弄坝镇停水三天了没人管。" * 2000,
)


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


@pytest.fixture(params=ROBOTS)
def robot(request, receiver, monkeypatch):
    plugin, field = ROBOTS[request.param]
    monkeypatch.setattr(plugin, "notify_url", receiver.url)
    monkeypatch.setattr(plugin, "request_rate_per_sec", 0)
    notifier = AppriseNotifier(request.param, allowed=LOOPBACK, limit_s=1.0)
    return notifier, field, vendor_of(request.param)


def said(body) -> str:
    return body["content"]["text"] if "content" in body else body["text"]["content"]


def test_zero_is_taken(robot, receiver):
    notifier, field, vendor = robot
    receiver.says = json.dumps({field: 0, "errmsg": "ok"}).encode()
    assert notifier.send(NOTICE) == f"{vendor.name}已收下"
    assert said(receiver.got[0]).replace("\r", "") == ("塌陷\nR1 剩余 10 分钟\n编号 7:R1:0:90")


def test_a_200_with_a_code_in_its_body_was_not_delivered(robot, receiver):
    notifier, field, vendor = robot
    code = next(one for one in vendor.words if one not in vendor.never)
    receiver.says = json.dumps({field: code, "errmsg": "no, from ip 1.2.3.4"}).encode()
    with pytest.raises(NotifyError, match=f"{vendor.name}没有收下（{field} {code}，") as told:
        notifier.send(NOTICE)
    assert (told.value.retry, told.value.answered) == (True, True)
    assert "1.2.3.4" not in told.value.reason


def test_what_it_will_never_take_is_not_tried_again(robot, receiver):
    notifier, field, vendor = robot
    receiver.says = json.dumps({field: min(vendor.never)}).encode()
    with pytest.raises(NotifyError) as told:
        notifier.send(NOTICE)
    assert not told.value.retry


@pytest.mark.parametrize(
    "says", [b"", b"<html>login</html>", b"[]", b"{}", b'{"errcode":"0","code":"0"}', b"\xff\x00"]
)
def test_nonsense_is_no_success(robot, receiver, says):
    receiver.says = says
    with pytest.raises(NotifyError, match="按没有收下处理") as told:
        robot[0].send(NOTICE)
    assert told.value.retry


@pytest.mark.parametrize("mood", ["hang", "reset", "trickle", "nonsense", "broken", "endless"])
def test_bad_ones_come_to_an_end(robot, receiver, mood):
    receiver.mood = mood
    with pytest.raises(NotifyError) as told:
        robot[0].send(NOTICE)
    assert told.value.retry
    assert receiver.url not in told.value.reason


def test_a_long_message_is_cut_to_what_the_maker_documents(robot, receiver):
    notifier, field, vendor = robot
    receiver.says = json.dumps({field: 0}).encode()
    notifier.send(LONG)
    text = said(receiver.got[0])
    assert "…（全文见控制台）\n编号 alert:0:orange、" in text
    assert text.endswith("等 20 条")
    if vendor.name == "企业微信":
        assert 1900 < len(text.encode()) <= 2048
    else:
        assert 18_000 < len(receiver.bodies[0]) <= 20_000


def test_an_endless_answer_of_any_service_is_left_unread(receiver):
    receiver.mood = "endless"
    url = f"json://127.0.0.1:{receiver.port}"
    assert AppriseNotifier(url, allowed=LOOPBACK).send(NOTICE) == "已交给接收地址"


def test_an_answer_that_was_cut_off_is_no_success(receiver):
    receiver.mood = "trickle"  # from its first line on it says 200
    notifier = AppriseNotifier(f"json://127.0.0.1:{receiver.port}", allowed=LOOPBACK, limit_s=3.0)
    with pytest.raises(NotifyError, match="没有在 3 秒内答完"):
        notifier.send(NOTICE)


def test_makers_are_known_by_their_own_addresses_too():
    for url, name in {
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a": "企业微信",
        "https://oapi.dingtalk.com/robot/send?access_token=a": "钉钉",
        "https://open.feishu.cn/open-apis/bot/v2/hook/a": "飞书",
        "lark://a": "飞书",
    }.items():
        assert vendor_of(url).name == name
    assert vendor_of("mailto://a@example.com") is None
    assert vendor_of("http://[") is None
    assert len({vendor.name for vendor in VENDORS}) == 3
