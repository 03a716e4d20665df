"""What the readers of files give: rows, bad rows, and the failure of a whole file."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from msgspec import Struct

MAX_LINE_BYTES = 8 * 1024 * 1024
# Text rarely packs better than 1:20, copies of one row perhaps 1:200; a bomb packs 1:1000.
_BOMB_RATIO = 400
_BOMB_FLOOR = 64 * 1024 * 1024
_MOST_EMPTY = 200_000


class Row(Struct, frozen=True):
    """One row: the line it starts on (from 1) and its values by column."""

    line: int
    values: Mapping[str, Any]


class BadRow(Struct, frozen=True):
    """A row that can't be read: where, why (Chinese), and as much of it as helps to find it."""

    line: int
    reason: str
    raw: Any = None
    column: str = ""


class UnreadableFileError(Exception):
    """The file, or its rest from ``line`` on, can't be read; the message is Chinese."""

    def __init__(self, message: str, *, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class _Bounded(io.RawIOBase):
    """Bytes of a gzip file that refuses to swell beyond reason."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._stream = gzip.GzipFile(fileobj=packed)
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            chunk = self._stream.read(len(buffer))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise UnreadableFileError("压缩包已损坏或不完整，请重新取得这个文件") from error
        self._read += len(chunk)
        if self._read > _BOMB_FLOOR and self._read > _BOMB_RATIO * max(self._packed.tell(), 1):
            raise UnreadableFileError("压缩包解压后异常膨胀，疑似压缩炸弹，已停止读取")
        buffer[: len(chunk)] = chunk
        return len(chunk)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked where its name ends in .gz. Raises UnreadableFileError."""
    try:
        if path.is_dir():
            raise UnreadableFileError("这是一个文件夹，请给出其中的文件")
        with path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise UnreadableFileError("文件是空的")
            if path.suffix.lower() == ".gz":
                yield cast("BinaryIO", io.BufferedReader(_Bounded(file), 1 << 16))
            else:
                yield file
    except OSError as error:
        raise UnreadableFileError(unreadable(error)) from error


def unreadable(error: OSError) -> str:
    """A Chinese sentence for why a file can't be opened or read."""
    if isinstance(error, FileNotFoundError):
        return "文件不存在，请检查路径"
    if isinstance(error, PermissionError):
        return "没有读取这个文件的权限"
    return f"文件读不出来（{error.strerror or error}）"


def require_content(empty: int, line: int) -> int:
    """The number of empty lines in a row, one more. Raises where there are beyond reason."""
    if empty >= _MOST_EMPTY:
        raise UnreadableFileError(f"连着 {_MOST_EMPTY} 行都是空的，已停止读取", line=line)
    return empty + 1


def text_encoding(path: Path) -> str:
    """The encoding of a whole text file: by its byte order mark, else UTF-8, else GB18030.

    Reads the file once, in constant memory, so that a late wrong byte is found before the first
    row is taken. Raises UnreadableFileError where neither fits.
    """
    with opened(path) as file:
        head = file.peek(4)[:4] if isinstance(file, io.BufferedReader) else b""
        if head.startswith(b"\xef\xbb\xbf"):
            return "utf-8-sig"
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16"
    for encoding in ("utf-8", "gb18030"):
        with opened(path) as file:
            if _decodes(file, encoding):
                return encoding
    raise UnreadableFileError("文字编码既不是 UTF-8 也不是 GB18030，请另存为 UTF-8 再导入")


def _decodes(file: IO[bytes], encoding: str) -> bool:
    text = io.TextIOWrapper(cast("BinaryIO", file), encoding=encoding)
    try:
        while text.read(1 << 16):
            pass
    except UnicodeDecodeError:
        return False
    finally:
        text.detach()
    return True


def excerpt(value: object, limit: int = 2000) -> object:
    """The value where it is short, else its beginning, for the rejects file."""
    if isinstance(value, bytes):
        value = value[: limit * 4].decode("utf-8", "replace")
    if isinstance(value, str):
        return value if len(value) <= limit else value[:limit] + "…"
    if isinstance(value, Mapping):
        return {str(name): excerpt(field, limit) for name, field in value.items()}
    if isinstance(value, bool | int | float) or value is None:
        return value
    return excerpt(str(value), limit)
