"""Where the rows of a table lie in an SQLite file, byte by byte (fileformat2.html, section 1)."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def row_bytes(file: Path, table: str) -> list[int]:
    """The offsets of all bytes of the table's cells and of their overflow pages."""
    connection = sqlite3.connect(file)
    (root,) = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    connection.close()
    data = file.read_bytes()
    size = int.from_bytes(data[16:18], "big")
    assert size > 1
    assert data[20] == 0, "no reserved bytes at the end of pages"
    found: list[int] = []
    pages = [root]
    while pages:
        start = (pages.pop() - 1) * size
        head = start + (100 if start == 0 else 0)
        kind, cells = data[head], int.from_bytes(data[head + 3 : head + 5], "big")
        at = head + (12 if kind == 5 else 8)
        places = [
            start + int.from_bytes(data[at + 2 * n : at + 2 * n + 2], "big") for n in range(cells)
        ]
        if kind == 5:  # inner page: the left child of each cell, and the right-most one
            pages += [int.from_bytes(data[place : place + 4], "big") for place in places]
            pages.append(int.from_bytes(data[head + 8 : head + 12], "big"))
            continue
        assert kind == 13, "a leaf of a table"
        for place in places:
            found += _cell(data, place, size)
    return found


def _cell(data: bytes, place: int, size: int) -> list[int]:
    payload, after = _varint(data, place)
    _, body = _varint(data, after)
    local = _local(payload, size)
    found = list(range(place, body + local))
    left, pointer = payload - local, body + local
    while left > 0:
        found += range(pointer, pointer + 4)
        page = (int.from_bytes(data[pointer : pointer + 4], "big") - 1) * size
        here = min(left, size - 4)
        found += range(page + 4, page + 4 + here)
        left, pointer = left - here, page
    return found


def _local(payload: int, size: int) -> int:
    """How many bytes of a table leaf's payload stay on the page."""
    if payload <= size - 35:
        return payload
    least = (size - 12) * 32 // 255 - 23
    kept = least + (payload - least) % (size - 4)
    return kept if kept <= size - 35 else least


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for n in range(9):
        byte = data[at + n]
        if n == 8:
            return (value << 8) | byte, at + 9
        value = (value << 7) | (byte & 0x7F)
        if byte < 0x80:
            return value, at + n + 1
    raise AssertionError
