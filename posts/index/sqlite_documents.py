"""The documents of the embedded index: its tables, and how one gets in, is replaced, gets out.

Four tables share ``seq``: ``posts`` (what is filtered and sorted by: small rows), ``bodies`` (the
encoded scored post), ``areas`` and ``words`` (contentless FTS5: the text is stored once, in the
body). FTS5's own tokenizers know no Chinese words: ``tokens`` does the work and the ``ascii``
tokenizer only splits at the spaces.
"""

# ruff: noqa: S608 - statements are put together from constants; what people type is bound
from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from posts.codec import decode, encode
from posts.errors import PoisonError
from posts.index.instants import micros
from posts.index.words import tokens
from posts.model import ScoredPost

_VERSION_LIMIT = 1 << 63
_SCHEMA = """
CREATE TABLE posts (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL,
  published INTEGER NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL, sentiment TEXT NOT NULL
);
CREATE INDEX posts_by_time ON posts (published, id);
CREATE TABLE bodies (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE areas (area TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (area, seq))
  WITHOUT ROWID;
CREATE INDEX areas_of_post ON areas (seq, area);
-- No sizes of documents: nothing is ranked by relevance, the newest comes first.
CREATE VIRTUAL TABLE words USING fts5(title, text, content='', columnsize=0, tokenize='ascii');
-- Measured on short posts: fewer, later merges, and no flush within a batch.
INSERT INTO words (words, rank) VALUES ('automerge', 12);
INSERT INTO words (words, rank) VALUES ('hashsize', 8388608);
INSERT INTO words (words, rank) VALUES ('pgsz', 8100)
"""


class Document:
    """A scored post made ready to be stored, before the write lock is taken."""

    __slots__ = ("areas", "body", "columns", "text", "title", "version")

    def __init__(self, scored: ScoredPost) -> None:
        post = scored.post
        if not -_VERSION_LIMIT <= post.version < _VERSION_LIMIT:
            raise PoisonError(f"post version {post.version} does not fit 64 bits")
        self.body = encode(scored)
        self.version = post.version
        self.columns = (
            post.id,
            post.version,
            micros(post.published_at),
            post.source,
            post.kind,
            scored.score.sentiment.value,
        )
        self.areas = set(scored.areas)
        self.title = tokens(post.title) if post.title else ""
        self.text = tokens(post.text)


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty file."""
    for statement in _SCHEMA.split(";\n"):
        connection.execute(statement)


def find(connection: sqlite3.Connection, ids: list[str]) -> dict[str, tuple[int, int]]:
    """(seq, version) of those posts that are stored."""
    rows = connection.execute(
        "SELECT id, seq, version FROM posts WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    )
    return {post_id: (seq, version) for post_id, seq, version in rows}


def insert(connection: sqlite3.Connection, documents: Iterable[Document]) -> None:
    """Add documents that are not stored yet."""
    first = number(connection, "SELECT coalesce(max(seq), 0) + 1 FROM posts")
    placed = list(enumerate(documents, first))
    connection.executemany(
        "INSERT INTO posts VALUES (?, ?, ?, ?, ?, ?, ?)", ((seq, *d.columns) for seq, d in placed)
    )
    connection.executemany("INSERT INTO bodies VALUES (?, ?)", ((seq, d.body) for seq, d in placed))
    _add_areas(connection, placed)
    _add_words(connection, [(seq, d.title, d.text) for seq, d in placed])


def replace(connection: sqlite3.Connection, seq: int, document: Document) -> None:
    """Put a newer version in place; the index of words is touched only where words changed."""
    body = connection.execute("SELECT body FROM bodies WHERE seq = ?", (seq,)).fetchone()[0]
    old = Document(decode(body, ScoredPost))
    connection.execute(
        "UPDATE posts SET id = ?, version = ?, published = ?, source = ?, kind = ?, sentiment = ? "
        "WHERE seq = ?",
        (*document.columns, seq),
    )
    connection.execute("UPDATE bodies SET body = ? WHERE seq = ?", (document.body, seq))
    connection.executemany(
        "DELETE FROM areas WHERE area = ? AND seq = ?", ((area, seq) for area in old.areas)
    )
    _add_areas(connection, [(seq, document)])
    if (old.title, old.text) != (document.title, document.text):
        connection.execute(
            "INSERT INTO words (words, rowid, title, text) VALUES ('delete', ?, ?, ?)",
            (seq, old.title, old.text),
        )
        _add_words(connection, [(seq, document.title, document.text)])


def remove(connection: sqlite3.Connection, seq: int) -> None:
    """Delete a document; its words go out of the files when the index of words is merged."""
    body = connection.execute("SELECT body FROM bodies WHERE seq = ?", (seq,)).fetchone()[0]
    old = Document(decode(body, ScoredPost))
    connection.execute(
        "INSERT INTO words (words, rowid, title, text) VALUES ('delete', ?, ?, ?)",
        (seq, old.title, old.text),
    )
    for table in ("posts", "bodies", "areas"):
        connection.execute(f"DELETE FROM {table} WHERE seq = ?", (seq,))


def _add_areas(connection: sqlite3.Connection, placed: list[tuple[int, Document]]) -> None:
    connection.executemany(
        "INSERT INTO areas VALUES (?, ?)", ((area, seq) for seq, d in placed for area in d.areas)
    )


def _add_words(connection: sqlite3.Connection, rows: list[tuple[int, str, str]]) -> None:
    connection.executemany("INSERT INTO words (rowid, title, text) VALUES (?, ?, ?)", rows)


def number(connection: sqlite3.Connection, sql: str, values: Sequence[object] = ()) -> int:
    """The one integer that a statement gives."""
    return int(connection.execute(sql, values).fetchone()[0])
