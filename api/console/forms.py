"""What people fill in: plain form fields, read safely, with times in Asia/Shanghai."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from api.console.words import SHANGHAI
from registry.errors import InvalidInputError

_LONGEST = 20_000


class Fields(dict[str, str]):
    """The text fields of a form, each once, trimmed, without control characters.

    Files are left out. ``get`` gives "" for what is missing.
    """

    def text(self, name: str, label: str, *, longest: int = 200) -> str:
        """A field that must be there. Raises InvalidInputError naming it."""
        value = self.get(name, "")
        if not value:
            raise InvalidInputError(f"“{label}”没有填。", field=name)
        if len(value) > longest:
            raise InvalidInputError(f"“{label}”太长，最多 {longest} 个字。", field=name)
        return value

    def instant(self, name: str, label: str) -> datetime | None:
        """A ``datetime-local`` value as an instant in UTC; None where it is empty.

        Browsers send no zone: Asia/Shanghai holds. Raises InvalidInputError for what is no time.
        """
        value = self.get(name, "")
        if not value:
            return None
        try:
            read = datetime.fromisoformat(value)
            if read.tzinfo is None:
                read = read.replace(tzinfo=SHANGHAI)
            return read.astimezone(UTC)
        except (ValueError, OverflowError):
            raise InvalidInputError(
                f"“{label}”不是时间，请写成 2026-08-18T14:12 的样子。", field=name
            ) from None

    def number(self, name: str, label: str, *, least: int, most: int) -> int:
        """A whole number within bounds. Raises InvalidInputError."""
        value = self.get(name, "")
        if not (value.isascii() and value.isdigit() and len(value) <= len(str(most))):
            raise InvalidInputError(f"“{label}”应为整数。", field=name)
        if not least <= int(value) <= most:
            raise InvalidInputError(f"“{label}”应在 {least} 到 {most} 之间。", field=name)
        return int(value)

    def words(self, name: str) -> tuple[str, ...]:
        """Words separated by white space or commas, each once, in order."""
        parts = self.get(name, "").replace("，", " ").replace(",", " ").replace("、", " ").split()
        return tuple(dict.fromkeys(parts))


def clean(value: str) -> str:
    """Trimmed, without control and unpaired surrogate characters; line ends are LF."""
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    return "".join(kept).strip()


async def _fields(request: Request) -> Fields:
    form = await request.form()
    fields = Fields()
    for name, value in form.items():
        if isinstance(value, str) and name not in fields:
            fields[name] = clean(value)[: _LONGEST + 1]
    return fields


Form = Annotated[Fields, Depends(_fields)]


def local_value(at: datetime | None) -> str:
    """An instant as the value of a ``datetime-local`` field, in Asia/Shanghai."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S") if at else ""


def safe_back(target: str, default: str = "/") -> str:
    """A path of this console to go back to; anything else becomes the default."""
    local = target.startswith("/") and not target.startswith(("//", "/\\"))
    plain = all(" " < character != "\\" for character in target)
    return target if local and plain and len(target) <= _LONGEST else default
