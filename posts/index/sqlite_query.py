"""A query as an SQL condition on ``posts``. What a person typed goes into parameters only."""

# ruff: noqa: S608 - statements are put together from constants; what people type is bound
from __future__ import annotations

from collections.abc import Callable, Sequence

from posts.index.instants import micros
from posts.index.port import Query
from posts.index.words import Term, Terms, fts_phrase

_IN_AREA = "posts.seq IN (SELECT seq FROM areas WHERE area = ?)"
_IN_AREA_OF_EACH = "EXISTS (SELECT 1 FROM areas WHERE area = ? AND areas.seq = posts.seq)"
_MATCHING = "(SELECT rowid FROM words WHERE words MATCH ?)"
_FIELD = "coalesce(json_extract(CAST(body AS TEXT), '$.body.post.{}'), '')"
_LITERAL = (
    "EXISTS (SELECT 1 FROM bodies WHERE bodies.seq = posts.seq AND "
    f"(instr({_FIELD.format('text')}, ?) OR instr({_FIELD.format('title')}, ?)))"
)


def where(query: Query, terms: Terms, *, walk: bool = False) -> tuple[str, list[object]]:
    """(condition, parameters); the condition of an empty query is always true.

    With ``walk`` SQLite is kept from collecting all that match: it then walks the posts by time and
    asks of each whether it matches, which finds the first page of a large result at once.
    """
    conditions = ["1"]
    values: list[object] = []

    def add(condition: str, *parameters: object) -> None:
        conditions.append(condition)
        values.extend(parameters)

    if query.since is not None:
        add("published >= ?", micros(query.since))
    if query.until is not None:
        add("published < ?", micros(query.until))
    if query.source is not None:
        add("source = ?", _storable(query.source))
    if query.kind is not None:
        add("kind = ?", _storable(query.kind))
    if query.sentiment is not None:
        add("sentiment = ?", query.sentiment.value)
    if query.area is not None:
        # Where words lead to the posts, the area is looked up for those alone.
        led = walk or any(all(term.runs for term in group) for group in terms.groups)
        add(_IN_AREA_OF_EACH if led else _IN_AREA, _storable(query.area))
    _add_terms(add, terms, "+posts.seq" if walk else "posts.seq")
    return " AND ".join(conditions), values


def _add_terms(add: Callable[..., None], terms: Terms, seq: str) -> None:
    """Groups of words become one look into the index; what has no words is looked for in texts."""
    of_words = [group for group in terms.groups if all(term.runs for term in group)]
    required = [f"({_one_of(group)})" for group in of_words]
    if required:
        add(f"{seq} IN {_MATCHING}", " AND ".join(dict.fromkeys(required)))
    for group in terms.groups:
        if group not in of_words:
            condition, values = _says_one_of(group, seq)
            add(condition, *values)
    if terms.excluded:
        condition, values = _says_one_of(terms.excluded, seq)
        add(f"NOT {condition}", *values)


def _says_one_of(group: Sequence[Term], seq: str) -> tuple[str, list[object]]:
    words = _one_of([term for term in group if term.runs])
    literals = [_storable(term.literal) for term in group if not term.runs]
    conditions = ([f"{seq} IN {_MATCHING}"] if words else []) + [_LITERAL] * len(literals)
    values = ([words] if words else []) + [text for text in literals for _ in range(2)]
    return f"({' OR '.join(conditions)})", list(values)


def _one_of(terms: Sequence[Term]) -> str:
    return " OR ".join(dict.fromkeys(map(fts_phrase, terms)))


def _storable(text: str) -> str:
    """The text as UTF-8 can hold it: half a surrogate pair finds nothing, and raises nothing."""
    return text.encode("utf-8", "replace").decode()
