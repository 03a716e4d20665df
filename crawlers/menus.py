"""What on a page is a menu's entry or a footer's, and no article: by its address and its label."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_LIST_NAME: Final = re.compile(
    r"^(?:lists?|more|channels?|col(?:umn)?s?|lanmu|class(?:es)?|categor(?:y|ies)|cat|sort|type|"
    r"node_|forum-|board|section|menu)[\d_-]{0,30}(?:\.[a-z]{2,5})?$",
    re.IGNORECASE,
)
_LIST_FOLDER: Final = re.compile(
    r"^(?:lists?|channels?|col(?:umn)?s?|lanmu|categor(?:y|ies)|class)$", re.IGNORECASE
)
_INDEX: Final = re.compile(
    r"^(?:index|default|home|main)(?:[_-]?\d{0,4})?\.[a-z]{2,5}$", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"^\d{1,12}\.[a-z]{2,5}$", re.IGNORECASE)
_DATED: Final = re.compile(
    r"/(?:19|20)\d\d(?:[-/]?\d\d)?(?:/|$)|/(?:p|a|art|article|post|detail|content)s?/|\d{6,}",
    re.IGNORECASE,
)
_ARTICLE_KEY: Final = re.compile(
    r"(?:^|&)(?:id|[atnp]id|\w{0,12}(?:article|news|info|content|doc|post|thread)_?id|no|p)=",
    re.IGNORECASE,
)
_LIST_KEY: Final = re.compile(
    r"(?:^|&)(?:f|c|cat|class|type|col(?:umn)?|channel|sort|lm|board|menu)_?id=", re.IGNORECASE
)
_SERVICE: Final = re.compile(
    r"ICP[备證证]|公网安备|网站标识码|^网站(?:地图|导航|声明|帮助|概况|管理|标识)|"
    r"^关于(?:我们|本站|本网站?)|^(?:隐私|版权|免责|法律)(?:保护|声明|政策|条款|说明)|"
    r"^联系(?:我们|方式|电话)|无障碍(?:浏览|阅读|版|辅助)|长者(?:模式|版|专区)|适老(?:化|版)|"
    r"^(?:设为首页|加入收藏|使用帮助|我要纠错|意见反馈|智能问答|站内搜索)|^政府网站找错"
)
_SERVICE_LENGTH: Final = 16  # "关于本网站改版的公告（第二次征求意见）" is a headline


def site_service(title: str) -> bool:
    """Whether a label is one of those at every site's edges: record number, site map, help."""
    if re.search("ICP[备證证]|公网安备", title):
        return len(title) < _SERVICE_LENGTH * 2
    return len(title) <= _SERVICE_LENGTH and _SERVICE.search(title) is not None


def leads_to_list(url: str) -> bool:
    """Whether an address looks like a folder's front page or another list, not like an article."""
    parts = urlsplit(url)
    folder, _, name = parts.path.rpartition("/")
    above = folder.rpartition("/")[2]
    if _LIST_NAME.match(name) or (_LIST_FOLDER.match(above) and _NUMBER.match(name)):
        return True
    if _ARTICLE_KEY.search(parts.query):
        return False
    if _LIST_KEY.search(parts.query):
        return True
    if not name or _INDEX.match(name):
        return _LIST_NAME.match(above) is not None or (
            not parts.query and _DATED.search(parts.path) is None
        )
    return False
