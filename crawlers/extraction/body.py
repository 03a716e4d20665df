"""The running text of a page: the element whose lines hold the most prose and the least else.

Every line gets a weight: prose (long, with Chinese sentence marks) counts its characters, links
and short labels count against. The element with the largest sum wins, its ends are trimmed.
"""

# ruff: noqa: PLR2004  # weights and thresholds of a rule that was tuned on pages stand where they act

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from lxml import etree

from crawlers.bounds import MAX_BODY_CHARS
from crawlers.extraction.page import Line

_SAYING: Final = re.compile(r"\w|……")
_MARKS: Final = re.compile("[，。；！？、：”…]")
_STOPS: Final = re.compile("[。！？；…]")
_BOILER: Final = re.compile(
    "版权所有|版权声明|[©]|copyright|ICP备|ICP证|公网安备|相关(?:新闻|阅读|链接|文章|报道|专题)|"
    "延伸阅读|网友评论|发表评论|我要评论|查看评论|用户名|密码|匿名|上一[篇页条]|下一[篇页条]|打印|关闭窗口|加入收藏|"
    "转发|分享到|扫一扫|举报电话|技术支持|主办单位|承办|网站地图|联系我们|免责声明|推荐阅读|热门|排行|"
    "设为首页|返回顶部|责任编辑|powered by|trackback|纠错|建议使用|分[辨辩]率|标识码|邮编[:：]|"
    "邮政编码[:：]|地址[:：]|网站管理|经营许可证|许可证编?号|违法和不良信息",
    re.IGNORECASE,
)
_ASIDE: Final = re.compile(
    r"comment|reply|footer|copyright|sidebar|related|relate|recommend|nav\b|menu|breadcrumb|"
    r"pinglun|share|hot(?:news|list)|foot\b|bottom"
)
_BYLINE: Final = re.compile(
    r"\d{4}[-年/.]\s?\d{1,2}[-月/.]\s?\d{1,2}|^(?:来源|作者|记者|责任?编辑|发布|时间|日期|浏览|阅读|点击|"
    r"字号|字体|【|\[|分享|访问|稿件来源|文章来源|信息来源|索引号|发文)|^(?:https?://|www\.)"
)
_STAMP: Final = re.compile(
    r"(?:19|20)\d\d\s?[-/年.]\s?\d{1,2}\s?[-/月.]\s?\d{1,2}日?[\s,T]{0,3}\d{1,2}[:：]\d{2}"
)
_NOTICE: Final = re.compile(
    "版权与|凡本网|凡注明|本网站?声明|(?:免责|版权)声明[:：]|转载申请|^※|"
    "未经.{0,12}(?:授权|许可|同意|允许).{0,8}(?:转载|复制|使用|镜像|不得)"
)
_NOTICE_HEAD: Final = re.compile(
    "声明|侵权公告|相关(?:新闻|阅读|链接|报道|专题)|延伸阅读|网友评论|发表评论"
)
# A row of the index that stands above a document of an authority.
_INDEX: Final = re.compile(
    r"^(?:索\s?引\s?号|(?:发文|发布|公开|制作|责任)(?:机关|机构|单位|部门)|(?:成文|发文|发布|公开|生成|废止|失效|生效)(?:日期|时间)|"
    r"(?:发文)?(?:字|文)\s?号|(?:信息|文件)?名\s?称|标\s?题|(?:主题|组配|体裁|信息|服务对象)(?:分类|词)|有\s?效\s?性|公开(?:方式|范围|时限|属性|形式)|"
    r"统一登记号|关键词|信息来源)\s?[:：]"
)
_SIGNED: Final = re.compile(
    r"^(?:(?:19|20)\d{2}年\s?\d{1,2}月\s?\d{1,2}日|二[〇○零一二三四五六七八九]{3}年"
    r"[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日)$"
)
_OPEN: Final = re.compile(r"^[（(]此件.{0,12}[）)]$")
_LONG: Final = 25
_PROSE: Final = 15
_NO_BODY: Final = -20.0  # the weight of a notice or a form
_TABLE: Final = 12  # cells
_GAP: Final = 15  # lines that an advertisement may have
_ALIKE: Final = 30.0


