"""Entering a lead (录入线索): one function for the page and for JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from api.desk import Desk
from registry import sources
from registry.errors import InvalidInputError

SOURCE = "leads"
SOURCE_NAME = "录入线索"
KIND = "lead"
WAYS = ("链接", "文字", "来电", "上级转办")


@dataclass(frozen=True, slots=True)
class Entered:
    """The id of the post, and whether it was known before."""

    post: str | None
    known: bool


def enter(
    desk: Desk,
    *,
    how: str,
    text: str,
    url: str | None,
    title: str,
    at: datetime | None,
    now: datetime,
) -> Entered:
    """Admit what a person reports. Raises InvalidInputError where nothing can be made of it."""
    # its own import: the crawlers' side is needed only when somebody enters something
    from crawlers.admission import Item, State

    if how not in WAYS:
        raise InvalidInputError(f"“从哪里来”应为{'、'.join(WAYS)}之一。", field="how")
    text, title, url = text.strip(), title.strip(), (url or "").strip() or None
    if not text and not title and not url:
        raise InvalidInputError("请填写内容或链接，至少一项。", field="text")
    if url is not None and not url.startswith(("http://", "https://")):
        raise InvalidInputError("链接应以 http:// 或 https:// 开头。", field="url")
    with desk.database.transaction() as session:
        sources.ensure(session, SOURCE, SOURCE_NAME, KIND, now=now)
    item = Item(
        source=SOURCE,
        kind=KIND,
        url=url,
        title=title or f"{how}线索",
        text=text or (url or ""),
        published_at=at,
        fetched_at=now,
    )
    (outcome,) = desk.admission.admit([item])
    if outcome.state is State.REJECTED:
        raise InvalidInputError(f"没有录入：{outcome.reason}", field=outcome.field or "text")
    return Entered(outcome.post_id, outcome.state is State.DUPLICATE)
