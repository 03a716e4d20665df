"""Words that the posts of a query say far more often than all posts do (高频词).

Words are cut here (rjieba, loaded at the first use), how often each occurs among all posts is
counted by the index, and the score is computed here from the counts: so both adapters give the
same words for the same posts. What it costs is bounded: at most :data:`SAMPLE` of the newest
posts that match, of each the first :data:`LONGEST` code points, and :data:`CANDIDATES` counts.

It watches topics, not persons: @names, what was masked and what reads as a person's name is left
out, and so is a word that only one author or one source says, unless it says it often.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from math import log
from typing import Any

from posts.index.port import PostIndex, Query, Significant, SignificantWord
from posts.index.reading import by_id, newest
from posts.index.significant_words import FAMILY_NAMES, STOP_WORDS
from posts.index.words import Term, is_cjk, normalise, parse, pattern, runs
from posts.model import Post

SAMPLE = 1_000
LONGEST = 2_000
CANDIDATES = 240
_LEAST_POSTS = 3
_OFTEN = 10  # posts in which one voice alone has to say a word
_LEAST_LIFT = 2.0
_LEAST_EVIDENCE = 6.63  # of the log-likelihood ratio: one in a hundred by chance
_TOGETHER = 0.8  # share of the texts with a word in which that character stands beside it
_SAME = 0.75  # a word within a longer one is the same matter from this share of its posts on
_LONGEST_NAME = 8
_BEGINNING = 60  # code points by which copies of one text are known
_REMEMBERED = 20_000
_BETWEEN = frozenset(
    "的了着过是在和与及跟同就也都不很有被把将为对从到向往由让给我你您他她它这那此该要会能可请说"
    "因又再已还没无未才刚正最更太请求等中上下里内外前后时日月年号个一二三四五六七八九十吗呢吧啊"
)
_LEFT_OUT = re.compile(
    r"[@＠][\w·\-]{1,30}|https?://[\w./?=&%#:~-]+|【(?:电话|证件号)】|\[[^\[\]\n]{1,8}\]"
)
_CJK_WORD = re.compile(r"[^\W\d_a-z]{2,}")
_LATIN_WORD = re.compile(r"[a-z]{3,20}")
_NUMBER = re.compile(
    r"[第约近]?[一二三四五六七八九十百千万亿零〇两几半多数]+"
    r"[个年月日天点号时分秒元块次条人名岁级楼层栋期周种位家件米里份些]*(?:小时|分钟|星期|左右)?"
)


Counts = Callable[[Sequence[Term]], Sequence[int]]


def significant(
    index: PostIndex, query: Query, counts: Counts, *, limit: int, of: Sequence[str] | None = None
) -> Significant:
    """The significant words of what the query finds, without those that it asks for itself.

    With ``of`` those of the posts with these ids, of which the first are read.

    ``counts`` says in how many of all posts of the index each word occurs.
    """
    sample = Sample()
    for scored in newest(index, query, limit=SAMPLE) if of is None else by_id(index, of[:SAMPLE]):
        sample.add(scored.post)
    matching = index.count(query) if of is None else len(of)
    asked = [run for group in parse(query.text).groups for one in group for run in one.runs]
    chosen = [
        (word, posts)
        for word, posts in sample.candidates()
        if not any(word in run for run in asked)
    ]
    every = max(index.count(Query()), sample.size)
    background = counts([term(word) for word, _ in chosen]) if chosen else ()
    found = []
    for (word, posts), counted in zip(chosen, background, strict=True):
        held = max(counted, posts)
        score = _score(posts, sample.size, held, every)
        if score:
            found.append(SignificantWord(word=word, posts=posts, background=held, score=score))
    found.sort(key=lambda one: (-one.score, one.word))
    kept = tuple(_without_parts(found)[: max(0, limit)])
    return Significant(words=kept, sampled=sample.size, matching=matching, every=every)


def term(word: str) -> Term:
    """The word as the index looks for it."""
    return Term(word, tuple(runs(word)))


class Sample:
    """Posts of which the words are counted, each word once a post."""

    def __init__(self) -> None:
        self.size = 0
        self._texts: list[str] = []
        self._voices: list[str] = []
        self._words: Counter[str] = Counter()
        self._beginnings: set[str] = set()
        self._firsts: set[int] = set()

    def add(self, post: Post) -> None:
        """Cut one post and count."""
        text = f"{post.title}\n{post.text}"[:LONGEST]
        plain = normalise(_LEFT_OUT.sub("\n", text.encode("utf-8", "replace").decode()))
        beginning = plain.strip()[:_BEGINNING]
        if beginning not in self._beginnings:
            self._beginnings.add(beginning)
            self._firsts.add(self.size)
        self.size += 1
        self._texts.append(plain)
        self._voices.append(post.author or post.source)
        self._words.update({word for word in _cutter().cut(plain) if _is_word(word)})

    def candidates(self) -> list[tuple[str, int]]:
        """(word, posts of the sample), the most frequent first, at most :data:`CANDIDATES`."""
        ranked = sorted(self._words.items(), key=lambda pair: (-pair[1], pair[0]))
        chosen: dict[str, int] = {}
        for word, posts in ranked:
            if posts < _LEAST_POSTS or len(chosen) == CANDIDATES:
                break
            if not _is_person(word):
                whole = self._whole(word)
                held = self._held(whole)
                alone = len({self._voices[n] for n in held}) == 1
                if len(held) >= (_OFTEN if alone else _LEAST_POSTS) and not _is_person(whole):
                    chosen[whole] = len(held)
        return list(chosen.items())

    def _held(self, word: str) -> list[int]:
        """The posts in which it stands, as the index finds it."""
        if is_cjk(word):
            return [n for n, text in enumerate(self._texts) if word in text]
        whole = pattern(term(word))
        return [n for n, text in enumerate(self._texts) if word in text and whole.search(text)]

    def _whole(self, word: str) -> str:
        """The name of which a dictionary cuts only a part: 丽发 → 丽发新城.

        Only what the dictionary does not know is a part. A character that nearly always stands
        before or after belongs to it. Copies of one text count as one: they make no name.
        """
        if not is_cjk(word) or _cutter().has_word(word):
            return word
        texts = [self._texts[n] for n in self._firsts if word in self._texts[n]]
        name = word
        while len(texts) >= _LEAST_POSTS:
            before = Counter(text[: text.find(name)][-1:] for text in texts)
            ends = [(text, text.find(name) + len(name)) for text in texts]
            after = Counter(text[end : end + 1] for text, end in ends)
            least = _TOGETHER * len(texts)
            if (found := _belongs(after, least)) is not None:
                name += found
            elif (found := _belongs(before, least)) is not None:
                name = found + name
            else:
                return name
            if len(name) > _LONGEST_NAME:
                return word  # a sentence that is said again and again, not a name
            texts = [text for text in texts if name in text]
        return name


def _score(posts: int, sample: int, held: int, every: int) -> float:
    """The signed root of G² of the shares within the sample and outside; 0 where it says little.

    Dunning's test for word counts, on posts. One is added to what is outside, so that a word that
    nobody else says is judged too.
    """
    outside = max(every - sample, 0) + 1
    held_outside = min(max(held - posts, 0) + 1, outside)
    share, other = posts / sample, held_outside / outside
    if share < _LEAST_LIFT * other:
        return 0.0
    both = (posts + held_outside) / (sample + outside)
    evidence = 2 * (_entropy(posts, sample, both) + _entropy(held_outside, outside, both))
    return round(evidence**0.5, 3) if evidence >= _LEAST_EVIDENCE else 0.0


def _entropy(said: int, of: int, expected: float) -> float:
    found = 0.0
    for part, share in ((said, expected), (of - said, 1 - expected)):
        if part:
            found += part * log(part / (of * share))
    return found


def _without_parts(ranked: list[SignificantWord]) -> list[SignificantWord]:
    """Of words one within the other the longer, where they stand in nearly the same posts."""
    return [
        one
        for one in ranked
        if not any(
            one.word != other.word and one.word in other.word and other.posts >= _SAME * one.posts
            for other in ranked
        )
    ]


def _is_word(word: str) -> bool:
    if word in STOP_WORDS or _NUMBER.fullmatch(word):
        return False
    return bool(_CJK_WORD.fullmatch(word) or _LATIN_WORD.fullmatch(word))


def _belongs(neighbours: Counter[str], least: float) -> str | None:
    """The character that stands there in so many texts, where it may be a part of a name."""
    [(char, times)] = neighbours.most_common(1)
    is_part = _CJK_WORD.fullmatch(char * 2) and char not in _BETWEEN
    return char if is_part and times >= least else None


@lru_cache(_REMEMBERED)
def _is_person(word: str) -> bool:
    """Whether the dictionary takes it for a person's name that begins with a common family name."""
    if not 1 < len(word) <= 4 or word[0] not in FAMILY_NAMES:  # noqa: PLR2004 - as names are long
        return False
    tagged = _cutter().tag(word)
    return len(tagged) == 1 and tagged[0][1].startswith("nr")


@cache
def _cutter() -> Any:
    import rjieba  # 30 to 60 MB, and most processes never ask

    return rjieba  # its functions share one dictionary