def weigh(line: Line) -> float:
    """What one line speaks for (positive) or against (negative) being body text; about chars."""
    size = len(line.text)
    linked = min(line.linked, size)
    free = size - linked
    if linked > size * 0.5:
        return -float(min(size, 40)) - 4
    boiler = len(_BOILER.findall(line.text[:300]))
    said = _STOPS.search(line.text) is not None
    if (boiler and size < 60 and not said) or (boiler > 1 and size < 250):
        return -25.0
    marks = len(_MARKS.findall(line.text))
    if size < 80 and not said and _INDEX.match(line.text):
        return -6.0
    if _ASIDE.search(line.labels):
        free = int(free * 0.3)
    if marks and free >= _PROSE:
        return free + 3.0 * marks - linked
    if free >= _LONG:
        return free * 0.6 - linked
    return -6.0 if not marks else float(free) * 0.3


def find(lines: list[Line]) -> tuple[int, int] | None:
    """The range ``[first, last)`` of the lines of the body; None where no prose stands out."""
    weights = [weigh(line) for line in lines]
    sums: dict[etree._Element, float] = {}
    firsts: dict[etree._Element, int] = {}
    lasts: dict[etree._Element, int] = {}
    for line, weight in zip(lines, weights, strict=True):
        node: etree._Element | None = line.node
        while node is not None:
            sums[node] = sums.get(node, 0.0) + weight
            firsts.setdefault(node, line.index)
            lasts[node] = line.index
            node = node.getparent()
    if not sums:
        return None
    # Insertion runs from the deepest outwards, so that among equals the deepest wins.
    best = max(sums, key=sums.__getitem__)
    span = _trim(weights, firsts[best], lasts[best] + 1)
    if span is None:
        return None
    within = firsts[best], lasts[best] + 1
    span = _with_signature(lines, _with_alike(lines, weights, span, within))
    return _with_table(lines, span)


def _trim(weights: list[float], first: int, last: int) -> tuple[int, int] | None:
    """The run with the largest sum in ``[first, last)``."""
    best, begin, end = 0.0, first, first
    run, start = 0.0, first
    for index in range(first, last):
        run += weights[index]
        if run <= 0:
            run, start = 0.0, index + 1
        elif run > best:
            best, begin, end = run, start, index + 1
    return (begin, end) if end > begin else None


def _byline(line: Line) -> bool:
    """Whether a line tells date, source or author and is no sentence."""
    text = line.text
    if len(text) > 80 or _STOPS.search(text):
        return False
    return _BYLINE.search(text) is not None


def _without_byline(lines: list[Line]) -> list[Line]:
    """Without the short lines with date, source and author before the first paragraph."""
    first = 0
    for line in lines[:8]:
        if not (_byline(line) or line.linked > len(line.text) * 0.5):
            break
        first += 1
    return lines[first:]


def _with_alike(
    lines: list[Line], weights: list[float], span: tuple[int, int], within: tuple[int, int]
) -> tuple[int, int]:
    """With paragraphs of the same class that an advertisement cuts off from the others."""
    first, last = span
    sizes: Counter[str] = Counter()
    for index in range(first, last):
        if weights[index] > 0:
            sizes[lines[index].labels] += len(lines[index].text)
    kind = max(sizes, key=sizes.__getitem__, default="")
    if not kind:
        return span
    for index in range(first - 1, max(within[0], span[0] - _GAP) - 1, -1):
        if weights[index] >= _ALIKE and lines[index].labels == kind:
            first = index
    for index in range(last, min(within[1], span[1] + _GAP)):
        if weights[index] >= _ALIKE and lines[index].labels == kind:
            last = index + 1
    return first, last


