"""What the index holds already of a rule that is seen for the first time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time

from analyzer.grouping.matching import Condition, haystack
from analyzer.grouping.windows import MAX_ENTRIES, Entry, entry
from posts.identity import SHANGHAI
from posts.index.port import PostIndex, Query


def look_back(index: PostIndex, condition: Condition, now: datetime) -> list[Entry]:
    """The posts that match, at most the newest 5,000 or so of each of the rule's words.

    The index finds by its own segmentation; each post is then judged by the rule itself.
    Raises RetryError where the index can't answer now.
    """
    found: dict[str, Entry] = {}
    for query in queries(condition):
        for batch in index.scan(_newest(index, query)):
            for scored in batch:
                if scored.post.id not in found and condition.matches(scored, haystack(scored.post)):
                    found[scored.post.id] = entry(scored.post, scored.areas, looked_at=now)
    return list(found.values())


def queries(condition: Condition, *, since: datetime | None = None) -> Iterator[Query]:
    """One query a word of which any must occur, each with the words that all must."""
    rule = condition.rule
    area = rule.areas[0] if len(rule.areas) == 1 else None
    source = rule.sources[0] if len(rule.sources) == 1 else None
    kind = rule.kinds[0] if len(rule.kinds) == 1 else None
    always = [_quoted(word) for word in condition.all_of]
    for word in condition.any_of or (None,):
        words = always if word is None else [*always, _quoted(word)]
        yield Query(text=" ".join(words), area=area, source=source, kind=kind, since=since)


def _newest(index: PostIndex, query: Query) -> Query:
    """The query bounded to the newest days that hold some 5,000 posts."""
    total = 0
    for day, count in reversed(index.histogram(query, step="day")):
        total += count
        if total >= MAX_ENTRIES:
            local = day.astimezone(SHANGHAI).date()
            since = datetime.combine(local, time.min, tzinfo=SHANGHAI).astimezone(UTC)
            return Query(
                text=query.text, area=query.area, source=query.source, kind=query.kind, since=since
            )
    return query


def _quoted(word: str) -> str:
    return f'"{word.replace(chr(34), " ")}"'
