"""The one door into the log: every item, crawled, imported or entered, is admitted here (收录).

Normalise, mask, replace the author by a keyed reference, find duplicates by what was seen before,
append to the raw log, and only then remember: a crash in between repeats a post, never loses one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import structlog
from msgspec import Struct
from msgspec.structs import replace

from crawlers.cleaning import clean_line, clean_text, clean_url
from crawlers.masking import mask
from posts.codec import encode
from posts.errors import PoisonError, PostsError
from posts.identity import (
    SHANGHAI,
    author_reference,
    canonical_url,
    filed_month,
    pack_version,
    post_id,
)
from posts.log.port import RAW, PostLog
from posts.model import Certainty, Engagement, Post
from registry import erasures, own_pages, secrets, sightings
from registry.db import Database
from registry.errors import UnavailableError
from registry.sightings import Sighting

log = structlog.get_logger()

ERASED = "已依法销毁，不再收录"
MAX_TEXT_BYTES = 2 * 1024 * 1024
BATCH = 500
_FUTURE = timedelta(days=1)
_FIRST_YEAR = 1900
_VERSION_STEP = 1 << 12  # one millisecond of a packed version

# Whatever is masked has seven digits or more, close together; most posts have none such.
_NUMBER = re.compile(r"\d(?:\D{0,4}\d){6}")


class Item(Struct, frozen=True, kw_only=True):
    """What a spider, a file or a person brings.

    ``published_at``: an instant (without a zone: Asia/Shanghai), a day, or None where the source
    states none. ``native`` is the source's own id. ``author`` is a name here and leaves as a
    reference. ``fetched_at`` is aware.
    """

    source: str
    kind: str
    native: str | None = None
    url: str | None = None
    title: str = ""
    text: str = ""
    published_at: datetime | date | None = None
    author: str | None = None
    engagement: Engagement = Engagement()
    fetched_at: datetime


class State(StrEnum):
    """What became of an item."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of an item; ``reason`` is Chinese, ``field`` the field that it is about.

    ``new`` is false where the post was known and its content has changed.
    """

    state: State
    post_id: str | None = None
    new: bool = False
    reason: str = ""
    field: str = ""


class _Ready(Struct, frozen=True):
    """A normalised item with its id and content hash."""

    item: Item
    id: str
    url: str | None
    title: str
    text: str
    published_at: datetime | None
    certainty: Certainty
    content_hash: str


class Admission:
    """Admits items to the raw log. One instance serves one process; calls may come from threads."""

    def __init__(self, log: PostLog, database: Database) -> None:
        self._log = log
        self._database = database
        self._key: bytes | None = None
        self._last_version = 0

    def admit(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome for each item, in their order.

        Raises UnavailableError where the log or the registry can't be written now; what was
        admitted before that stays, and giving the same items again is harmless.
        """
        outcomes: list[Outcome] = []
        for start in range(0, len(items), BATCH):
            outcomes.extend(self._admit_batch(items[start : start + BATCH]))
        return outcomes

    def _admit_batch(self, items: Sequence[Item]) -> list[Outcome]:
        prepared = [_prepare(item) for item in items]
        ids = list({ready.id for ready in prepared if isinstance(ready, _Ready)})
        with self._database.reading() as session:
            known = sightings.known(session, ids)
            gone = erasures.erased(session, erasures.POST, ids)
        outcomes: list[Outcome] = []
        batch: list[tuple[str, bytes]] = []
        fresh: dict[str, Sighting] = {}
        posts: list[Post] = []
        latest = items[0].fetched_at
        for ready in prepared:
            if isinstance(ready, Outcome):
                outcomes.append(ready)
                continue
            if ready.id in gone:
                outcomes.append(_rejected(ERASED, ""))
                continue
            before = fresh.get(ready.id) or known.get(ready.id)
            if before is not None and before.content_hash == ready.content_hash:
                outcomes.append(Outcome(state=State.DUPLICATE, post_id=ready.id))
                continue
            post = self._post(ready, before)
            try:
                batch.append((post.id, encode(post)))
            except PoisonError:
                outcomes.append(_rejected("内容里有无法写成 UTF-8 的字符", "text"))
                continue
            fresh[ready.id] = Sighting(
                post_id=ready.id,
                content_hash=ready.content_hash,
                first_seen_at=post.first_seen_at,
                filed_month=post.filed_month,
            )
            posts.append(post)
            latest = max(latest, ready.item.fetched_at)
            outcomes.append(
                Outcome(state=State.ACCEPTED, post_id=ready.id, new=ready.id not in known)
            )
        if batch:
            self._append(batch)
            with self._database.transaction() as session:
                before_us = sightings.remember(session, list(fresh.values()), now=latest)
                own_pages.remember(session, posts)
            # Two who admit the same at once both append it, but only one of them brought it.
            outcomes = [_honest(one, known, before_us, fresh) for one in outcomes]
        return outcomes

    def _append(self, batch: list[tuple[str, bytes]]) -> None:
        try:
            self._log.append(RAW, batch)
        except PostsError as error:
            log.warning("log_append_failed", records=len(batch), error=str(error))
            raise UnavailableError(
                f"{error}这一批没有写入，重做一遍即可，不会产生重复帖文。"
            ) from error

    def _post(self, ready: _Ready, before: Sighting | None) -> Post:
        item = ready.item
        fetched_at = item.fetched_at.astimezone(UTC)
        first_seen = before.first_seen_at if before else fetched_at
        version = pack_version(fetched_at)
        if before is not None and version <= self._last_version:
            # Within one import everything bears one fetch time; the later content must still win.
            version = self._last_version + _VERSION_STEP
        self._last_version = max(self._last_version, version)
        return Post(
            id=ready.id,
            source=item.source,
            kind=item.kind,
            url=ready.url,
            title=ready.title,
            text=ready.text,
            published_at=ready.published_at or first_seen,
            certainty=ready.certainty,
            first_seen_at=first_seen,
            author=self._author(item),
            engagement=item.engagement,
            version=version,
            filed_month=before.filed_month if before else filed_month(first_seen),
        )

    def _author(self, item: Item) -> str | None:
        name = (item.author or "").strip()
        if not name:
            return None
        if self._key is None:
            with self._database.transaction() as session:
                self._key = secrets.key(session, "author")
        return author_reference(self._key, item.source, name)