def _with_table(lines: list[Line], span: tuple[int, int]) -> tuple[int, int]:
    """With the long table of short cells (a list of posts, prices, candidates) that follows."""
    end = span[1]
    for line in lines[span[1] :]:
        if line.linked or _BOILER.search(line.text) or _ASIDE.search(line.labels):
            break
        end = line.index + 1
    return (span[0], end) if end - span[1] >= _TABLE else span


def _with_signature(lines: list[Line], span: tuple[int, int]) -> tuple[int, int]:
    """With who signed a document, and the day alone on its line, just below its last paragraph."""
    last = lines[span[1] - 1].node
    frames = (last, last.getparent())
    for line in lines[span[1] : span[1] + 5]:
        signed = _SIGNED.match(line.text) is not None
        apart = line.linked or line.heading or len(line.text) > 40 or _ASIDE.search(line.labels)
        same = line.node in frames or line.node.getparent() in frames
        if apart or not same or weigh(line) <= _NO_BODY or (_byline(line) and not signed):
            break
        if signed:
            end = line.index + 1
            opened = end < len(lines) and _OPEN.match(lines[end].text)
            return span[0], end + 1 if opened else end
    return span


def sound(lines: list[Line], span: tuple[int, int], headline: int | None) -> bool:
    """Whether a range is an article's text: enough prose, or some of it close to a headline."""
    first, last = span
    prose = [line.text for line in lines[first:last] if weigh(line) > 0]
    size = sum(len(text) for text in prose)
    if size >= 200 or (size >= 60 and any(_STOPS.search(text) for text in prose)):
        return True
    return headline is not None and headline < last and first - headline <= 12


def short(lines: list[Line], headline: int) -> tuple[int, int] | None:
    """The few words below a headline, such as a short post of a forum; None if there are none."""
    first = headline + 1
    for line in lines[first : first + 6]:
        if not _byline(line):
            break
        first = line.index + 1
    last = first
    for line in lines[first : first + 30]:
        apart = line.linked or line.heading or _byline(line) or _ASIDE.search(line.labels)
        if apart or weigh(line) <= _NO_BODY:
            break
        last = line.index + 1
    said = "".join(line.text for line in lines[first:last])
    enough = len(said) >= 15 or (len(said) >= 6 and _MARKS.search(said) is not None)
    return (first, last) if enough else None


def first_post(lines: list[Line], span: tuple[int, int]) -> tuple[int, int]:
    """Only the first post where several follow one another, each with its own date and time."""
    first, last = span
    stamps = [
        line.index
        for line in lines[first:last]
        if len(line.text) <= 90 and _STAMP.search(line.text)
    ]
    if len(stamps) < 2:
        return span
    before = sum(len(line.text) for line in lines[first : stamps[0]] if weigh(line) > 0)
    if before >= 60:  # the date stands below its post, or only answers have one
        return first, stamps[0]
    if stamps[1] > stamps[0] + 1:
        return first, stamps[1]
    return span


def _without_notices(lines: list[Line]) -> list[Line]:
    """Without the publisher's notices on rights after the text."""
    total = sum(len(line.text) for line in lines)
    seen = 0
    for index, line in enumerate(lines):
        notice = _NOTICE.search(line.text[:60])
        if len(line.text) <= 20 and not _STOPS.search(line.text):
            notice = notice or _NOTICE_HEAD.search(line.text)
        if notice and seen > total * 0.3:
            return lines[:index]
        seen += len(line.text)
    return lines


def text(lines: list[Line], span: tuple[int, int], headline: int | None) -> str:
    """The body's lines, one paragraph a line, without headline, by-line, comments and notices."""
    first, last = span
    if headline is not None and first <= headline < first + (last - first) * 0.5:
        first = headline + 1
    kept = lines[first:last]
    kept = _without_notices(_without_byline(kept))
    parts = [
        line.text
        for line in kept
        if (not line.linked or line.linked < len(line.text) * 0.9) and _SAYING.search(line.text)
    ]
    return "\n".join(parts)[:MAX_BODY_CHARS]
