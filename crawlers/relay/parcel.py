"""The form of a relay file (摆渡文件): a header line, then one post a line, in gzip.

``yuqing-STREAM-000000001.jsonl.gz``: STREAM is the sender's own random name, the number counts its
files without gaps. The header holds both, the count of posts, the SHA-256 of all lines after it,
and the sources that the posts name. The same posts make the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from pathlib import Path

import msgspec

from posts.codec import MAX_MESSAGE_BYTES, decode, encode
from posts.errors import PoisonError
from posts.model import Post

VERSION = 1
MAX_FILE_BYTES = 256 * 1024 * 1024  # unpacked
_NAME = re.compile(r"yuqing-([0-9a-f]{8})-(\d{9})\.jsonl\.gz")


class SourceName(msgspec.Struct, frozen=True):
    """What the far side needs to know of a source that it has not heard of."""

    id: str
    name: str
    kind: str
    own: bool = False
    area: str | None = None


class Header(msgspec.Struct, frozen=True):
    """The first line of a file."""

    relay: int
    stream: str
    number: int
    count: int
    sha256: str
    sources: tuple[SourceName, ...] = ()


class RejectedError(Exception):
    """A file that is not taken; the message says why, in Chinese."""


def name_of(stream: str, number: int) -> str:
    """The file's name."""
    return f"yuqing-{stream}-{number:09d}.jsonl.gz"


def read_name(name: str) -> tuple[str, int] | None:
    """Stream and number of a file's name; None where it is no relay file."""
    found = _NAME.fullmatch(name)
    return (found[1], int(found[2])) if found else None


def pack(stream: str, number: int, posts: list[Post], sources: tuple[SourceName, ...]) -> bytes:
    """The file's bytes."""
    body = b"".join(encode(post) + b"\n" for post in posts)
    header = Header(VERSION, stream, number, len(posts), hashlib.sha256(body).hexdigest(), sources)
    return gzip.compress(msgspec.json.encode(header) + b"\n" + body, 6, mtime=0)


def unpack(file: Path) -> tuple[Header, list[Post]]:
    """Header and posts of a file, whole and as they were sent. Raises RejectedError, OSError."""
    first, body = _read(file)
    try:
        header = msgspec.json.decode(first, type=Header)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RejectedError("文件头读不懂，不是摆渡文件，或者损坏了") from error
    if header.relay != VERSION:
        raise RejectedError(f"文件格式版本是 {header.relay}，这里只懂 {VERSION}：请先升级本侧")
    if hashlib.sha256(body).hexdigest() != header.sha256:
        raise RejectedError("内容与文件头里的校验值不符，途中损坏或被改动")
    if read_name(file.name) != (header.stream, header.number):
        raise RejectedError(f"文件名与文件头不符：文件头是第 {header.number} 个")
    lines = body.splitlines()
    if len(lines) != header.count:
        raise RejectedError(f"应有 {header.count} 条，实有 {len(lines)} 条")
    try:
        return header, [decode(line, Post) for line in lines]
    except PoisonError as error:
        raise RejectedError(
            f"有一条帖文读不懂（{error}）：两侧版本可能不同，请先升级本侧"
        ) from error


def _read(file: Path) -> tuple[bytes, bytes]:
    """The header line and the rest; never more in memory than a file may hold."""
    try:
        with gzip.open(file, "rb") as opened:
            first = opened.readline(MAX_MESSAGE_BYTES)
            body = opened.read(MAX_FILE_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise RejectedError("压缩包不完整，可能没有传完") from error
    if len(body) > MAX_FILE_BYTES:
        raise RejectedError(f"解开后超过 {MAX_FILE_BYTES // 1024 // 1024} MB 的上限")
    return first, body


def put_down(file: Path, content: bytes) -> None:
    """The file appears whole or not at all, and stays when the power goes."""
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
