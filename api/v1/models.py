"""What JSON carries in and out. Instants go out in +08:00; those that come in name their zone."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any, Generic, TypeVar
from zoneinfo import ZoneInfo

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
_YEARS = range(1900, 2201)
_EXAMPLE = "2026-08-18T14:12:00+08:00"
_CONTROLS = {code: None for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: None}

T = TypeVar("T")


def in_shanghai(at: datetime) -> str:
    """ISO 8601 with +08:00."""
    return at.astimezone(SHANGHAI).isoformat()


def _instant(value: object) -> datetime:
    if not isinstance(value, str) or len(value) > 64:
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
