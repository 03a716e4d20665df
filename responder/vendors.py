"""What the makers of group robots document (群机器人): how long, how often, and what "no" means.

They answer HTTP 200 whatever they think of a message, and put their refusal into the body. So an
answer is a success only where its code says so; anything else was not delivered.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from msgspec import Struct

from responder.lengths import Lengths

_MOST_DIGITS = 8  # of a code that is quoted: what is longer is none


class Vendor(Struct, frozen=True, kw_only=True):
    """A maker of robots. ``field`` of its answer is 0 for what was taken.

    ``lengths``: of a whole message, with some room for what carries it. ``words`` say what a code
    means; a code of ``never`` means that this very message will never be taken.
    """

    name: str
    schemes: frozenset[str]
    host: str
    field: str
    lengths: Lengths
    rate_per_min: int
    words: dict[int, str]
    never: frozenset[int] = frozenset()

    def refusal(self, body: bytes) -> tuple[str, bool]:
        """Why it did not take the message, and whether to try again; ("", True) where it did."""
        try:
            said = json.loads(body)
        except ValueError:
            said = None
        code = said.get(self.field) if isinstance(said, dict) else None
        if type(code) is not int:
            return f"{self.name}的答复读不懂，按没有收下处理", True
        if code == 0:
            return "", True
        shown = str(code) if len(str(code)) <= _MOST_DIGITS else "不明"
        means = f"，{self.words[code]}" if code in self.words else ""
        return f"{self.name}没有收下（{self.field} {shown}{means}）", code not in self.never


VENDORS = (
    Vendor(
        name="企业微信",
        schemes=frozenset({"wecombot"}),
        host="qyapi.weixin.qq.com",
        field="errcode",
        # A text is at most 2048 bytes of UTF-8; 20 messages a minute for each robot.
        lengths=Lengths(max_bytes=2048),
        rate_per_min=20,
        words={
            40008: "消息类型不对",
            40058: "参数不合要求，多半是内容过长",
            44004: "内容为空",
            45002: "内容过长",
            45009: "发得过于频繁，稍后再试",
            45033: "发得过于频繁，稍后再试",
            93000: "机器人地址无效，请核对 key",
            93004: "机器人已停用",
            93008: "机器人已被移出群聊",
        },
        never=frozenset({40008, 40058, 44004, 45002}),
    ),
    Vendor(
        name="钉钉",
        schemes=frozenset({"dingtalk"}),
        host="oapi.dingtalk.com",
        field="errcode",
        # A request is at most 20,000 bytes, and is sent with six bytes for each Chinese character;
        # more than 20 messages a minute close the robot for ten minutes.
        lengths=Lengths(max_bytes=19_000, escaped=True),
        rate_per_min=20,
        words={
            -1: "系统繁忙，稍后再试",
            40035: "缺少参数",
            43004: "请求格式不对",
            130101: "发得过于频繁，要停十分钟",
            300001: "access_token 无效，请核对",
            300005: "access_token 无效，请核对",
            310000: "没有通过安全设置，请核对关键词、加签密钥或 IP 名单",
            400013: "群已解散",
            400101: "access_token 不存在",
            400102: "机器人已停用",
            400106: "机器人不存在",
            410100: "发得过于频繁，稍后再试",
            460101: "内容过长",
        },
        never=frozenset({40035, 43004, 460101}),
    ),
    Vendor(
        name="飞书",
        schemes=frozenset({"feishu", "lark"}),
        host="open.feishu.cn",
        field="code",
        # A request is at most 20 KB, six bytes for each Chinese character; 100 messages a minute.
        lengths=Lengths(max_bytes=19_000, escaped=True),
        rate_per_min=100,
        words={
            9499: "请求格式不对，多半是内容过长",
            11232: "发得过于频繁，稍后再试",
            19001: "机器人地址无效，请核对 token",
            19021: "没有通过签名校验",
            19022: "本机 IP 不在机器人的名单里",
            19024: "内容里没有机器人要求的关键词",
        },
        never=frozenset({9499}),
    ),
)


def vendor_of(url: str) -> Vendor | None:
    """The maker that an apprise address, or the robot's own https address, leads to."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    for vendor in VENDORS:
        if parts.scheme.lower() in vendor.schemes or host == vendor.host:
            return vendor
    return None
