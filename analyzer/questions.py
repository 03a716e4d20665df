"""What people ask (群众在问什么): questions out of posts, those of one matter together.

By rules alone, so that the same posts give the same list, and each question can be read in a post.
A sentence is a question where it asks (何时, 为什么, 怎么, 能否, 请问, 吗, ？) and is not rhetoric
(难道, 凭什么, 王法何在). Alike are questions that ask for the same kind of answer in mostly the
same words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from msgspec import Struct

from analyzer.words_of_questions import COURTESY, KINDS, NOT_ASKED, RHETORIC, WITHOUT_MARK
from posts.model import Post

MOST_OF_ONE = 5
"""Questions that are taken from one post."""

MOST = 3_000
"""Questions that are compared in all; the newest."""

LONGEST_TEXT = 4_000
_SHORTEST, _SHORT, _LONGEST = 4, 10, 40

_ALIKE = 0.5  # of the shorter question's pairs of characters, those that the other has too
_LEAST_COMMON = 2

_OTHERS_WORDS = re.compile(r"//\s*@.*", re.DOTALL)  # what a repost quotes
_LEFT_OUT = re.compile(
    r"(?:回复)?@[\w·\-]{1,30}[:：]?|https?://[\w./?=&%#:~-]+|【(?:电话|证件号)】"
    r"|#[^#\n]{1,40}#|\[[^\[\]\n]{1,8}\]"
)
_SENTENCES = re.compile(r"[^。！!；;？?\n\r…~【】]+[？?]*")
_CLAUSES = re.compile(r"[，,：:、\s]+")
_ASIDES = re.compile(
    r"^(?:[一二三四五六七八九十\d]+[、.．)）]|[（(][一二三四五六七八九十\d]+[)）]"
    r"|[\"“”'‘’\s\-—·*]+)+"
)


class Question(Struct, frozen=True, kw_only=True):
    """Questions that are alike: the wording that most posts have, and how many posts ask it.

    ``newest`` is the id of the newest post that asks, ``wording`` its own words, ``at`` when it was
    published; ``sources`` is how many sources it comes from.
    """

    text: str
    kind: str
    posts: int
    sources: int
    newest: str
    wording: str
    at: datetime


class _Asked(Struct, frozen=True):
    text: str
    kind: str
    pairs: frozenset[str]
    post: Post


def questions_in(text: str) -> list[str]:
    """The questions that a text asks, as they stand in it, each once. Any text is accepted."""
    return [sentence for sentence, _ in _asked_in(text)]


def group(posts: Iterable[Post], *, limit: int = 20) -> list[Question]:
    """What the posts ask, what most of them ask first; a post counts once for a question.

    Compares at most :data:`MOST` questions, of the newest posts.
    """
    asked = [
        _Asked(sentence, kind, _pairs(sentence), post)
        for post in posts
        for sentence, kind in _asked_in(f"{post.title}\n{post.text}")
    ]
    asked.sort(key=lambda one: (one.post.published_at, one.post.id, one.text))
    found = [_question(members) for members in _alike(asked[-MOST:])]
    found.sort(key=lambda one: (-one.posts, -one.at.timestamp(), one.text))
    return found[: max(0, limit)]


def _asked_in(text: str) -> list[tuple[str, str]]:
    """(question, kind) of a text."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST_TEXT].encode("utf-8", "replace").decode())
    plain = _LEFT_OUT.sub(" ", _OTHERS_WORDS.sub("", plain))
    found: dict[str, str] = {}
    for sentence in _SENTENCES.findall(plain):
        asks = sentence.rstrip().endswith("?")
        said = _ASIDES.sub("", sentence.strip()).rstrip("? ").strip()
        kind = _kind(said, asks=asks)
        if kind is None:
            continue
        said = _essence(said)
        if len(said) >= _SHORTEST and len(found) < MOST_OF_ONE:
            found.setdefault(f"{said}？", kind)
    return list(found.items())


def _kind(said: str, *, asks: bool) -> str | None:
    """What kind of answer the sentence asks for; None where it asks for none."""
    if RHETORIC.search(said) or not len(said) >= _SHORTEST:
        return None
    if not asks and (not WITHOUT_MARK.search(said) or NOT_ASKED.search(said)):
        return None
    for kind, pattern in KINDS:
        if pattern.search(said):
            return kind
    return None


def _essence(said: str) -> str:
    """The last clause that asks and what follows; where that is short, with what it refers to."""
    clauses = [clause for clause in _CLAUSES.split(said) if clause]
    asking = [n for n, one in enumerate(clauses) if any(kind.search(one) for _, kind in KINDS)]
    if not asking:
        return ""
    first = asking[-1]
    while first and sum(map(len, clauses[first:])) < _SHORT:
        first -= 1
    whole = "，".join(clauses[first:])
    return whole if len(whole) <= _LONGEST else ""


def _pairs(sentence: str) -> frozenset[str]:
    """Pairs of characters of what the question is about: without courtesy and question words."""
    text = sentence.rstrip("？").lower()
    for _, pattern in KINDS:
        text = pattern.sub(" ", text)
    runs = re.findall(r"\w+", COURTESY.sub(" ", text))
    pairs = {one + other for run in runs for one, other in pairwise(run)}
    return frozenset(pairs or runs)


def _alike(asked: list[_Asked]) -> list[list[_Asked]]:
    """Groups, each around the first question of it, so that none drifts away."""
    groups: list[list[_Asked]] = []
    at: dict[str, list[int]] = defaultdict(list)
    for one in asked:
        common = Counter(n for pair in one.pairs for n in at[pair])
        best = max(
            (n for n, shared in common.items() if _is_alike(one, groups[n][0], shared)),
            key=lambda n: (common[n], -n),
            default=None,
        )
        if best is not None:
            groups[best].append(one)
            continue
        for pair in one.pairs:
            at[pair].append(len(groups))
        groups.append([one])
    return groups


def _is_alike(one: _Asked, other: _Asked, shared: int) -> bool:
    least, most = sorted((len(one.pairs), len(other.pairs)))
    return (
        one.kind == other.kind
        and shared >= min(_LEAST_COMMON, least)
        and shared >= max(_ALIKE * least, _ALIKE / 2 * most)
    )


def _question(members: list[_Asked]) -> Question:
    wordings = Counter(one.text for one in members)
    text = min(wordings, key=lambda said: (-wordings[said], len(said), said))
    newest = max(members, key=lambda one: (one.post.published_at, one.post.id))
    kinds = Counter(one.kind for one in members)
    return Question(
        text=text,
        kind=min(kinds, key=lambda kind: (-kinds[kind], kind)),
        posts=len({one.post.id for one in members}),
        sources=len({one.post.source for one in members}),
        newest=newest.post.id,
        wording=newest.text,
        at=newest.post.published_at,
    )
