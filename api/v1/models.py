"""What JSON carries in and out. Instants go out in +08:00; those that come in name their zone."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from typing import Annotated, Any, Generic, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
MAX_LIMIT = 200
MAX_ID = 2**53 - 1
MAX_DEPTH = 20
MAX_INSTANT = 64  # characters; the longest ISO form has fewer
_YEARS = range(1900, 2201)
_EXAMPLE = "2026-08-18T14:12:00+08:00"
_CONTROLS = {code: None for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: None}

T = TypeVar("T")


def in_shanghai(at: datetime) -> str:
    """ISO 8601 with +08:00."""
    return at.astimezone(SHANGHAI).isoformat()


def _instant(value: object) -> datetime:
    if not isinstance(value, str) or len(value) > MAX_INSTANT:
        raise ValueError(f"应为时间，如 {_EXAMPLE}")
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(f"不是合法的时间，请写成 {_EXAMPLE}") from None
    return _within_years(at)


def _within_years(at: datetime) -> datetime:
    if at.year not in _YEARS:
        raise ValueError("年份应在 1900 与 2200 之间")
    return at


def _zoned(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError(f"缺少时区，请写成 {_EXAMPLE}")
    return at


def _local_unless_zoned(value: object) -> datetime:
    # a "+" that was not percent-encoded in an address arrives as a blank
    text = value.replace(" ", "+") if isinstance(value, str) and value.count("T") == 1 else value
    if isinstance(text, str) and len(text.strip()) == len("2026-08-18"):
        try:
            at = datetime.combine(date.fromisoformat(text.strip()), time.min)
        except ValueError:
            raise ValueError("不是合法的日期，请写成 2026-08-18") from None
        return _within_years(at).replace(tzinfo=SHANGHAI)
    at = _instant(text)
    return at.replace(tzinfo=SHANGHAI) if at.utcoffset() is None else at


def _clean(text: str) -> str:
    return text.translate(_CONTROLS)


_DATE_TIME: dict[str, Any] = {"type": "string", "format": "date-time"}
Instant = Annotated[datetime, PlainSerializer(in_shanghai, return_type=str)]
GivenInstant = Annotated[
    datetime, BeforeValidator(_instant), AfterValidator(_zoned), WithJsonSchema(_DATE_TIME)
]
LocalInstant = Annotated[
    datetime, BeforeValidator(_local_unless_zoned), WithJsonSchema({"type": "string"})
]
Short = Annotated[str, Field(max_length=200), AfterValidator(_clean)]
Long = Annotated[str, Field(max_length=20_000), AfterValidator(_clean)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_clean)]
Number = Annotated[int, Path(ge=1, le=MAX_ID, description="编号")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="最多几条")]
Before = Annotated[int | None, Query(ge=1, le=MAX_ID, description="只要编号小于它的（翻页）")]


def plain(value: object) -> Any:
    """A struct as JSON values, its instants in +08:00."""
    return _in_shanghai(msgspec.to_builtins(value, builtin_types=(datetime,), str_keys=True))


def _in_shanghai(value: Any) -> Any:
    if isinstance(value, datetime):
        return in_shanghai(value)
    if isinstance(value, dict):
        return {key: _in_shanghai(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_in_shanghai(item) for item in value]
    return value


def _storable(value: Any, depth: int = 0) -> Any:
    """Refuse what JSON can say and nothing can store: half characters, depth, giant numbers."""
    if depth > MAX_DEPTH:
        raise ValueError(f"嵌套太深，最多 {MAX_DEPTH} 层")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("含有无法保存的字符") from None
        return _clean(value)
    if isinstance(value, dict):
        return {_storable(key): _storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("数字不是有限的")
    if isinstance(value, int) and abs(value) > MAX_ID:
        raise ValueError("数字太大")
    return value


Anything = Annotated[dict[str, Any], AfterValidator(_storable)]


class Given(BaseModel):
    """What comes in: unknown names are refused, so that a slip of the pen is told."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Shown(BaseModel):
    """What goes out, read from the attributes of what the packages return."""

    model_config = ConfigDict(from_attributes=True)


class Items(BaseModel, Generic[T]):
    """A list; ``next`` goes into the next request (``cursor`` or ``before``), null at the end."""

    items: list[T]
    next: str | int | None = Field(None, description="下一页的游标；没有更多时为 null")


class FailureBody(BaseModel):
    """What went wrong."""

    code: str = Field(description="错误的短名")
    message: str = Field(description="给人看的说明：什么、哪里、怎么办")
    field: str | None = Field(None, description="有误的那一项")


class Failure(BaseModel):
    """Every error of the API."""

    error: FailureBody


class Done(BaseModel):
    """An action that has nothing else to tell."""

    ok: bool = True
