"""Bytes to text, for pages whose declared encoding is often wrong.

What a page says of itself (HTTP charset, meta charset, XML declaration) is a hint only. Every
candidate is decoded and judged by how common its Chinese characters are: text that was decoded
with the wrong table is made of rare ones.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from contextlib import suppress
from functools import cache
from typing import Final

from msgspec import Struct

_SAMPLE_BYTES: Final = 24_000
_HEAD_BYTES: Final = 4_096
_GOOD: Final = 0.45  # a share of common characters that only a right table reaches
_HINT_BONUS: Final = 0.08
_FEW_BYTES: Final = 24  # below this, valid UTF-8 may still be GBK by chance

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_HTTP_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.+-]{2,40})", re.IGNORECASE)
_META_CHARSET: Final = re.compile(
    rb"<meta[^>]{0,300}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9_:.+-]{2,40})",
    re.IGNORECASE,
)
_XML_ENCODING: Final = re.compile(
    rb"^\s{0,99}<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9_:.+-]{2,40})[\"']"
)
# A run of bytes that no ASCII text has; second bytes of GBK and Big5 may be ASCII letters.
_RUN: Final = re.compile(rb"(?:[\x80-\xff][\x30-\xff]?){1,2000}")

_ALIASES: Final = {
    "gb2312": "gb18030",
    "gb_2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gb2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "windows-936": "gb18030",
    "euc-cn": "gb18030",
    "x-euc-cn": "gb18030",
    "chinese": "gb18030",
    "gb18030-2000": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5",
    "big5-hkscs": "big5",
    "big5hkscs": "big5",
    "cn-big5": "big5",
    "x-x-big5": "big5",
    "cp950": "big5",
    "utf8": "utf-8",
    "utf-8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
}
# Big5 is three tables: the standard, Microsoft's, and the one with the Hong Kong characters.
_CODECS: Final = {"big5": ("big5", "cp950", "big5hkscs")}

# The most frequent characters of running text, simplified and traditional, and what pages say.
_FREQUENT: Final = (
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之"
    "都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名"
    "法间知世什两次使身者被高已亲其进此话常与活正感见明问力理尔点文几定本公特做外孩相西果走将月十实向声车全信重三机工物气"
    "每并别真打太新比才便夫再书部水像眼等体却加电主界门利海受听表德少克代员许先口由死安写性马光白或住难望教命花结乐色更拉"
    "东神记处让母父应直字场平报友关放至张认接告入笑内英军候民岁往何度山觉路带万男边风解叫任金快原吃妈变通师立象数四失满战"
    "远格士音轻目条呢病始达深完今提求清王化空业思切怎非找片罗钱语元喜曾离飞科言干流欢约各即指合反题必该论交终林请医晚制球"
    "决传画保读运及则房早院量苦火布品近坐产答星精视五连司巴奇管类未朋且婚台夜青北队久乎越观落尽形影红爸百令周吧识步希亚术"
    "留市半热送兴造谈容极随演收首根讲整式取照办强石古华拿计您装似足双妻尼转诉米称丽客南领节衣站黑刻统断福城故历惊脸选包紧"
    "争另建维绝树系伤示愿持千史谁准联妇纪基买志静阿诗独复痛消社算义竟确酒需单治卡幸兰念举仅钟怕共毛句息功官待究跟穿室易游"
    "程号居考突皮哪费倒价图具刚脑永歌响商礼细专黄块脚味灵改据般破引食仍存众注笔甚某沉血备习校默务土微娘须试怀料调广苏显赛"
    "查密议底列富梦错座参八除跑亮假印设线温虽掉京初养香停际致阳纸李纳验助激够严证帝饭忘趣支春集丈木研班普导顿睡展跳获艺六"
    "波察群皇段急庭创区奥器谢弟店否害草排背止组州朝封睛板角况曲馆育忙质河续哥呼若推境遇雨标姐充围案伦护冷警贝著雪索剧啊船"
    "险烟依斗值帮汉慢佛肯闻唱沙局伯族低玩资屋击速顾泪洲团圣旁堂兵七露园牛哭旅街劳型烈姑陈莫鱼异抱宝权鲁简态级票怪寻杀律胜"
    "份汽右洋范床舞秘午登楼贵吸责例追较职属渐左录丝牙党继托赶章智冲叶胡吉卖坚喝肉遗救修松临藏担戏善卫药悲敢靠伊村戴词森耳"
    "差短祖云规窗散迷油旧适乡架恩投弹铁博雷府压超负勒杂醒洗采毫嘴毕九冰既状乱景席珍童顶派素脱农疑练野按犯拍征坏骨余承置彩"
    "灯巨琴免环姆暗换技翻束增忍餐洛塞缺忆判欧层付阵玛批岛项狗休懂武革良恶恋委拥娜妙探呀营退摇弄桌熟诺宣银势奖宫忽套康供优"
    "课鸟喊降夏困刘罪亡鞋健模败伴守挥鲜财孤枪禁恐伙杰迹妹遍盖副坦牌江顺秋萨菜划授归浪凡预奶雄升编典袋莱含盛济蒙棋端腿招释"
    "介烧误網頁關於說會過對開時這們為來國個學無發點問間體實現經當還後處應長東書車馬門見親進話氣員與業電機動報記將樣從種總頭"
    "認讓聽給師張萬邊傳愛歡樂線類變題數選設計論議請讀語訊視觀覺華義務條極樓歷歲滿漢灣熱燈獨獲產畫異療發盡監盤眾著礎禮種稱積"
    "穩窮競筆節範簡約紅級終結統絕維編緊縣總織續羅聯職脫腦臺舉興舊藝節蘭號衛術裝製複規視親計討訓許訴診詞試詩話該詳誌認誤說誰"
    "課調談請論諸證識譯護讀變財責貨買費質資賣賽趕車軍軟較載輕輸辦農達運違遠適選遺還邊郵鄉醫釋裡鐵錄錢錯鏡長門開間關隊陽際隨"
    "險雖雙雜難雲電靜響頁頂項順須預頭題類顯風飛飯館馬駕驗驚體髮鬥魚鮮鳥麗麼點黨齊龍您哪"
)
_PUNCTUATION: Final = "，。、；：？！“”‘’（）《》〈〉【】「」『』…—·～　％－／０１２３４５６７８９"


class Decoded(Struct, frozen=True):
    """Text and the name of the table it was read with.

    ``encoding`` is ``utf-8``, ``gb18030`` (for all that is declared GB2312, GBK or GB18030),
    ``big5`` (with the Hong Kong characters), or a Python codec's name. Pure ASCII is ``utf-8``.
    """

    text: str
    encoding: str


def decode(data: bytes, content_type: str | None = None) -> Decoded:
    """Read ``data`` as text; ``content_type`` is the HTTP header's value, if there was one.

    Never raises. Broken bytes become U+FFFD. The time is linear in the size: candidates are
    judged on a sample of at most 24 kB of non-ASCII bytes.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return Decoded(_read(data[len(bom) :], encoding), encoding)
    if data.isascii() and b"\x00" not in data:
        return Decoded(data.decode("ascii"), "utf-8")
    wide = _wide(data)
    if wide is not None:
        return Decoded(_read(data, wide), wide)
    hints = hinted(data, content_type)
    text = _strict(data, "utf-8")
    if text is not None and not _by_chance(data, hints):
        return Decoded(text, "utf-8")
    encoding = _judge(data, hints)
    return Decoded(_read(data, encoding), encoding)


