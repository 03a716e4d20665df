"""Every adapter of the index for contract tests, each empty and cleaned up after its test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from posts.index.elasticsearch import ElasticsearchIndex
from posts.index.elasticsearch_connection import ElasticsearchSettings
from posts.index.memory import MemoryIndex
from posts.index.port import PostIndex
from posts.index.sqlite import SqliteIndex

INDEXES = [
    "memory",
    "sqlite",
    pytest.param("elasticsearch", marks=pytest.mark.needs("elasticsearch")),
]
#: Those that keep what they have in a place of its own, for tests of what a place holds.
STORED = INDEXES[1:]


_prefix = pytest.StashKey[str]()


@contextmanager
def open_index(request: pytest.FixtureRequest, folder: Path) -> Iterator[PostIndex]:
    """The adapter that ``request.param`` names."""
    if request.param == "elasticsearch":
        url = request.getfixturevalue("elasticsearch_url")
        with elasticsearch_index(url, prefix=_prefix_of(request.session, url)) as made:
            yield made
        return
    index = MemoryIndex() if request.param == "memory" else SqliteIndex(folder / "index.db")
    yield index
    index.close()


@contextmanager
def elasticsearch_index(
    url: str, *, prefix: str = "", own_prefix: str = "", **fields: Any
) -> Iterator[ElasticsearchIndex]:
    """An empty index on that server, which shows what was written as soon as it is read.

    Without ``prefix`` it has a template of its own, which goes with it.
    """
    name = prefix or own_prefix or a_prefix()
    settings = ElasticsearchSettings(url=url, **{"prefix": name, "refresh": "read", **fields})
    index = ElasticsearchIndex(settings)
    try:
        yield index
    finally:
        index.close()
        remove(url, name, template=not prefix)


def a_prefix() -> str:
    """A name that no other test has."""
    return f"test-{secrets.token_hex(4)}"


def remove(url: str, prefix: str, *, template: bool = True) -> None:
    """Delete what that prefix has on the server."""
    index = ElasticsearchIndex(ElasticsearchSettings(url=url, prefix=prefix))
    names = index.template.names
    with index.connection.client() as client:
        found = list(client.indices.get_alias(index=names.every))
        if found:
            client.indices.delete(index=found)
        if template:
            client.options(ignore_status=404).indices.delete_index_template(name=names.posts)
    index.close()


def _prefix_of(session: pytest.Session, url: str) -> str:
    """One template for all tests of a run."""
    if _prefix not in session.stash:
        session.stash[_prefix] = a_prefix()
        session.addfinalizer(lambda: remove(url, session.stash[_prefix]))
    return session.stash[_prefix]
