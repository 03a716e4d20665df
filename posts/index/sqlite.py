"""The embedded index: one SQLite file with FTS5 over tokens that are made here.

Its tables are in ``posts/index/sqlite_documents.py``, its conditions in ``sqlite_query.py``.
"""

# ruff: noqa: S608 - statements are put together from constants; what people type is bound
from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from posts.codec import decode
from posts.errors import RetryError
from posts.index.fragments import fragments
from posts.index.instants import (
    SHANGHAI_OFFSET,
    STEPS,
    cursor_after,
    from_micros,
    read_cursor,
)
from posts.index.port import Hit, Page, Query, Significant, Written
from posts.index.significant import significant
from posts.index.sqlite_documents import (
    Document,
    create,
    find,
    insert,
    number,
    remove,
    replace,
)
from posts.index.sqlite_query import where
from posts.index.words import Term, fts_phrase, parse
from posts.model import ScoredPost
from posts.sqlite_file import SqliteFile

_ERASE_CHUNK = 500
_MERGE_PAGES = 500
_LARGE_RESULT = 5_000  # from here on, walking by time finds a page sooner than sorting all


class SqliteIndex:
    """A PostIndex in one file. Safe between processes and threads."""

    def __init__(self, path: Path | str, *, busy_timeout_s: float = 5.0) -> None:
        self._file = SqliteFile(
            path,
            what="检索库",
            migrations=(create,),
            busy_timeout_s=busy_timeout_s,
            page_size=8192,
        )

    def write(self, batch: Sequence[ScoredPost]) -> Written:
        """Write all or none, synced. PoisonError where a post can't be stored as it is."""
        newest: dict[str, ScoredPost] = {}
        for scored in batch:
            held = newest.get(scored.post.id)
            if held is None or scored.post.version > held.post.version:
                newest[scored.post.id] = scored
        documents = {post_id: Document(scored) for post_id, scored in newest.items()}
        created = updated = stale = 0
        with self._file.writing() as connection:
            known = find(connection, list(newest))
            versions = {post_id: version for post_id, (_, version) in known.items()}
            for scored in batch:
                post_id, version = scored.post.id, scored.post.version
                held_version = versions.get(post_id)
                if held_version is not None and version <= held_version:
                    stale += 1
                    continue
                created += held_version is None
                updated += held_version is not None
                versions[post_id] = version
            for post_id, (seq, version) in known.items():
                document = documents.pop(post_id)
                if document.version > version:
                    replace(connection, seq, document)
            insert(connection, documents.values())
        return Written(created, updated, stale)

    def search(
        self, query: Query, *, limit: int = 20, cursor: str | None = None, highlight: bool = True
    ) -> Page:
        """One page, newest first."""
        limit = max(1, limit)
        terms = parse(query.text)
        condition, values = where(query, terms)
        after = read_cursor(cursor)
        keyset = "" if after is None else " AND published <= ? AND (published < ? OR id > ?)"
        place = () if after is None else (after[0], after[0], after[1])
        with self._file.reading() as connection:
            total = number(connection, f"SELECT count(*) FROM posts WHERE {condition}", values)
            condition, values = where(query, terms, walk=total > _LARGE_RESULT)
            rows = connection.execute(
                "SELECT id, published, body FROM (SELECT seq, id, published FROM posts "
                f"WHERE {condition}{keyset} ORDER BY published DESC, id LIMIT ?) "
                "JOIN bodies USING (seq) ORDER BY published DESC, id",
                (*values, *place, limit + 1),
            ).fetchall()
        found = [decode(body, ScoredPost) for _, _, body in rows[:limit]]
        more = cursor_after(rows[limit - 1][1], rows[limit - 1][0]) if len(rows) > limit else None
        shown = (fragments(s.post, terms) if highlight else () for s in found)
        return Page(tuple(map(Hit, found, shown)), total, more)

    def count(self, query: Query) -> int:
        """How many posts match."""
        condition, values = where(query, parse(query.text))
        with self._file.reading() as connection:
            return number(connection, f"SELECT count(*) FROM posts WHERE {condition}", values)

    def histogram(
        self, query: Query, *, step: Literal["hour", "day"] = "hour"
    ) -> list[tuple[datetime, int]]:
        """Counts by hour or Shanghai day."""
        condition, values = where(query, parse(query.text))
        size = STEPS[step]
        with self._file.reading() as connection:
            rows = connection.execute(
                # % keeps the sign of its left side: the second one makes it a true remainder.
                f"SELECT published - ((published + {SHANGHAI_OFFSET}) % {size} + {size}) % {size} "
                f"AS at, count(*) FROM posts WHERE {condition} GROUP BY at ORDER BY at",
                values,
            ).fetchall()
        return [(from_micros(at), count) for at, count in rows]

    def terms(
        self,
        query: Query,
        field: Literal["source", "kind", "sentiment", "area"],
        *,
        limit: int = 20,
    ) -> list[tuple[str, int]]:
        """The most frequent values; equal counts in order of the value."""
        condition, values = where(query, parse(query.text))
        column = {"source": "source", "kind": "kind", "sentiment": "sentiment", "area": "area"}
        joined = " JOIN areas ON areas.seq = posts.seq" if field == "area" else ""
        with self._file.reading() as connection:
            rows = connection.execute(
                f"SELECT {column[field]} AS value, count(*) AS n FROM posts{joined} "
                f"WHERE {condition} GROUP BY value ORDER BY n DESC, value LIMIT ?",
                (*values, limit),
            ).fetchall()
        return [(value, count) for value, count in rows]

    def significant(
        self, query: Query, *, limit: int = 30, of: Sequence[str] | None = None
    ) -> Significant:
        """What is said here more than elsewhere; counts come from the index of words alone."""

        def counts(terms: Sequence[Term]) -> list[int]:
            asked = "SELECT count(*) FROM words WHERE words MATCH ?"
            with self._file.reading() as connection:
                return [number(connection, asked, (fts_phrase(term),)) for term in terms]

        return significant(self, query, counts, limit=limit, of=of)

    def get(self, post_id: str) -> ScoredPost | None:
        """One post."""
        return self.get_many([post_id]).get(post_id)

    def get_many(self, post_ids: Sequence[str]) -> dict[str, ScoredPost]:
        """The posts that exist, by id."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT id, body FROM posts JOIN bodies USING (seq) "
                "WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(dict.fromkeys(post_ids))),),
            ).fetchall()
        return {post_id: decode(body, ScoredPost) for post_id, body in rows}

    def scan(self, query: Query, *, batch: int = 500) -> Iterator[list[ScoredPost]]:
        """All that match when it begins, oldest first; no snapshot is held between batches."""
        condition, values = where(query, parse(query.text))
        with self._file.reading() as connection:
            rows = connection.execute(
                f"SELECT seq FROM posts WHERE {condition} ORDER BY published, id", values
            )
            places = array("q", (seq for (seq,) in rows))
        for start in range(0, len(places), batch):
            wanted = places[start : start + batch].tolist()
            with self._file.reading() as connection:
                bodies = dict(
                    connection.execute(
                        "SELECT seq, body FROM bodies "
                        "WHERE seq IN (SELECT value FROM json_each(?))",
                        (json.dumps(wanted),),
                    )
                )
            yield [decode(bodies[seq], ScoredPost) for seq in wanted if seq in bodies]

    def erase(self, post_ids: Sequence[str]) -> int:
        """Delete the posts, merge their words out of the index, and empty the write-ahead log."""
        wanted = list(dict.fromkeys(post_ids))
        erased = 0
        for start in range(0, len(wanted), _ERASE_CHUNK):
            with self._file.writing() as connection:
                known = find(connection, wanted[start : start + _ERASE_CHUNK])
                for seq, _ in known.values():
                    remove(connection, seq)
                erased += len(known)
        self._merge_words()  # also where an earlier call ended before it
        if not self._file.scrub():
            raise RetryError(f"检索库 {self._file.path} 正被读取，日志暂时清不空。请稍后再做一遍。")
        return erased

    def _merge_words(self) -> None:
        """One segment out of all, so that no deleted word is left; writers get in between."""
        pages = -_MERGE_PAGES  # negative: begin with all segments
        while True:
            with self._file.writing() as connection:
                before = connection.total_changes
                connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (pages,))
                if connection.total_changes - before < 2:  # noqa: PLR2004 - as FTS5 tells the end
                    return
            pages = _MERGE_PAGES

    def scrub(self) -> bool:
        """Erasing left nothing: see ``erase``."""
        return True

    def close(self) -> None:
        """Release files and connections."""
        self._file.close()