def hinted(data: bytes, content_type: str | None) -> list[str]:
    """What the header, the XML declaration and the meta element claim, in this order, resolved."""
    head = data[:_HEAD_BYTES]
    claims: list[str] = []
    if content_type and (match := _HTTP_CHARSET.search(content_type[:300])):
        claims.append(match.group(1))
    found = (pattern.search(head) for pattern in (_XML_ENCODING, _META_CHARSET))
    claims.extend(match.group(1).decode("ascii") for match in found if match)
    resolved = (_resolve(claim) for claim in claims)
    return list(dict.fromkeys(name for name in resolved if name))


def _resolve(claim: str) -> str | None:
    name = claim.strip().lower()
    if name in _ALIASES:
        return _ALIASES[name]
    try:
        b"a".decode(name)  # refuses base64, zip and their kind, which are no text tables
        found = codecs.lookup(name).name
    except (LookupError, UnicodeError, TypeError, ValueError):
        return None
    return _ALIASES.get(found, found)


def _read(data: bytes, encoding: str) -> str:
    tables = _CODECS.get(encoding, (encoding,))
    for table in tables[:-1]:
        with suppress(UnicodeError):
            return data.decode(table)
    return data.decode(tables[-1], "replace")


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(_CODECS.get(encoding, (encoding,))[-1])
    except UnicodeError:
        return None


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: markup in it has a NUL beside every ASCII character."""
    head = data[:_HEAD_BYTES]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(len(head) // 2, 1)
    for near, far, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if near / half > 0.2 and far / half < 0.02:  # noqa: PLR2004
            return name
    return None


def _sample(data: bytes) -> bytes:
    parts: list[bytes] = []
    size = 0
    for match in _RUN.finditer(data):
        parts.append(match.group())
        size += len(parts[-1]) + 1
        if size >= _SAMPLE_BYTES:
            break
    return b"\n".join(parts)


def _by_chance(data: bytes, hints: list[str]) -> bool:
    """Whether so few bytes are valid UTF-8 that a hint to another table weighs more."""
    if not hints or hints[0] == "utf-8":
        return False
    sample = _sample(data)
    if len(sample) > _FEW_BYTES:
        return False
    other = _strict(data, hints[0])
    return other is not None and _plausibility(sample, hints[0]) > _plausibility(sample, "utf-8")


def _judge(data: bytes, hints: list[str]) -> str:
    sample = _sample(data)
    scores: dict[str, float] = {}
    for name in ("gb18030", "utf-8", "big5"):
        bonus = _HINT_BONUS if name in hints else 0.0
        scores[name] = _plausibility(sample, name) + bonus
    best = max(scores, key=scores.__getitem__)
    if scores[best] >= _GOOD:
        return best
    for hint in hints:
        if hint not in scores and hint != "iso8859-1" and _strict(data, hint) is not None:
            return hint
    if scores[best] > 0:
        return best
    return _last_resort(sample) or (hints[0] if hints else best)


def _last_resort(sample: bytes) -> str | None:
    """Ask charset-normalizer, which is slow, about the little that speaks for no Chinese table."""
    import charset_normalizer  # rarely needed, and it takes its time to load

    try:
        match = charset_normalizer.from_bytes(sample[:4_000]).best()
    except (UnicodeError, LookupError, ValueError):
        return None
    return _resolve(match.encoding) if match is not None else None


@cache
def _weights() -> dict[str, float]:
    """A weight per character: 1 for the frequent, less for the rarer, nothing for the rest."""
    weights: dict[str, float] = {}
    for high in range(0xB0, 0xD8):  # GB2312's first level: 3,755 characters of daily use
        for low in range(0xA1, 0xFF):
            weights[bytes((high, low)).decode("gb18030")] = 0.6
    for high in range(0xA4, 0xC7):  # Big5's first level: 5,401
        for low in (*range(0x40, 0x7F), *range(0xA1, 0xFF)):
            weights.setdefault(bytes((high, low)).decode("big5", "ignore"), 0.45)
    weights |= dict.fromkeys(_PUNCTUATION, 0.8)
    weights |= dict.fromkeys(_FREQUENT, 1.0)
    weights["�"] = -2.0
    weights.pop("", None)
    return weights


def _plausibility(sample: bytes, encoding: str) -> float:
    """Mean weight of the characters outside ASCII; about .85 for Chinese, under .3 for noise."""
    counts = Counter(_read(sample, encoding))
    weights = _weights()
    total = 0
    score = 0.0
    for char, count in counts.items():
        if char < "\x80":
            continue
        total += count
        score += count * weights.get(char, -0.3)
    return score / total if total else 0.0
