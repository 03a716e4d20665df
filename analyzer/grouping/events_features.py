"""What of a post tells its event from others: words, pairs of words (names), hashtags.

rjieba cuts the text. A name that its dictionary does not know falls into pieces; the pair of two
neighbouring pieces stands for it. What anonymising left behind (A市, A7县, ****) is a mark that
unrelated posts share, so it is taken away first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from operator import add

READ = 300
"""So many characters of a text are read: who reports says at the beginning what it is about."""

_TITLE, _TAG = 2, 8
_LONGEST_PAIR = 8
_LONGEST_WORD = 16

_MARKS = re.compile(
    r"[A-Z]\d{0,2}(?=[市区县州省])[市区县州省]|西地省|https?://[\w./?=&%#-]+|\*+"
    r"|(?://|回复)?@[^\s:：@]{1,30}[:：]?|\[[^\[\]]{1,8}\]|转发微博|网页链接|O网页链接"
)
_TAGS = re.compile(r"#([^#\n]{2,32})#")
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_SAYS_NOTHING = """
我们 你们 他们 它们 大家 没有 可以 这个 那个 这些 那些 就是 自己 现在 什么
因为 所以 但是 如果 已经 进行 问题 情况 领导 尊敬 您好 你好 希望 政府 相关
部门 有关 请问 请求 投诉 反映 咨询 举报 建议 回复 解决 居民 市民 群众 百姓
老百姓 本人 这样 怎么 为何 为什么 何时 一个 一下 一直 目前 时候 知道 谢谢 不能
不是 还是 还有 以及 并且 或者 而且 然后 其他 通过 对于 关于 根据 需要 应该
影响 严重 书记 市长 县长 局长 处理 今天 昨天 明天 今年 去年 真的 觉得 这么
那么 哈哈 哈哈哈 视频 微博 记者 报道 消息
"""
_EMPTY = frozenset(_SAYS_NOTHING.split())

_cut: list[Callable[[str], Sequence[str]]] = []


def features(title: str, text: str) -> dict[str, int]:
    """The features of a post with their weights, in halves; in no order of weight.

    Words of two characters and more count 2 in the text and 4 in the title, pairs half of that,
    a hashtag 8. Any text gives a result; an empty one gives none.
    """
    if not _cut:
        import rjieba  # only who cuts loads its dictionary: 30 ms and 40 MB

        _cut.append(rjieba.cut)
    body = _plain(text[: READ + 200])[:READ]
    head = _plain(title[:READ])
    words, pairs = _pieces(body)
    every = words + words + pairs
    if head and not body.startswith(head):
        words, pairs = _pieces(head)
        every += _TITLE * (words + words + pairs)
    if "#" in body or "#" in head:
        tags = ["#" + tag.strip().lower() for tag in _TAGS.findall(head + "\n" + body)]
        every += _TAG * tags
    return dict(Counter(every))


def _plain(text: str) -> str:
    """Full-width forms as ASCII, without marks. The whole of NFKC takes as long as the cutting."""
    if text.isascii():
        return _MARKS.sub(" ", text)
    whole = text.encode("utf-8", "replace").decode("utf-8")  # half a pair of code units is none
    return _MARKS.sub(" ", whole.translate(_HALF_WIDTH))


def _pieces(text: str) -> tuple[list[str], list[str]]:
    """The words of two characters and more, and the pairs of neighbours of up to eight.

    What is no letter ends a pair: it stands in the pair, which is then none.
    """
    pieces = [word for word in _cut[0](text) if word not in _EMPTY]
    words = [word for word in pieces if 1 < len(word) <= _LONGEST_WORD and word.isalpha()]
    pairs = [
        both
        for both in map(add, pieces, pieces[1:])
        if 2 < len(both) <= _LONGEST_PAIR and both.isalpha()  # noqa: PLR2004 (two are a word)
    ]
    return words, pairs
