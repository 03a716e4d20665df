"""转载与近似: an original, its copies in order of time, and how many per source and hour."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from msgspec import Struct
from starlette.responses import Response

from api.console import words
from api.console.frame import frame
from api.console.post_view import PostView, post_view
from api.console.render import render
from api.deps import DeskDep, PageUser, Reading
from posts.errors import PostsError
from posts.model import ScoredPost
from registry import copies, sources
from registry.copies import Count
from registry.errors import NotFoundError

router = APIRouter(include_in_schema=False)
_PAGE = 50
_HOURS, _COLUMNS = 72, 8
_REST = "其他来源"


class Listed(Struct, frozen=True):
    """A post of the group; ``post`` None: the index does not hold it (any more)."""

    source: str
    time: str
    is_original: bool
    post: PostView | None


class Table(Struct, frozen=True):
    """Posts per hour and source: the sources with the most, the rest together."""

    sources: list[str]
    rows: list[tuple[str, list[int], int]]
    hours: int


@router.get("/copies/{group}")
def page(
    request: Request,
    session: Reading,
    desk: DeskDep,
    user: PageUser,
    group: Annotated[str, Path(max_length=80)],
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """The group, fifty posts a page, the earliest first."""
    shell = frame(request, session, user)
    found = copies.get(session, group)
    if found is None:
        raise NotFoundError("没有这一组转载，可能已过保存期。")
    names = {one.id: one.name for one in sources.everything(session)}
    members = copies.members(session, group, limit=_PAGE, offset=(page - 1) * _PAGE)
    held: dict[str, ScoredPost] | None
    try:
        held = desk.index.get_many([found.original, *(one.post for one in members)])
    except PostsError:
        held = None  # counts and sources are shown all the same
    shown = {
        post: post_view(scored, shell.now, sources=names) for post, scored in (held or {}).items()
    }
    original = shown.get(found.original)
    return render(
        request,
        "copies.html",
        frame=shell,
        group=found,
        original=original,
        title=original.title if original else "原发不在索引里",
        listed=[
            Listed(
                source=names.get(one.source, one.source),
                time=words.when(one.at, shell.now),
                is_original=one.post == found.original,
                post=shown.get(one.post),
            )
            for one in members
        ],
        away=held is None,
        table=table(copies.counts(session, group), names),
        page=page,
        pages=-(-found.posts // _PAGE),
    )


def table(counts: list[Count], names: dict[str, str]) -> Table:
    """The newest hours; a column for each of the sources with the most posts."""
    totals: dict[str, int] = {}
    for one in counts:
        totals[one.source] = totals.get(one.source, 0) + one.posts
    ranked = sorted(totals, key=lambda source: (-totals[source], source))
    columns = ranked if len(ranked) <= _COLUMNS else ranked[: _COLUMNS - 1]
    place = {source: at for at, source in enumerate(columns)}
    width = len(columns) + (len(columns) < len(ranked))
    hours: dict[str, list[int]] = {}
    for one in counts:
        row = hours.setdefault(f"{words.local(one.hour):%m-%d %H}时", [0] * width)
        row[place.get(one.source, width - 1)] += one.posts
    rows = [(hour, row, sum(row)) for hour, row in hours.items()]
    titles = [names.get(source, source) for source in columns]
    return Table(
        sources=titles if width == len(titles) else [*titles, _REST],
        rows=rows[-_HOURS:],
        hours=len(rows),
    )
