"""Who stands at each slot of the window, in columns: 46 bytes a slot.

As structs of strings they took more than the texts' hashes. Ids of the service are 32 hexadecimal
digits, which are kept as 16 bytes; others up to 16 bytes as they are; longer ones beside.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from msgspec import Struct

_ID = 17  # what follows, in one byte, and 16 of it
_HEX, _BESIDE = 0xFF, 0xFE
_HEX_DIGITS = 32


class Origin(Struct, array_like=True, frozen=True):
    """Who stands at a slot, and the group's first post: its id, source, seconds since 1970."""

    id: str
    group: str
    source: str
    at: float


class Origins:
    """Origins by slot; None where nothing was put."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._ids, self._groups = _Names(size), _Names(size)
        self._source = np.zeros(size, np.int32)
        self._at = np.zeros(size, np.float64)
        self._sources: list[str] = []
        self._number: dict[str, int] = {}

    def __getitem__(self, slot: int) -> Origin | None:
        name = self._ids[slot]
        if not name:
            return None
        source = self._sources[int(self._source[slot])]
        return Origin(name, self._groups[slot], source, float(self._at[slot]))

    def __setitem__(self, slot: int, origin: Origin) -> None:
        self._ids[slot], self._groups[slot] = origin.id, origin.group
        number = self._number.get(origin.source)
        if number is None:
            number = self._new_source(origin.source)
        self._source[slot] = number
        self._at[slot] = origin.at

    def _new_source(self, name: str) -> int:
        if len(self._sources) > self._size:  # those that have left the window go
            used, self._source[:] = np.unique(self._source, return_inverse=True)
            self._sources = [self._sources[number] for number in used.tolist()]
            self._number = {one: number for number, one in enumerate(self._sources)}
        self._number[name] = len(self._sources)
        self._sources.append(name)
        return len(self._sources) - 1

    def slots_of(self, posts: Collection[str]) -> list[int]:
        """Where those posts stand."""
        wanted = set(posts)
        return [slot for slot in range(self._size) if self._ids[slot] in wanted]

    @property
    def nbytes(self) -> int:
        """Of memory, without names of sources and ids beside."""
        return self._source.nbytes + self._at.nbytes + 2 * _ID * self._size


class _Names:
    """A name for each slot, "" where none was put."""

    def __init__(self, size: int) -> None:
        self._packed = bytearray(_ID * size)
        self._beside: dict[int, str] = {}

    def __getitem__(self, slot: int) -> str:
        kind = self._packed[_ID * slot]
        if kind == _BESIDE:
            return self._beside[slot]
        body = self._packed[_ID * slot + 1 : _ID * (slot + 1)]
        return body.hex() if kind == _HEX else body[:kind].decode("utf-8", "surrogatepass")

    def __setitem__(self, slot: int, name: str) -> None:
        packed = _packed(name)
        if self._packed[_ID * slot] == _BESIDE:
            del self._beside[slot]
        if packed is None:
            self._beside[slot] = name
            packed = bytes([_BESIDE]).ljust(_ID, b"\0")
        self._packed[_ID * slot : _ID * (slot + 1)] = packed


def _packed(name: str) -> bytes | None:
    """A name in 17 bytes; None where it is longer."""
    if len(name) == _HEX_DIGITS:
        try:
            body = bytes.fromhex(name)
        except ValueError:
            return None
        return bytes([_HEX]) + body if body.hex() == name else None
    body = name.encode("utf-8", "surrogatepass")
    return bytes([len(body)]) + body.ljust(_ID - 1, b"\0") if len(body) < _ID else None
