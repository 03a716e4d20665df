"""A query as Elasticsearch's own structure. What a person typed becomes values and tokens only.

No query string is parsed by the server, so no input is syntax; see docs/decisions/0018.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from posts.index.elasticsearch_spelling import mark_phrase, phrase
from posts.index.instants import micros
from posts.index.port import Query
from posts.index.words import Term, parse

Clause = dict[str, Any]
NOTHING: Clause = {"match_none": {}}


def where(query: Query) -> Clause:
    """What the posts have to fulfil, without any ranking."""
    filters: list[Clause] = []
    times: dict[str, int] = {}
    if query.since is not None:
        times["gte"] = micros(query.since)
    if query.until is not None:
        times["lt"] = micros(query.until)
    if times:
        filters.append({"range": {"published": times}})
    sentiment = None if query.sentiment is None else query.sentiment.value
    for field, value in (
        ("source", query.source),
        ("kind", query.kind),
        ("sentiment", sentiment),
        ("areas", query.area),
    ):
        if value is not None:
            filters.append(_exactly(field, value))
    terms = parse(query.text)
    filters.extend(_one_of(group) for group in terms.groups)
    clause: Clause = {"filter": filters or [{"match_all": {}}]}
    if terms.excluded:
        clause["must_not"] = [says(term) for term in dict.fromkeys(terms.excluded)]
    return {"bool": clause}


def _one_of(group: Sequence[Term]) -> Clause:
    clauses = [says(term) for term in dict.fromkeys(group)]
    if len(clauses) == 1:
        return clauses[0]
    return {"bool": {"should": clauses, "minimum_should_match": 1}}


def says(term: Term) -> Clause:
    """What a post that says the term fulfils."""
    if not term.runs:
        spelled = mark_phrase(term.literal)
        return NOTHING if spelled is None else _side_by_side("marks", spelled.split())
    tokens, is_begin = phrase(term.runs)
    if is_begin:
        return {"prefix": {"words": {"value": tokens[0]}}}
    return _side_by_side("words", tokens)


def _side_by_side(field: str, tokens: Sequence[str]) -> Clause:
    if len(tokens) == 1:
        return {"term": {field: {"value": tokens[0]}}}
    return {"match_phrase": {field: {"query": " ".join(tokens)}}}


def _exactly(field: str, value: str) -> Clause:
    """Half a surrogate pair can't be sent, and is in no post."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return NOTHING
    return {"term": {field: {"value": value}}}
