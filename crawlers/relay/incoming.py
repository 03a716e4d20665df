"""Posts arrive from the other network: each whole file is admitted once (摆渡入).

Id, version, first sight and month are the sender's, so that a file that comes twice changes
nothing. A file that is not as it was sent is put aside with the reason and nothing of it is taken;
numbers that did not come are told until they come.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import msgspec
import structlog
from msgspec import structs

from crawlers.relay.memory import alone, recall, remember
from crawlers.relay.parcel import Header, RejectedError, read_name, unpack
from posts.codec import encode
from posts.errors import PostsError, reason_of
from posts.log.port import RAW, PostLog
from posts.model import Certainty, Post
from registry import erasures, own_pages, sightings, sources
from registry.db import Database
from registry.errors import InvalidInputError, UnavailableError
from registry.sightings import Sighting
from registry.sources import Source

log = structlog.get_logger()

BATCH = 500
SETTLED_S = 60.0  # a file that nobody has written to for so long is complete, or never will be
DONE, REJECTED = "done", "rejected"
_MOST_MISSING = 1_000


class _Stream(msgspec.Struct):
    last: int = 0
    missing: list[int] = []


class Received(msgspec.Struct, frozen=True):
    """``rejected``: file and reason; ``missing``: stream and the numbers that did not come yet."""

    files: int
    read: int
    accepted: int
    duplicates: int
    rejected: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, tuple[int, ...]], ...]


def receive(
    folder: Path, *, posts_log: PostLog, database: Database, state: Path, now: datetime
) -> Received:
    """Admit every file that lies in ``folder``, by number; they move to ``done`` or ``rejected``.

    Raises UnavailableError where folder, log or database is away: come again, nothing is lost.
    """
    memory = state / "relay-in.json"
    accepted = duplicates = files = read = 0
    rejected: list[tuple[str, str]] = []
    with alone(memory):
        streams: dict[str, _Stream] = recall(memory, _Memory()).streams
        for file in _waiting(folder):
            try:
                header, posts = unpack(file)
                _know_sources(header, posts, database, now)
            except (RejectedError, InvalidInputError) as error:
                # A gateway may write slowly and under the final name.
                if abs(now.timestamp() - file.stat().st_mtime) >= SETTLED_S:
                    reason = str(error).rstrip("。")
                    rejected.append((file.name, reason))
                    _put_aside(file, reason)
                continue
            except OSError as error:
                raise UnavailableError(f"摆渡文件 {file} 读不了：{reason_of(error)}。") from error
            taken = 0
            for start in range(0, len(posts), BATCH):
                taken += _admit(posts[start : start + BATCH], posts_log, database, now)
            _count(streams.setdefault(header.stream, _Stream()), header.number)
            remember(memory, _Memory(streams))
            _move(file, folder / DONE)
            files, read = files + 1, read + len(posts)
            accepted, duplicates = accepted + taken, duplicates + len(posts) - taken
    gaps = tuple((name, tuple(one.missing)) for name, one in streams.items() if one.missing)
    return Received(files, read, accepted, duplicates, tuple(rejected), gaps)


class _Memory(msgspec.Struct):
    streams: dict[str, _Stream] = {}


def _waiting(folder: Path) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if read_name(file.name) and file.is_file())
    except OSError as error:
        raise UnavailableError(f"摆渡文件夹 {folder} 读不了：{reason_of(error)}。") from error


def _admit(posts: list[Post], posts_log: PostLog, database: Database, now: datetime) -> int:
    """How many of them went on the log; the rest is known as it is, or was destroyed by law."""
    ids = [post.id for post in posts]
    with database.reading() as session:
        known = sightings.known(session, ids)
        gone = erasures.erased(session, erasures.POST, ids)
    batch: list[tuple[str, bytes]] = []
    taken: list[Post] = []
    fresh: dict[str, Sighting] = {}
    for post in posts:
        before = fresh.get(post.id) or known.get(post.id)
        content = _content(post)
        if post.id in gone or (before is not None and before.content_hash == content):
            continue
        if before is not None:
            # One post is one document: whoever saw it first on this side has fixed where it is.
            post = structs.replace(  # noqa: PLW2901
                post, first_seen_at=before.first_seen_at, filed_month=before.filed_month
            )
        batch.append((post.id, encode(post)))
        taken.append(post)
        fresh[post.id] = Sighting(
            post_id=post.id,
            content_hash=content,
            first_seen_at=post.first_seen_at,
            filed_month=post.filed_month,
        )
    if not batch:
        return 0
    try:
        posts_log.append(RAW, batch)
    except PostsError as error:
        raise UnavailableError(
            f"{error}这个文件没有收完，仍在原处，再运行一次即可，不会产生重复帖文。"
        ) from error
    with database.transaction() as session:
        sightings.remember(session, list(fresh.values()), now=now)
        own_pages.remember(session, taken)
    return len(batch)


def _content(post: Post) -> str:
    """The content's hash as ``crawlers.admission`` makes it."""
    stated = "" if post.certainty is Certainty.ESTIMATED else post.published_at.isoformat()
    parts = (post.title, post.text, stated, post.url or "")
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _know_sources(header: Header, posts: list[Post], database: Database, now: datetime) -> None:
    named = {one.id: one for one in header.sources}
    kinds = {post.source: post.kind for post in posts}
    with database.transaction() as session:
        known = {one.id for one in sources.everything(session)}
        for source_id, kind in kinds.items():
            if source_id in known:
                continue
            told = named.get(source_id)
            made = sources.ensure(
                session, source_id, told.name if told else source_id, kind, now=now
            )
            if told is not None:
                given: Source = structs.replace(made, own=told.own, area=told.area)
                sources.put(session, given, now=now)


def _count(stream: _Stream, number: int) -> None:
    if number in stream.missing:
        stream.missing.remove(number)
    if number > stream.last:
        gap = range(stream.last + 1, number)
        stream.missing = (stream.missing + list(gap[-_MOST_MISSING:]))[-_MOST_MISSING:]
        stream.last = number


def _put_aside(file: Path, reason: str) -> None:
    log.warning("relay_file_rejected", file=file.name, reason=reason)
    moved = _move(file, file.parent / REJECTED)
    moved.with_name(f"{moved.name}.原因.txt").write_text(f"{reason}。\n", encoding="utf-8")


def _move(file: Path, folder: Path) -> Path:
    try:
        folder.mkdir(exist_ok=True)
        return file.replace(folder / file.name)
    except OSError as error:
        raise UnavailableError(
            f"摆渡文件 {file} 移不进 {folder}：{reason_of(error)}。"
            "内容已经收下，再运行一次不会重复；请给服务用户写这个文件夹的权限。"
        ) from error
