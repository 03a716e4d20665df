"""An entry from what a person or a program hands in: checked in shape, every fault in Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from registry.errors import InvalidInputError
from registry.statements import clean
from responder.entries import KIND_NAMES, AnyEntry, Entry

_SET_HERE = frozenset({"incident", "seq", "written_at", "by", "rules", "calendar", "second"})


def draft(body: Mapping[str, Any], *, by: str, now: datetime) -> Entry:
    """The entry that ``body`` describes: ``type`` and that kind's fields, ``at`` by default now.

    Who, when written, number and versions are set here and by the incident, never by the body.
    Raises InvalidInputError (``field`` names the field) where it can't be taken.
    """
    kind = body.get("type")
    if kind not in KIND_NAMES:
        names = "、".join(f"{key}（{name}）" for key, name in KIND_NAMES.items())
        raise InvalidInputError(f"没有“{_clean(kind)}”这种记录，可用：{names}", field="type")
    given = {key: _clean(value) for key, value in body.items() if key not in _SET_HERE}
    given = {key: value for key, value in given.items() if value != ""}
    given = {"at": now, **given, "written_at": now, "by": by}
    try:
        entry: Entry = msgspec.convert(given, AnyEntry)
    except msgspec.ValidationError as error:
        message, field = in_chinese(str(error))
        raise InvalidInputError(f"{KIND_NAMES[str(kind)]}：{message}", field=field) from error
    return entry


def _clean(value: Any) -> Any:
    """Texts without what no database takes (NUL, lone surrogates), however deep they stand."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list | tuple) else value


def in_chinese(error: str) -> tuple[str, str | None]:
    """What a decoding error means in Chinese, and the field that it names."""
    path = re.search(r"at `\$\.?([^`]*)`", error)
    field = path.group(1) if path and path.group(1) else None
    missing = re.search(r"missing required field `([^`]+)`", error)
    if missing:
        return f"缺少 {missing.group(1)}", missing.group(1)
    if "timezone" in error:
        return f"{field} 没有时区，请写明，如 +08:00", field
    if "RFC3339" in error or "datetime" in error:
        return f"{field} 不是有效的时间，请写成 2026-02-17T08:00:00+08:00", field
    if "enum" in error or "Invalid value" in error or "pattern" in error:
        return f"{field or 'type'} 的值不认识", field
    return (f"{field} 的写法不对", field) if field else ("不是有效的记录", None)
