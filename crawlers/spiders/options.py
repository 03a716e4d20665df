"""What a source's options may say, checked in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from registry.errors import InvalidInputError


class SelectorOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """CSS selectors (or XPath) of an article page, where automatic extraction is not enough."""

    title: str | None = None
    published: str | None = None
    body: str | None = None
    author: str | None = None


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The options of a crawled source.

    ``list_urls``: list pages besides the source's address. ``max_pages``: list pages read through
    the pager at most. ``follow``: a regular expression that article addresses must match.
    ``articles``: fetch the page of a feed entry that has only a summary. ``since_days``: how old
    an entry of a sitemap may be. ``max_articles``: articles fetched in one round at most.
    """

    list_urls: tuple[str, ...] = ()
    selectors: SelectorOptions = SelectorOptions()
    max_pages: int = 1
    follow: str = ""
    articles: bool = False
    since_days: int = 30
    max_articles: int = 500

    def follows(self, url: str) -> bool:
        """Whether an address is that of an article."""
        return not self.follow or re.search(self.follow, url) is not None


_FORMS = {
    "int": "整数",
    "bool": "true 或 false",
    "str": "文字",
    "array": '列表，如 ["…", "…"]',
    "object": '一组选项，如 {"…": "…"}',
}


def _fault(error: str) -> str:
    """What msgspec says of a wrong option, in Chinese, with the option's name."""
    unknown = re.search(r"unknown field `([^`]*)`", error)
    place = re.search(r" - at `\$\.?([^`]*)`", error)
    inside = place[1] if place else ""
    if unknown:
        return f"没有 {'.'.join(filter(None, (inside, unknown[1])))} 这个选项"
    form = re.search(r"Expected `(\w+)", error)
    return f"{inside or '选项'} 应为{_FORMS.get(form[1], form[1]) if form else '另一种写法'}"


def parse(options: Mapping[str, Any]) -> Options:
    """The options of a source. Raises InvalidInputError that names the wrong one."""
    try:
        parsed = msgspec.convert(dict(options), Options)
        re.compile(parsed.follow)
    except msgspec.ValidationError as error:
        raise InvalidInputError(f"来源的选项有误：{_fault(str(error))}", field="options") from error
    except re.error as error:
        raise InvalidInputError(
            f"来源的选项 follow 不是正则表达式，从第 {(error.pos or 0) + 1} 个字符起读不懂",
            field="options",
        ) from error
    if parsed.max_pages < 1 or parsed.max_articles < 1 or parsed.since_days < 1:
        raise InvalidInputError(
            "来源的选项 max_pages、max_articles、since_days 都应至少为 1", field="options"
        )
    return parsed
