"""What of a post tells its event from others: words, pairs of words (names), hashtags.

rjieba cuts the text. A name that its dictionary does not know falls into pieces; the pair of two
neighbouring pieces stands for it. What anonymising left behind (A市, A7县, ****) is a mark that
unrelated posts share, so it is taken away first. Many posts are worked on at once with numpy:
pieces become numbers by one table, and a pair is known by the numbers of its two pieces.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer import word_list

READ = 300
"""So many characters of a text are read: who reports says at the beginning what it is about."""

LOOKED_AT = READ + 200
"""So many are looked at before marks are taken away; nothing beyond them counts."""

AT_ONCE = 512
"""More posts at once are no quicker."""

_WORD, _TAG = 2, 8
_LONGEST_PAIR = 8
_LONGEST_WORD = 16
_LEAST_PAIR = 2  # letters and more: two letters are a word
_BODY, _HEAD, _TAGS_OF = 1, 2, 0  # what a segment counts; 0: it has hashtags only
_MOST_PIECES = 43_000
_WHOLE = (1 << 64) - 1
_MIX = np.uint64(0xD6E8FEB86659FD93)
_ALL_BITS, _TERM_BITS = np.uint64(64), np.uint64(48)
_TERM_MASK = np.uint64((1 << 48) - 1)

_MARKS = re.compile(
    # The first character is one of a set, by which the search is quick; each branch looks back.
    r"[A-ZOh西*/回@\[转网](?:(?<=[A-Z])\d{0,2}[市区县州省]|(?<=西)地省|(?<=h)ttps?://[\w./?=&%#-]+"
    r"|(?<=\*)\**|(?<=/)/@[^\s:：@]{1,30}[:：]?|(?<=回)复@[^\s:：@]{1,30}[:：]?"
    r"|(?<=@)[^\s:：@]{1,30}[:：]?|(?<=\[)[^\[\]]{1,8}\]|(?<=转)发微博|(?<=网)页链接|(?<=O)网页链接)"
)
_HASHTAGS = re.compile(r"#([^#\n]{2,32})#")
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_FULL_WIDTH = re.compile("[０-９Ａ-Ｚａ-ｚ＃％＆＊＋－．／＝＠［］＿]")
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

Numbers = npt.NDArray[np.int64]
_cut: list[Callable[[str], Sequence[str]]] = []


class Terms(NamedTuple):
    """The terms of some posts, by post, then by term; no post has a term twice.

    ``term`` is the term as a number of 48 bits, ``weight`` counts it in halves, and ``spelling``
    at ``first``, with that at ``second`` where this is not -1, spells it.
    """

    posts: int
    post: Numbers
    term: Numbers
    weight: Numbers
    first: Numbers
    second: Numbers
    spelling: list[str]


class _Pieces(dict[str, int]):
    """The numbers of the pieces that were met; what is known of a piece stands at its number.

    ``sums`` and ``powers`` are those of a polynomial, so that the number of a pair is that of the
    word which the two would be. Bounded: beyond 43,000 all begins anew; terms stay the same.
    """

    base = 0x9E3779B97F4A7C15

    def __init__(self) -> None:
        self._begin()

    def tidy(self) -> None:
        """Begin anew where there are too many."""
        if len(self) > _MOST_PIECES:
            self.begin_anew()

    def begin_anew(self) -> None:
        """Hold no piece; what was spelt stays so for who holds it."""
        self.clear()
        self._begin()

    def __missing__(self, piece: str) -> int:
        number = self[piece] = len(self)
        if number == len(self.sums):
            self._grow()
        total, power = 0, 1
        for letter in piece:
            total = (total * self.base + ord(letter) + 1) & _WHOLE
            power = (power * self.base) & _WHOLE
        self.spelling.append(piece)
        self.sums[number], self.powers[number] = total, power
        self.lengths[number] = min(len(piece), _LONGEST_WORD + 1)
        self.letters[number] = piece.isalpha()
        self.empty[number] = piece in _EMPTY
        return number

    def _begin(self) -> None:
        size = 1 << 14
        self.spelling: list[str] = []
        self.sums = np.zeros(size, np.uint64)
        self.powers = np.zeros(size, np.uint64)
        self.lengths = np.zeros(size, np.int8)
        self.letters = np.zeros(size, np.bool_)
        self.empty = np.zeros(size, np.bool_)

    def _grow(self) -> None:
        self.sums = np.concatenate((self.sums, np.zeros_like(self.sums)))
        self.powers = np.concatenate((self.powers, np.zeros_like(self.powers)))
        self.lengths = np.concatenate((self.lengths, np.zeros_like(self.lengths)))
        self.letters = np.concatenate((self.letters, np.zeros_like(self.letters)))
        self.empty = np.concatenate((self.empty, np.zeros_like(self.empty)))


_known = _Pieces()


def terms_of(posts: Iterable[tuple[str, str]]) -> Terms:
    """The terms of posts given as (title, text), at most some thousand at once.

    Words of two characters and more count 2 in the text and 4 in the title, pairs half of that,
    a hashtag 8. Any text gives a result; an empty one has no terms.
    """
    _known.tidy()
    number_of = _known.__getitem__
    pieces = array("q")
    owners, counts, ends = array("q"), array("q"), array("q", [0])
    number = -1
    for number, (title, text) in enumerate(posts):
        body = plain(text[:LOOKED_AT])[:READ]
        head = plain(title[:READ]) if title else ""
        pieces.extend(map(number_of, _pieces(body)))
        owners.append(number)
        counts.append(_BODY)
        ends.append(len(pieces))
        if head and not body.startswith(head):
            pieces.extend(map(number_of, _pieces(head)))
            owners.append(number)
            counts.append(_HEAD)
            ends.append(len(pieces))
        if "#" in body or "#" in head:
            tags = _HASHTAGS.findall(head + "\n" + body)
            pieces.extend([number_of("#" + _sound(tag.strip().lower())) for tag in tags])
            owners.append(number)
            counts.append(_TAGS_OF)
            ends.append(len(pieces))
    segment = np.repeat(np.arange(len(owners)), np.diff(_numbers(ends)))
    return _counted(_numbers(pieces), segment, _numbers(owners), _numbers(counts), number + 1)


def _numbers(some: array[int]) -> Numbers:
    return np.frombuffer(some, np.int64) if some else np.zeros(0, np.int64)


def forget_pieces() -> None:
    """Give back what is held of the pieces that were met; terms stay the same."""
    _known.begin_anew()


def numbers_of(terms: Sequence[str]) -> Numbers:
    """The numbers of terms that are given spelt."""
    _known.tidy()
    pieces = np.fromiter(map(_known.__getitem__, terms), np.int64, len(terms))
    return (_mixed(_known.sums[pieces]) >> (_ALL_BITS - _TERM_BITS)).astype(np.int64)


def plain(text: str) -> str:
    """Full-width forms as ASCII, without marks. The whole of NFKC takes as long as the cutting."""
    if _FULL_WIDTH.search(text):
        text = text.translate(_HALF_WIDTH)
    return _MARKS.sub(" ", text)


def _pieces(text: str) -> Sequence[str]:
    if not _cut:
        # Only who cuts loads the dictionary: 30 ms and 40 MB.
        _cut.append(word_list.cutter())
    try:
        return _cut[0](text)
    except UnicodeEncodeError:  # half a pair of code units is no character
        return _cut[0](_sound(text))


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _counted(
    pieces: Numbers, segment: Numbers, owners: Numbers, counts: Numbers, posts: int
) -> Terms:
    """Words and pairs of the pieces that say something, each term of a post once.

    What is no letter ends a pair: it stands in the pair, which is then none.
    """
    kept = np.flatnonzero(~_known.empty[pieces])
    pieces, segment = pieces[kept], segment[kept]
    count = counts[segment]
    tag = count == _TAGS_OF
    length = _known.lengths[pieces]
    letters = _known.letters[pieces] & ~tag
    word = np.flatnonzero(tag | (letters & (length > 1) & (length <= _LONGEST_WORD)))
    both = length[:-1] + length[1:]
    pair = np.flatnonzero(
        letters[:-1]
        & letters[1:]
        & (segment[:-1] == segment[1:])
        & (both > _LEAST_PAIR)
        & (both <= _LONGEST_PAIR)
    )
    sums = _known.sums[pieces]
    of_pair = sums[pair] * _known.powers[pieces[pair + 1]] + sums[pair + 1]
    mixed = _mixed(np.concatenate((sums[word], of_pair)))
    place = np.concatenate((word, pair))
    post = owners[segment[place]]
    weight = np.concatenate((np.where(tag[word], _TAG, _WORD * count[word]), count[pair]))
    first = pieces[place]
    second = np.concatenate((np.full(len(word), -1), pieces[pair + 1]))
    key = (post.astype(np.uint64) << _TERM_BITS) | (mixed >> (_ALL_BITS - _TERM_BITS))
    order = np.argsort(key)
    key = key[order]
    fresh = np.ones(len(key), np.bool_)
    fresh[1:] = key[1:] != key[:-1]
    starts = np.flatnonzero(fresh)
    chosen = order[starts]
    return Terms(
        posts,
        post[chosen],
        (key[starts] & _TERM_MASK).astype(np.int64),
        np.add.reduceat(weight[order], starts) if len(starts) else weight,
        first[chosen],
        second[chosen],
        _known.spelling,
    )


def _mixed(sums: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Each bit of a sum moves all of the upper ones, which are kept."""
    mixed = sums * _MIX
    return (mixed ^ (mixed >> np.uint64(32))) * _MIX
