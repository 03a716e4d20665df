"""Names, template and indices in Elasticsearch: made at first use, whoever comes first.

One index a month (``PREFIX-posts-2026-03-000001``), each under two aliases: ``PREFIX-posts``, by
which all are read, and ``PREFIX-posts-2026-03``, by which the month is written. The number grows
when the month moves to a new mapping. What changes without its post will have a template and an
alias of its own beside ``-posts``. The mapping stands in ``elasticsearch_template.json``; only how
the texts are analysed depends on the server.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError

from posts.errors import FatalError, PoisonError
from posts.index.elasticsearch_connection import Connection, cause

VERSION = 1
"""Raise it with every change of the mapping; ``yuqing index migrate`` then moves the months."""

_MONTH = re.compile(r"\d{4}-\d{2}")
_ANALYSERS = ("cjk", "smartcn")
_SHINGLES = {
    "filter": {"pairs": {"type": "shingle", "output_unigrams": True, "token_separator": ""}},
    "analyzer": {
        "pairs": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "pairs"]}
    },
}


class Names:
    """What things are called in the cluster."""

    def __init__(self, prefix: str) -> None:
        self.posts = f"{prefix}-posts"
        self.every = f"{self.posts}-*"

    def month(self, month: str) -> str:
        """The alias by which a month is written. PoisonError where it is none."""
        if not _MONTH.fullmatch(month):
            raise PoisonError(f"filed_month {month!r:.40} is no month")
        return f"{self.posts}-{month}"

    def generation(self, index: str) -> tuple[str, int]:
        """(month, number) of an index."""
        month, _, number = index.removeprefix(f"{self.posts}-").rpartition("-")
        return month, int(number) if number.isdigit() else 0

    def index(self, month: str, number: int) -> str:
        """The index of a month in that generation."""
        return f"{self.posts}-{month}-{number:06d}"


class Template:
    """The index template, and the months that exist by it."""

    def __init__(self, connection: Connection) -> None:
        self.names = Names(connection.settings.prefix)
        self._connection = connection
        self._is_there = False
        self._months: set[str] = set()

    def ensure(self) -> None:
        """Put the template where it is missing or older. FatalError where it is a later one's."""
        if self._is_there:
            return
        with self._connection.client() as client:
            held = _held(client, self.names.posts)
            version = int(held.get("version", 0))
            if version > VERSION:
                raise FatalError(
                    f"{self._connection.where} 里的索引模板 {self.names.posts} 由更新的版本写成"
                    f"（格式 {version}，本程序只认识到 {VERSION}）。请升级程序，索引未作改动。"
                )
            if version < VERSION:
                self.put(client, self.analysers(client))
        self._is_there = True

    def analysers(self, client: Elasticsearch) -> tuple[str, ...]:
        """Which of the server's analysers are to be used."""
        unwanted = () if self._connection.settings.smartcn else ("smartcn",)
        return tuple(name for name in analysers(client) if name not in unwanted)

    def put(self, client: Elasticsearch, found: tuple[str, ...]) -> None:
        """Put the template with those analysers of the server."""
        client.indices.put_index_template(
            name=self.names.posts,
            index_patterns=[self.names.every],
            priority=200,
            template=template(found),
            meta=meta(found),
        )

    def ensure_months(self, months: set[str]) -> None:
        """Make the indices of months that have none yet. PoisonError where one is no month."""
        missing = months - self._months
        if not missing:
            return
        aliases = {month: self.names.month(month) for month in missing}
        self.ensure()
        with self._connection.client() as client:
            for month, alias in sorted(aliases.items()):
                if not client.indices.exists_alias(name=alias):
                    make_index(client, self.names, month, 1, aliases=(alias, self.names.posts))
        self._months |= missing

    def forget(self) -> None:
        """Someone deleted an index: look again before the next write."""
        self._months.clear()
        self._is_there = False


def make_index(
    client: Elasticsearch, names: Names, month: str, number: int, *, aliases: tuple[str, ...] = ()
) -> str:
    """Make an index by the template; one that another process made meanwhile is as good."""
    name = names.index(month, number)
    try:
        client.indices.create(index=name, aliases={alias: {} for alias in aliases})
    except BadRequestError as error:
        if cause(error.body)[0] != "resource_already_exists_exception":
            raise
    return name


def analysers(client: Elasticsearch) -> tuple[str, ...]:
    """Which of the Chinese analysers the server has."""
    found = []
    for name in _ANALYSERS:
        try:
            client.indices.analyze(analyzer=name, text="停水")
        except ApiError as error:
            if error.status_code != 400:  # noqa: PLR2004 - it knows none of that name
                raise
        else:
            found.append(name)
    return tuple(found)


def meta(found: tuple[str, ...]) -> dict[str, Any]:
    """What the template and each index say of themselves."""
    return {"version": VERSION, "analysers": list(found)}


def template(found: tuple[str, ...]) -> dict[str, Any]:
    """Settings and mappings for a server with those analysers.

    Texts are ``cjk`` where it has it, else single characters and pairs by shingles; ``smartcn``
    adds their words as a subfield. They serve other tools; our own searches and significant words
    read ``words`` and ``marks`` (see :mod:`posts.index.elasticsearch_spelling`).
    """
    file = resources.files("posts.index") / "elasticsearch_template.json"
    body: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    analyser = "cjk" if "cjk" in found else "pairs"
    if analyser == "pairs":
        analysis = body["settings"]["index"]["analysis"]
        analysis["filter"] = _SHINGLES["filter"]
        analysis["analyzer"] |= _SHINGLES["analyzer"]
    for name in ("title", "text"):
        field = body["mappings"]["properties"][name]
        field["analyzer"] = analyser
        if "smartcn" in found:
            options = {"norms": False, "index_options": "docs"}
            field["fields"] = {"smartcn": {"type": "text", "analyzer": "smartcn", **options}}
    body["mappings"]["_meta"] = meta(found)
    return body


def _held(client: Elasticsearch, name: str) -> dict[str, Any]:
    try:
        answer = client.indices.get_index_template(name=name)
    except NotFoundError:
        return {}
    held: dict[str, Any] = answer["index_templates"][0]["index_template"].get("_meta", {})
    return held
