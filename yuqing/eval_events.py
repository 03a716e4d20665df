"""How well events of a file fit events that people read: for ``yuqing eval --events``."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from analyzer.grouping.events_evaluation import fit, table
from analyzer.grouping.events_filter import group, read
from posts.errors import reason_of
from registry.errors import InvalidInputError


def measured(events: Path, posts: Path) -> list[str]:
    """The table. ``events``: name → ids, or parts of such; ``posts``: lines of JSON.

    A line without ``published_at`` is taken by its ``time``. Raises InvalidInputError.
    """
    given = read(map(_dated, _lines(posts)), bad=lambda _one: None)
    found = {one.id: one.event for one in group(given)}
    rows = [(name, fit(found, part)) for name, part in _parts(events).items()]
    return table(rows)


def _lines(file: Path) -> list[bytes]:
    try:
        data = file.read_bytes()
        body = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except OSError as error:
        raise InvalidInputError(f"读不了 {file}：{reason_of(error)}。") from error
    except (EOFError, zlib.error) as error:
        raise InvalidInputError(f"{file} 不是完整的 gzip 文件。") from error
    return body.splitlines()


def _dated(line: bytes) -> bytes:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if not isinstance(row, dict) or "published_at" in row or "time" not in row:
        return line
    return json.dumps({**row, "published_at": row["time"]}).encode()


def _parts(file: Path) -> dict[str, dict[str, list[Any]]]:
    wrong = InvalidInputError(f"{file} 应为 JSON：事件名称到帖文编号列表，可分几部分。")
    try:
        body = json.loads(b"\n".join(_lines(file)))
    except (ValueError, RecursionError) as error:
        raise wrong from error
    if not isinstance(body, dict):
        raise wrong
    parts = {name: part for name, part in body.items() if not name.startswith("_")}
    if parts and all(isinstance(ids, list) for ids in parts.values()):
        parts = {file.name: parts}
    for part in parts.values():
        if not isinstance(part, dict) or not all(isinstance(ids, list) for ids in part.values()):
            raise wrong
    return parts
