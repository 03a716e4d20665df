"""JSON Lines, and the JSON array that people also save as .json."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from crawlers.imports.rows import (
    MAX_LINE_BYTES,
    BadRow,
    Row,
    UnreadableFileError,
    excerpt,
    opened,
    require_content,
)
from posts.json_faults import json_fault

_MAX_ARRAY_BYTES = 32 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_decode = msgspec.json.Decoder().decode


def read(path: Path) -> Iterator[Row | BadRow]:
    """The rows of the file, streaming. Raises UnreadableFileError where it can't go on."""
    with opened(path) as file:
        if _starts_array(file):
            yield from _array(file)
        else:
            yield from _lines(file)


def _starts_array(file: BinaryIO) -> bool:
    head: bytes = file.peek(256)  # type: ignore[attr-defined]
    return head.removeprefix(_BOM).lstrip().startswith(b"[")


def _lines(file: BinaryIO) -> Iterator[Row | BadRow]:
    number = empty = 0
    while True:
        number += 1
        try:
            line = file.readline(MAX_LINE_BYTES + 1)
            if not line:
                return
            if len(line) > MAX_LINE_BYTES:
                _skip_line(file, line)
                yield BadRow(
                    number,
                    f"这一行超过 {MAX_LINE_BYTES // 1024 // 1024} MB 的上限",
                    excerpt(line, 200),
                )
                continue
        except UnreadableFileError as error:
            raise UnreadableFileError(error.message, line=number) from error
        if number == 1:
            line = line.removeprefix(_BOM)
        line = line.strip()
        if line:
            empty = 0
            yield _row(number, line)
        else:
            empty = require_content(empty, number)


def _skip_line(file: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(1 << 20)


def _row(number: int, line: bytes) -> Row | BadRow:
    try:
        value = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return BadRow(number, _reason(line, error), excerpt(line, 500))
    except RecursionError:
        return BadRow(number, "JSON 嵌套太深", excerpt(line, 200))
    if not isinstance(value, dict):
        return BadRow(number, '这一行不是 JSON 对象（应形如 {"title": …}）', excerpt(line, 500))
    return Row(number, value)


def _reason(line: bytes, error: Exception) -> str:
    try:
        line.decode()
    except UnicodeDecodeError as wrong:
        return f"不是 UTF-8 编码（第 {wrong.start + 1} 个字节起），请另存为 UTF-8"
    return f"不是合法的 JSON：{json_fault(error)}"


def _array(file: BinaryIO) -> Iterator[Row | BadRow]:
    data = file.read(_MAX_ARRAY_BYTES + 1)
    if len(data) > _MAX_ARRAY_BYTES:
        raise UnreadableFileError(
            f"JSON 数组超过 {_MAX_ARRAY_BYTES // 1024 // 1024} MB，请改成每行一个对象（JSON Lines）"
        )
    try:
        values: Any = _decode(data.removeprefix(_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableFileError(_reason(data, error)) from error
    for number, value in enumerate(values, 1):
        if isinstance(value, dict):
            yield Row(number, value)
        else:
            yield BadRow(number, f"数组的第 {number} 个元素不是 JSON 对象", excerpt(value, 500))
