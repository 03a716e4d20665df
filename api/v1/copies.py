"""转载与近似: an original with its copies, and how many per source and hour."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.deps import CurrentUser, Reading
from api.v1.models import Instant, Items, Limit, Shown
from registry import copies
from registry.copies import Group
from registry.errors import NotFoundError

router = APIRouter(tags=["转载与近似"])
Key = Annotated[str, Path(max_length=80, description="组号：组里最先收到的一条的帖文编号")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="跳过几条")]


class CopiesOut(Shown):
    """A group: texts that are alike, which says nothing of who is right."""

    id: str = Field(description="组号：组里最先收到的一条的帖文编号，不再变")
    original: str = Field(description="原发：发布最早的一条的帖文编号")
    original_at: Instant = Field(description="原发的发布时间")
    newest_at: Instant = Field(description="最新一条的发布时间")
    posts: int = Field(description="共几篇，含原发")
    copies: int = Field(description="原发以外几篇")
    sources: int = Field(description="来自几个来源")


class CopyOut(Shown):
    """A post of the group."""

    post: str = Field(description="帖文编号")
    at: Instant = Field(description="发布时间；晚于首次见到的按首次见到")
    source: str = Field(description="信源编号")
    is_original: bool = Field(description="是不是原发")


class CountOut(Shown):
    """How many posts of the group one source had in one hour."""

    source: str = Field(description="信源编号")
    hour: Instant = Field(description="从哪一刻起的一小时")
    posts: int = Field(description="篇数，含原发")


@router.get("/copies/{group}", summary="一组转载或近似")
def one(session: Reading, _user: CurrentUser, group: Key) -> CopiesOut:
    """Counts of the whole group."""
    return CopiesOut.model_validate(_found(copies.get(session, group)))


@router.get("/copies/{group}/posts", summary="组里的帖文")
def members(
    session: Reading, _user: CurrentUser, group: Key, limit: Limit = 50, offset: Offset = 0
) -> Items[CopyOut]:
    """Ids only, the earliest first: the original, then its copies."""
    found = _found(copies.get(session, group))
    rows = copies.members(session, group, limit=limit, offset=offset)
    return Items(
        items=[
            CopyOut(
                post=row.post, at=row.at, source=row.source, is_original=row.post == found.original
            )
            for row in rows
        ],
        next=offset + limit if len(rows) == limit else None,
    )


@router.get("/copies/{group}/counts", summary="按来源和小时计的篇数")
def counts(
    session: Reading, _user: CurrentUser, group: Key, limit: Limit = 50, offset: Offset = 0
) -> Items[CountOut]:
    """The earliest hour first. Their sum is the number of posts: folding loses none."""
    _found(copies.get(session, group))
    rows = copies.counts(session, group)
    return Items(
        items=[CountOut.model_validate(row) for row in rows[offset : offset + limit]],
        next=offset + limit if offset + limit < len(rows) else None,
    )


@router.get("/posts/{post}/copies", summary="一条帖文所属的组")
def of_post(
    session: Reading,
    _user: CurrentUser,
    post: Annotated[str, Path(max_length=200, description="帖文编号")],
) -> CopiesOut:
    """404 where nothing is known that is like the post."""
    return CopiesOut.model_validate(_found(copies.of_posts(session, [post]).get(post)))


def _found(group: Group | None) -> Group:
    if group is None:
        raise NotFoundError("没有这一组转载，可能没有别的转载或近似，或已过保存期。")
    return group