def item_id(item: Item) -> str | None:
    """The post id of an item that has a native id or an address; None where content decides."""
    native = (item.native or "").strip()
    if native:
        return post_id(item.source, native)
    url = clean_url(item.url)
    return post_id(item.source, canonical_url(url)) if url else None


def _prepare(item: Item) -> _Ready | Outcome:
    # A code point takes at most 4 bytes: only a long text is worth encoding to measure it.
    if (len(item.title) + len(item.text)) * 4 > MAX_TEXT_BYTES:
        size = len(f"{item.title}{item.text}".encode("utf-8", "replace"))
        if size > MAX_TEXT_BYTES:
            return _rejected(
                f"标题和正文共 {size / 1024 / 1024:.1f} MB，超过 2 MB 的上限，请拆分后再收录",
                "text",
            )
    title = _masked(clean_line(item.title))
    text = _masked(clean_text(item.text))
    if not title and not text:
        return _rejected("正文和标题都为空", "text")
    published_at, certainty = _published(item)
    url = clean_url(item.url)
    stated = published_at.isoformat() if published_at else ""
    content = hashlib.sha256(
        "\x1f".join((title, text, stated, url or "")).encode("utf-8", "replace")
    ).hexdigest()[:32]
    identity = item_id(item) or post_id(item.source, content)
    return _Ready(item, identity, url, title, text, published_at, certainty, content)


def _honest(
    outcome: Outcome,
    known: Mapping[str, Sighting],
    before_us: Mapping[str, Sighting],
    fresh: Mapping[str, Sighting],
) -> Outcome:
    """The outcome by what was there when we wrote, not when we looked."""
    post = outcome.post_id
    if outcome.state is not State.ACCEPTED or post is None:
        return outcome
    there = before_us.get(post)
    if there is None or there == known.get(post):
        return outcome
    if there.content_hash == fresh[post].content_hash:
        return Outcome(state=State.DUPLICATE, post_id=post)
    return replace(outcome, new=False)


def _masked(text: str) -> str:
    return mask(text) if _NUMBER.search(text) else text


def _published(item: Item) -> tuple[datetime | None, Certainty]:
    """The stated instant in UTC and its certainty; None where it is missing or can't be true."""
    stated = item.published_at
    if stated is None or stated.year < _FIRST_YEAR:
        return None, Certainty.ESTIMATED
    if isinstance(stated, datetime):
        certainty = Certainty.EXACT
        at = stated if stated.tzinfo is not None else stated.replace(tzinfo=SHANGHAI)
    else:
        certainty = Certainty.DAY
        at = datetime(stated.year, stated.month, stated.day, tzinfo=SHANGHAI)
    try:
        at = at.astimezone(UTC)
    except OverflowError:
        return None, Certainty.ESTIMATED
    if at > item.fetched_at + _FUTURE:
        return None, Certainty.ESTIMATED
    return at, certainty


def _rejected(reason: str, field: str) -> Outcome:
    return Outcome(state=State.REJECTED, reason=reason, field=field)
