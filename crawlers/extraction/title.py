"""The headline: what the page shows and its title element (or og:title) confirms.

A heading alone may be the site's name, a title element alone carries the site's name with it. What
stands in both is the headline. Pages without a title element are judged by headings and class
names just before the body.
"""

# ruff: noqa: PLR2004  # weights and thresholds of a rule that was tuned on pages stand where they act

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from lxml import etree
from msgspec import Struct

from crawlers.bounds import MAX_TITLE_CHARS
from crawlers.extraction.page import Line, squeeze

_SEPARATOR: Final = re.compile(
    r"\s*[_|｜]+\s*|\s+[-–—‐>»:]{1,3}\s+|-{2,}|>{1,2}|::|(?<=[\u3000-\u9fff)）])\s?-\s?(?=[\u3000-\u9fff])"
)
_EDGES: Final = " \t-–—_|｜→>»«·•:：/※◆●■▲★☆→\xa0\u3000"
_PRIVATE: Final = re.compile("[\ue000-\uf8ff\ufffd]")  # GBK's private characters, broken bytes
_SITE: Final = re.compile(
    "(?:网|网站|论坛|社区|频道|首页|门户|博客|空间|在线|贴吧|日报|晚报|政府|委员会|官网|新闻中心)$"
)
_NAMED: Final = re.compile(
    r"title|headline|heading|subject|biaoti|\bbt\b|_bt\b|\btit\d{0,2}\b|\bh1\b"
)
_GENERIC: Final = re.compile(
    "^(?:导航|公告|通知公告|网站公告|最新公告|统计|评论|网友评论|留言|正文|首页|登录|注册|搜索|站内搜索|目录|相关.*|"
    "热门.*|推荐.*|最新.*|blog统计|关于.{0,4}|分类|存档|提示信息|.{0,6}排行.?)$",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(
    r"^(?:信件|来信|留言|诉求|问题|咨询|投诉|帖子|文章|信息)?\s?(?:标\s?题|主\s?题)\s?(?:[:：]\s?(?P<text>.{4,})|[:：]?$)"
)
_METAS: Final = ("articletitle", "og:title", "twitter:title", "headline", "article:title")
_SHORTEST: Final = 4
_ALONE: Final = 8  # a title element that nothing on the page confirms must say this much


class Headline(Struct, frozen=True):
    """The headline and the index of the (last) line that shows it; None where none does."""

    text: str
    line: int | None


def plain(text: str) -> str:
    """Letters, digits and Chinese characters only, in compatible form: for comparing."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).lower() if char.isalnum())


def find(root: etree._Element, lines: list[Line], body: tuple[int, int] | None) -> Headline | None:
    """The page's headline, or None where nothing on it is surely one."""
    claims = _claims(root)
    shown = [_shown(claim, lines, body) for claim in claims]
    best = max((item for item in shown if item), key=lambda item: item[0], default=None)
    if best is not None:
        return best[1]
    headed = _labelled(lines, body) or _headed(lines, body)
    if headed is not None:
        return headed
    for claim in claims:
        first = _strip(_segments(claim)[0])
        if len(plain(first)) >= _ALONE and not _SITE.search(first):
            return Headline(first[:MAX_TITLE_CHARS], None)
    return None


def _claims(root: etree._Element) -> list[str]:
    claims: list[str] = []
    for node in root.iter("meta"):
        name = (node.get("name") or node.get("property") or "").lower()
        if name in _METAS:
            claims.append(re.sub(r"<[^<>]{0,99}>", "", node.get("content") or ""))
    for node in root.iter("title"):
        claims.append("".join(str(text) for text in node.itertext()))
        break
    cleaned = (squeeze(claim)[:MAX_TITLE_CHARS] for claim in claims)
    return list(dict.fromkeys(claim for claim in cleaned if claim))


def _segments(claim: str) -> list[str]:
    return [part for part in _SEPARATOR.split(claim) if part and part.strip()] or [claim]


def _strip(text: str) -> str:
    return squeeze(_PRIVATE.sub("", text)).strip(_EDGES)


def _shown(
    claim: str, lines: list[Line], body: tuple[int, int] | None
) -> tuple[float, Headline] | None:
    """The best piece of the page that the claim confirms, with its score."""
    whole = plain(claim)
    if len(whole) < _SHORTEST:
        return None
    first = plain(_segments(claim)[0])
    best: tuple[float, Headline] | None = None
    for text, line, last in _pieces(lines, len(claim)):
        cut_short = bool(line.heading) and last == line.index
        score = _agreement(plain(text), whole, first, cut_short=cut_short)
        if score <= 0 or (score < 1 and _SITE.search(text)):
            continue
        if line.heading or _NAMED.search(line.labels):
            score += 0.2
        if body and line.index > body[0] + 3:
            score -= 0.3
        if best is None or score > best[0] + 1e-6:
            shown = text if last == line.index else _as_claimed(text, claim)
            best = score, Headline(shown[:MAX_TITLE_CHARS], last)
    if best is not None and len(plain(best[1].text)) * 2 < len(first) and len(first) >= _ALONE:
        return None  # only a fragment of what the title element says
    return best


def _as_claimed(text: str, claim: str) -> str:
    """A headline of several lines in the form in which the title element has it in one."""
    bare = plain(text)
    return next((part for part in map(_strip, _segments(claim)) if plain(part) == bare), text)


def _agreement(bare: str, whole: str, first: str, *, cut_short: bool) -> float:
    """How well a piece of the page and the title element say the same; 0 where they do not.

    ``first`` is the element's first part; with ``cut_short`` the piece may be its longer form.
    """
    if len(bare) < _SHORTEST:
        return 0.0
    if bare not in whole:
        longer = len(first) >= _ALONE and bare.startswith(first) and len(bare) <= len(first) * 3
        return 1.2 if cut_short and longer else 0.0
    share = len(bare) / len(whole)
    if whole.startswith(bare):
        return share + 0.2
    if whole.endswith(bare) and share < 0.6:  # the site's name
        return 0.0
    return share


def _pieces(lines: list[Line], longest: int) -> Iterator[tuple[str, Line, int]]:
    """Lines, their text nodes outside links, and neighbouring lines joined."""
    limit = longest * 3 + 20
    for line in lines:
        if len(line.text) > limit + 200:
            continue
        linked = line.linked > len(line.text) * 0.5
        if line.heading or not linked:
            yield _strip(line.text), line, line.index
        if len(line.parts) > 1 or linked:
            for text, inside in line.parts[:40]:
                if not inside:
                    yield _strip(text), line, line.index
        joined = line.text
        for other in lines[line.index + 1 : line.index + 3]:
            if linked or len(joined) > limit or other.linked:
                break
            joined = f"{joined} {other.text}"
            yield _strip(joined), line, other.index


def _labelled(lines: list[Line], body: tuple[int, int] | None) -> Headline | None:
    """What a form calls its title (信件标题), on the same line or in the next cell."""
    for line in lines[: body[0] + 2 if body else 60]:
        match = _LABEL.match(line.text[:MAX_TITLE_CHARS])
        if match is None:
            continue
        following = lines[line.index + 1] if line.index + 1 < len(lines) else None
        told, at = (match["text"], line.index) if match["text"] else (
            (following.text, following.index) if following and not following.linked else ("", 0)
        )  # fmt: skip
        text = _strip(told)
        if _SHORTEST <= len(plain(text)) <= 100 and not text.endswith(("：", ":")):
            return Headline(text[:MAX_TITLE_CHARS], at)
    return None


def _headed(lines: list[Line], body: tuple[int, int] | None) -> Headline | None:
    """Without a title element: the heading, or what is named so, just before the body."""
    if body is None:
        return None
    best: tuple[float, Headline] | None = None
    for line in lines[max(body[0] - 15, 0) : body[0] + 4]:
        text = _strip(line.text)
        size = len(plain(text))
        if not _SHORTEST <= size <= 60 or _GENERIC.match(text) or text.endswith("。"):
            continue
        score = {"h1": 3.0, "h2": 2.5, "h3": 1.5, "h4": 1.0}.get(line.heading, 0.0)
        if _NAMED.search(line.labels):
            score += 1.5
        if not score:
            continue
        score -= abs(line.index - body[0]) * 0.15
        if _SITE.search(text):
            score -= 1.5
        if best is None or score > best[0]:
            best = score, Headline(text, line.index)
    return best[1] if best and best[0] > 0 else None
