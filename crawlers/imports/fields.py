"""Which column is which field, and a row as an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from crawlers.admission import Item
from crawlers.imports.rows import Row
from crawlers.imports.values import parse_id, parse_text, parse_time
from registry.errors import InvalidInputError

# The names by which offices head their columns; the first that a row has is taken.
NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "编号", "序号", "工单编号", "信件编号"),
    "url": ("url", "链接", "网址", "原文链接", "地址链接"),
    "title": ("title", "标题", "主题", "题目"),
    "text": ("text", "正文", "内容", "诉求内容", "信件内容", "留言内容"),
    "published_at": (
        "published_at",
        "发布时间",
        "时间",
        "日期",
        "受理时间",
        "来电时间",
        "来信时间",
        "留言时间",
    ),
    "author": ("author", "作者", "发布者", "姓名", "昵称"),
}
_PARSERS: dict[str, Callable[[object], Any]] = {
    "id": parse_id,
    "url": parse_text,
    "title": parse_text,
    "text": parse_text,
    "published_at": parse_time,
    "author": parse_text,
}


class CellError(Exception):
    """A cell that can't be taken; the message is Chinese."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raises InvalidInputError where a field of ``--map`` is unknown or its column is empty."""
    for field, column in mapping.items():
        if field not in NAMES:
            raise InvalidInputError(
                f"--map 里的字段「{field}」不认识，可用的字段：{'、'.join(NAMES)}", field="map"
            )
        if not column:
            raise InvalidInputError(f"--map {field}= 后面缺列名", field="map")


def columns(row: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, str]:
    """The column of each field in this row: the mapped one, else a known name that it has."""
    chosen: dict[str, str] = {}
    for field, names in NAMES.items():
        mapped = mapping.get(field)
        if mapped is not None:
            if mapped in row:
                chosen[field] = mapped
            continue
        for name in names:
            if name in row:
                chosen[field] = name
                break
    return chosen


def as_item(
    row: Row, mapping: Mapping[str, str], *, source: str, kind: str, fetched_at: datetime
) -> Item:
    """The row as an item. Raises CellError for a cell that can't be taken."""
    chosen = columns(row.values, mapping)
    if "title" not in chosen and "text" not in chosen:
        seen = "、".join(str(name)[:40] for name in list(row.values)[:20])
        raise CellError(
            "text", f"没有标题列和正文列（现有：{seen or '无'}），请用 --map text=列名 指明"
        )
    fields: dict[str, Any] = {}
    for field, column in chosen.items():
        try:
            fields[field] = _PARSERS[field](row.values[column])
        except ValueError as error:
            raise CellError(column, str(error)) from error
    return Item(
        source=source,
        kind=kind,
        native=fields.get("id"),
        url=fields.get("url") or None,
        title=fields.get("title", ""),
        text=fields.get("text", ""),
        published_at=fields.get("published_at"),
        author=fields.get("author") or None,
        fetched_at=fetched_at,
    )
