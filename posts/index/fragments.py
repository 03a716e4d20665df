"""The piece of a post that shows why it was found, as runs of (text, is_match): never markup."""

from __future__ import annotations

from itertools import chain

from posts.index.words import Terms, normalise, occurrences
from posts.model import Post

_WIDTH = 80  # code points, without the marks of a cut
_LEAD = 20  # of them before the first match
_LOOKED_AT = 20_000  # how far into a text a match is looked for
_CUT = "…"

Fragments = tuple[tuple[str, bool], ...]


def fragments(post: Post, terms: Terms) -> Fragments:
    """About 80 code points around the first match in the text, else in the title."""
    for field in (post.text, post.title):
        spans = _spans(field[:_LOOKED_AT], terms)
        if spans:
            return _cut(field, spans)
    return _cut(post.text or post.title, [])


def _spans(text: str, terms: Terms) -> list[tuple[int, int]]:
    """Where what was looked for stands, in code points of the text as given; merged, ascending."""
    if not terms.groups:
        return []
    plain: list[str] = []
    origin: list[int] = []
    for at, char in enumerate(text):
        simple = normalise(char)
        plain.append(simple)
        origin.extend([at] * len(simple))
    normalised = "".join(plain)
    found: list[tuple[int, int]] = []
    for term in chain.from_iterable(terms.groups):
        for start, end, mapped in occurrences(term, text, normalised):
            found.append((origin[start], origin[end - 1] + 1) if mapped else (start, end))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _cut(text: str, spans: list[tuple[int, int]]) -> Fragments:
    start = max(0, spans[0][0] - _LEAD) if spans else 0
    if len(text) <= _WIDTH:
        start = 0
    end = min(len(text), start + _WIDTH)
    runs: list[tuple[str, bool]] = [(_CUT, False)] if start else []
    at = start
    for first, last in spans:
        if first >= end:
            break
        runs.append((text[at:first], False))
        runs.append((text[first : min(last, end)], True))
        at = min(last, end)
    runs.append((text[at:end], False))
    if end < len(text):
        runs.append((_CUT, False))
    return _joined(runs)


def _joined(runs: list[tuple[str, bool]]) -> Fragments:
    """Without empty runs, and with neighbours of one kind in one."""
    whole: list[tuple[str, bool]] = []
    for text, is_match in runs:
        if text and whole and whole[-1][1] == is_match:
            whole[-1] = (whole[-1][0] + text, is_match)
        elif text:
            whole.append((text, is_match))
    return tuple(whole)
