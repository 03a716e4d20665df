"""How a database fails, in one form for all of them."""

from __future__ import annotations

from msgspec import Struct

from registry.errors import DeskError

READ_ONLY = "数据库是只读的"


class Failure(Struct, frozen=True):
    """The error that is raised in place of the driver's, with its sentence in Chinese."""

    kind: type[DeskError]
    sentence: str

    @property
    def read_only(self) -> bool:
        """A write where none is allowed: inside ``reading()`` that is our own mistake."""
        return self.sentence.startswith(READ_ONLY)
