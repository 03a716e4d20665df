"""How text becomes searchable tokens, and how what a person typed becomes terms.

Chinese is written without spaces: a run of CJK characters becomes its overlapping pairs and, at
its end, the last character alone (停水了 → 停水 水了 了). So a word of two characters is one token,
a longer one is a sequence of adjacent tokens, and a single character is the beginning of a token.
Letters and digits of other scripts are whole words in lower case. All is NFKC first.

Old tokens are computed again to take them out of the index: whoever changes this module writes a
migration that builds the index anew.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Iterable, Iterator

from msgspec import Struct

_CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f"
    "\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua000-\ua48c\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
)
_FIRST_CJK = "\u2e80"  # no other run begins with a character from here on
_LONGEST_WORD = 64  # longer ones (encoded data) are cut, in the index and in queries alike
_CJK_CLASS = f"[{_CJK}]"
_WORD_CLASS = f"[^\\W_{_CJK}]"
_GAP = r"[\W_]"
_RUNS = re.compile(f"{_CJK_CLASS}+|{_WORD_CLASS}{{1,{_LONGEST_WORD}}}")
# The punctuation of ordinary Chinese text: with it out of the way, most texts pass the quick check
# and normalising costs a seventh.
_WIDE = tuple((wide, unicodedata.normalize("NFKC", wide)) for wide in "，！？：；（）…")
_MOST_TERMS = 64  # of a query; each costs a look into the index
_LONGEST_QUERY = 4_000  # code points
_BARS = "|\uff5c"  # the second is the full-width one of a Chinese keyboard
_ITEMS = re.compile(rf'(-?)(?:"([^"]*)"|“([^”]*)”)|([{_BARS}]+|[^\s{_BARS}]+)')


class Term(Struct, frozen=True):
    """One thing to look for: the runs of a word or phrase, or ``literal`` where it has none."""

    literal: str
    runs: tuple[str, ...]


class Terms(Struct, frozen=True):
    """What must occur and what must not: of each group at least one term, of ``excluded`` none.

    No group is empty. Words that OR does not join are groups of one. All groups must hold.
    """

    groups: tuple[tuple[Term, ...], ...]
    excluded: tuple[Term, ...]


def normalise(text: str) -> str:
    """Compatibility forms (full-width letters and digits) made plain, in lower case."""
    for wide, plain in _WIDE:
        text = text.replace(wide, plain)
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    return text.lower()


def runs(text: str) -> list[str]:
    """The runs of CJK characters and the words of other scripts, normalised, in their order."""
    return _RUNS.findall(normalise(text))


def is_cjk(run: str) -> bool:
    """Whether that run is one of CJK characters."""
    return run[0] >= _FIRST_CJK


def tokens(text: str) -> str:
    """The tokens of a text, separated by spaces, each as long as the place it stands at."""
    found: list[str] = []
    for run in _RUNS.findall(normalise(text)):
        if run[0] >= _FIRST_CJK:
            found.extend(map(operator.add, run, run[1:]))
            found.append(run[-1])
        else:
            found.append(run)
    return " ".join(found)


def parse(text: str) -> Terms:
    """The terms of a query; see :class:`posts.index.port.Query`. Every input has a meaning.

    What lies beyond 4,000 code points or 64 terms is left out. Pure: every adapter searches by
    what this gives, so that all find the same.
    """
    groups: list[list[Term]] = []
    excluded: list[Term] = []
    items = list(_ITEMS.finditer(text[:_LONGEST_QUERY]))
    joinable = joins = False  # whether a group is open, and whether the next term goes into it
    for n, item in enumerate(items):
        minus, straight, curly, word = item.groups()
        if not joins and 0 < n < len(items) - 1 and word and (word == "OR" or word[0] in _BARS):
            joins = True
            continue
        if len(excluded) + sum(map(len, groups)) == _MOST_TERMS:
            break
        quoted = straight if straight is not None else curly
        if quoted is not None and quoted.strip():
            term, excludes = _term(quoted.strip()), bool(minus)
        elif word is not None and len(word) > 1 and word.startswith("-"):
            term, excludes = _term(word[1:]), True
        else:
            term, excludes = _term(item.group()), False
        if excludes:
            excluded.append(term)
        elif joins and joinable:
            groups[-1].append(term)
        else:
            groups.append([term])
        joinable, joins = not excludes, False
    return Terms(tuple(map(tuple, groups)), tuple(excluded))


def spell(
    *, all_of: Iterable[str] = (), none_of: Iterable[str] = (), any_of: Iterable[str] = ()
) -> str:
    """The query that looks for these words: what a person would type, read back by :func:`parse`.

    What ``any_of`` joins comes last, so that a limit cuts there first.
    """
    joined = "|".join(filter(None, map(_quoted, any_of)))
    excluded = [f"-{word}" for word in map(_quoted, none_of) if word]
    return " ".join(filter(None, [*map(_quoted, all_of), *excluded, joined]))


def fts_phrase(term: Term) -> str:
    """A term with runs as an FTS5 phrase. It holds tokens only, so no input is FTS5 syntax."""
    last = term.runs[-1]
    words = tokens(" ".join(term.runs))
    if last[0] < _FIRST_CJK:
        return f'"{words}"'
    if len(last) == 1:
        return f'"{words}" *'
    return f'"{words[:-2]}"'  # the text may go on after the last pair


def pattern(term: Term) -> re.Pattern[str]:
    """What finds the same places in a normalised text as the term's tokens do in the index."""
    parts: list[str] = []
    before = ""
    for run in term.runs:
        cjk = run[0] >= _FIRST_CJK
        if before:
            same = cjk == (before[0] >= _FIRST_CJK)
            parts.append(f"(?!{_CJK_CLASS})" if before[0] >= _FIRST_CJK else "")
            parts.append(f"{_GAP}+" if same else f"{_GAP}*")
        elif not cjk:
            parts.append(f"(?<!{_WORD_CLASS})")
        parts.append(re.escape(run))
        if not cjk:
            parts.append(f"(?!{_WORD_CLASS})")
        before = run
    return re.compile("".join(parts))


def occurrences(term: Term, text: str, normalised: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether in the normalised text) of the term; a literal is found as it stands."""
    if term.runs:
        for match in pattern(term).finditer(normalised):
            yield match.start(), match.end(), True
        return
    start = text.find(term.literal)
    while start >= 0:
        yield start, start + len(term.literal), False
        start = text.find(term.literal, start + len(term.literal))


def _quoted(word: str) -> str:
    """The word as one term, whatever stands in it; "" where nothing does."""
    plain = re.sub('["“”]', " ", word).strip()
    as_it_stands = re.fullmatch(rf"(?!-)[^\s{_BARS}]+", plain) and plain != "OR"
    return plain if as_it_stands or not plain else f'"{plain}"'


def _term(text: str) -> Term:
    return Term(text, tuple(_RUNS.findall(normalise(text))))
