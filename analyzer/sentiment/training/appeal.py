"""Examples for the head *appeal*: petitions against official replies, news and ordinary posts.

Besides, sentences of petitions and of posts by themselves, with a post's opening or end, and posts
put together from written pieces (:mod:`analyzer.sentiment.training.written`).

Marks that tell the anonymised sets apart are not left in: invented places become real ones, and
what only posts have (#, @, links, emoticons) is taken away, or the head would learn the marks.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from analyzer.sentiment.training import written
from analyzer.sentiment.training.corpora import Corpora
from registry import gazetteer

_MARK = re.compile(r"(?<![A-Za-z])[A-Z]\d*(市|区|县)")
_PROVINCE = "西地省"
_POST_MARKS = re.compile(
    r"@[^\s:：,，@]*[:：]?|//|#|O网页链接|https?://\S+|\[[^\[\]\s]{1,8}\]|[\u200b\ue000-\uf8ff]|\?\s*$"
)
_USER = re.compile(r"[“”\"]?[AU]+\d{5,}[“”\"]?")
_END = re.compile(r"(?<=[。！？!?\n])")
_SHORT = 8
_MOST = 9_000
_TIMES = 20
"""How often each written piece is put into a post: petitions are many more."""

_SAID = (12, 90)
"""Length of a sentence of a petition or a post that may stand in a post by itself."""

_ASKING = "asking post"
ALONE, WRITTEN = "alone", "written"
"""Kinds of examples that were made like posts; the others are as they were found."""

_Part = Callable[[str], str]
_FORMAL = re.compile(r"尊敬|您好|你好|领导|敬礼|此致|谢谢|感谢|敬上|如下")

_REQUEST = re.compile(
    r"求助|求救|求扩散|求帮|帮帮|帮忙转|投诉|举报|反映|请问|咨询|诉求|建议|呼吁|恳请|望.{0,8}(部门|政府|领导)"
    r"|希望.{0,10}(部门|政府|领导|能|可以|尽快)|有没有人管|没人管|管不管|管管|为什么不|什么时候|能不能|请.{0,8}(部门|政府|领导)"
)
"""Posts with these may well be appeals: as examples of none they would be wrong."""


class Example(Struct, frozen=True):
    """A text, 1 for an appeal, the number of its document, whether it is a first sentence.

    ``trained`` is False for posts that may be appeals: they are only tested with, as all posts.
    """

    text: str
    appeal: int
    document: int
    first: bool
    kind: str
    trained: bool = True


def plain(text: str, dice: random.Random, names: dict[str, Sequence[str]]) -> str:
    """The text without the marks of its set, invented places replaced by real ones."""
    text = _USER.sub("", text).replace(_PROVINCE, dice.choice(names["省"]))
    text = _MARK.sub(lambda found: dice.choice(names[found.group(1)]), text)
    return _POST_MARKS.sub("", text).strip()


def first_sentence(text: str) -> str:
    """Up to the first end of a sentence, more where that is only a greeting."""
    taken = ""
    for piece in _END.split(text):
        taken += piece
        if len(taken.strip()) >= _SHORT:
            break
    return taken.strip()


def place_names() -> dict[str, Sequence[str]]:
    """Real names in place of the invented: provinces, cities, districts, counties."""
    divisions = gazetteer.load()
    return {
        "省": [one.name for one in divisions if one.level == "province"],
        "市": [one.name for one in divisions if one.name.endswith("市")],
        "区": [one.name for one in divisions if one.level == "county" and one.name.endswith("区")],
        "县": [one.name for one in divisions if one.level == "county" and one.name.endswith("县")],
    }


def examples(
    corpora: Corpora, *, seed: int, posts: int = _MOST, news: int = _MOST
) -> list[Example]:
    """All examples; those of one document share its number."""
    dice = random.Random(seed)  # noqa: S311 - chooses examples, guards nothing
    names = place_names()
    found: list[Example] = []
    documents = itertools.count()

    def add(document: int, whole: str, appeal: int, kind: str, *parts: _Part) -> None:
        text = plain(whole, dice, names)
        seen = set()
        for part in parts:
            piece = part(text).strip()
            if piece and piece not in seen:
                seen.add(piece)
                which = ALONE if part is alone else kind
                first = part is first_sentence
                found.append(Example(piece, appeal, document, first, which, kind != _ASKING))

    window, alone = _window(dice), _alone(dice)
    for title, text in corpora.petitions:
        document = next(documents)
        add(document, text, 1, "petition", first_sentence, window, str, alone, alone)
        add(document, title, 1, "title", str)
    for reply in corpora.replies:
        add(next(documents), reply, 0, "reply", first_sentence, window, str)
    for text in dice.sample(corpora.news, min(news, len(corpora.news))):
        add(next(documents), text, 0, "news", first_sentence)
    for text in sorted(set(corpora.headlines)):
        add(next(documents), text, 0, "headline", str)
    for text in _ordinary(corpora, dice, posts):
        asks = _REQUEST.search(text) is not None
        kind, parts = (
            (_ASKING, [first_sentence]) if asks else ("post", [first_sentence, str, alone])
        )
        add(next(documents), text, 0, kind, *parts)
    for text, appeal in corpora.appeals:
        add(next(documents), text, appeal, "label", str)
    found += _written(dice, documents)
    return found


def _written(dice: random.Random, documents: Iterator[int]) -> list[Example]:
    numbers: dict[str, int] = {}
    found = []
    for text, appeal, piece in written.put_together(dice, _TIMES):
        if piece not in numbers:
            numbers[piece] = next(documents)
        found.append(Example(text, appeal, numbers[piece], first=False, kind=WRITTEN))
    return found


def _ordinary(corpora: Corpora, dice: random.Random, most: int) -> list[str]:
    every = [one.text for one in corpora.labelled] + sorted(set(corpora.unlabelled))
    return dice.sample(every, min(most, len(every)))


def _window(dice: random.Random) -> Callable[[str], str]:
    """One of the text's later sentences with the next: appeals stand inside, too."""

    def part(text: str) -> str:
        pieces = [piece for piece in _END.split(text) if piece.strip()]
        if len(pieces) < 3:  # noqa: PLR2004 - a first, and two more
            return ""
        at = dice.randrange(1, len(pieces) - 1)
        return "".join(pieces[at : at + 2])

    return part


def _alone(dice: random.Random) -> Callable[[str], str]:
    """One of the text's sentences as somebody would post it; "" where none can stand alone."""

    def part(text: str) -> str:
        pieces = [piece.strip() for piece in _END.split(text)]
        least, most = _SAID
        good = [one for one in pieces if least <= len(one) <= most and not _FORMAL.search(one)]
        return written.as_post(dice, dice.choice(good)) if good else ""

    return part
