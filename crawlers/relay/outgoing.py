"""Posts leave this network: what the raw log holds anew becomes numbered files (摆渡出).

A number is taken first, then the file's copy is made here, then the file appears there, then the
position on the log moves. A crash before the copy gives the number to the next file, a crash after
it delivers the copy: at least once, no number for two different files, no gap. Posts that leave
under two numbers are one on the other side, by their id.
"""

from __future__ import annotations

import shutil
import uuid
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import structlog

from crawlers.relay.memory import alone, recall, remember
from crawlers.relay.parcel import SourceName, name_of, pack, put_down, read_name
from posts.codec import decode
from posts.errors import PoisonError, PostsError, reason_of
from posts.log.port import RAW, Consumer, PostLog, Record
from posts.model import Post
from registry import sources
from registry.db import Database
from registry.errors import InvalidInputError, UnavailableError

log = structlog.get_logger()

GROUP = "relay"
SENT = "relay-sent"
MOST = 2_000  # posts a file
_WAIT_S = 1.0


class _Sender(msgspec.Struct):
    """``open``: file ``number`` was begun and may not have appeared."""

    stream: str
    number: int = 0
    open: bool = False


class Sent(msgspec.Struct, frozen=True):
    """How many files and posts left; ``buried`` could not be read and are dead letters now."""

    files: int
    posts: int
    buried: int


def send(
    folder: Path,
    *,
    posts_log: PostLog,
    database: Database,
    state: Path,
    now: datetime,
    keep: timedelta = timedelta(days=30),
    most: int = MOST,
) -> Sent:
    """Write all that is new to ``folder``; copies stay in ``state/relay-sent`` for ``keep``.

    Raises UnavailableError where the folder or the log is away: nothing is lost, come again.
    """
    memory = state / "relay-out.json"
    with alone(memory):
        _forget_copies(state, before=now - keep)
        sender = recall(memory, _Sender(stream=uuid.uuid4().hex[:8]))
        with database.reading() as session:
            known = {
                one.id: SourceName(one.id, one.name, one.kind, one.own, one.area)
                for one in sources.everything(session)
            }
        if sender.open:
            copy = state / SENT / name_of(sender.stream, sender.number)
            if copy.exists():
                _put(folder / copy.name, copy.read_bytes())
            else:
                sender.number -= 1
        consumer = posts_log.consumer(RAW, GROUP)
        files = posts = buried = 0
        try:
            while records := _gather(consumer, most):
                sender.number, sender.open = sender.number + 1, True
                remember(memory, sender)
                found, bad = _readable(records, posts_log, now)
                named = sorted({post.source for post in found} & set(known))
                content = pack(
                    sender.stream, sender.number, found, tuple(known[one] for one in named)
                )
                _deliver(content, name_of(sender.stream, sender.number), folder, state)
                consumer.commit()
                sender.open = False
                remember(memory, sender)
                files, posts, buried = files + 1, posts + len(found), buried + bad
        except PostsError as error:
            raise UnavailableError(f"{error}修好后再摆渡一次即可，不会丢。") from error
        finally:
            consumer.close()
    return Sent(files, posts, buried)


def again(folder: Path, *, state: Path, first: int, last: int) -> int:
    """Put the files of those numbers there once more. Raises InvalidInputError for any missing."""
    copies = {
        found[1]: file
        for file in sorted((state / SENT).glob("*.gz"))
        if (found := read_name(file.name))
    }
    gone = [number for number in range(first, last + 1) if number not in copies]
    if gone:
        held = f"{min(copies)} 到 {max(copies)}" if copies else "无"
        raise InvalidInputError(
            f"没有第 {gone[0]} 个文件的副本（现存 {held}）。过了保留期的，"
            "请用 yuqing search --json 导出那段时间的帖文，在内侧用 yuqing ingest 导入。"
        )
    for number in range(first, last + 1):
        _put(folder / copies[number].name, copies[number].read_bytes())
    return last - first + 1


def _gather(consumer: Consumer, wanted: int) -> list[Record]:
    records: list[Record] = []
    while len(records) < wanted:
        some = consumer.poll(wanted - len(records), timeout=_WAIT_S)
        if not some:
            break
        records += some
    return records


def _readable(records: list[Record], posts_log: PostLog, now: datetime) -> tuple[list[Post], int]:
    found, bad = [], 0
    for record in records:
        try:
            found.append(decode(record.value, Post))
        except PoisonError as error:
            posts_log.bury(record, reason=f"relay: {error}", attempts=1, at=now)
            bad += 1
    return found, bad


def _deliver(content: bytes, name: str, folder: Path, state: Path) -> None:
    copies = state / SENT
    copies.mkdir(mode=0o700, exist_ok=True)
    _put(copies / name, content)
    _put(folder / name, content)
    log.info("relay_file_sent", file=name, bytes=len(content))


def _put(file: Path, content: bytes) -> None:
    try:
        put_down(file, content)
    except OSError as error:
        free = ""
        if file.parent.is_dir():
            free = f"（剩余 {shutil.disk_usage(file.parent).free / 1e6:.0f} MB）"
        raise UnavailableError(
            f"摆渡文件写不进 {file.parent}{free}：{reason_of(error)}。"
            "帖文还在消息日志里，修好后再运行一次即可，不会丢。"
        ) from error


def _forget_copies(state: Path, *, before: datetime) -> None:
    for file in (state / SENT).glob("*.gz"):
        if file.stat().st_mtime < before.timestamp():
            file.unlink()
