"""信息检索: what is being said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi import Query as Asked
from msgspec import Struct
from starlette.responses import Response

from api.console import words
from api.console.copy_notes import copy_notes
from api.console.forms import Fields, clean, local_value
from api.console.frame import frame
from api.console.histogram import histogram
from api.console.post_view import post_view
from api.console.render import render
from api.deps import DeskDep, PageUser, Reading
from posts.index.port import PostIndex, Query
from posts.model import Sentiment
from registry import areas, sources
from registry.errors import InvalidInputError

router = APIRouter(include_in_schema=False)
_PAGE = 20
_SPANS = (("24 小时", 1), ("3 天", 3), ("7 天", 7), ("30 天", 30))
_TONES = {str(tone) for tone in Sentiment}
Text = Annotated[str, Asked(max_length=4000)]


class Facet(Struct, frozen=True):
    """A filter: its name in the address, its title, (value, text, count) and what is chosen."""

    name: str
    title: str
    options: list[tuple[str, str, int]]
    chosen: str


def choose(
    q: Text = "",
    area: Text = "",
    sentiment: Text = "",
    source: Text = "",
    kind: Text = "",
    since: Text = "",
    until: Text = "",
    days: Text = "",
) -> dict[str, str]:
    """The fields of an address as they are searched by; what means nothing becomes empty."""
    given = {
        "q": q,
        "area": area,
        "sentiment": sentiment if sentiment in _TONES else "",
        "source": source,
        "kind": kind,
        "since": since,
        "until": until,
        "days": days if days in {str(number) for _, number in _SPANS} else "",
    }
    return {name: clean(value)[:200] for name, value in given.items()}


Chosen = Annotated[dict[str, str], Depends(choose)]


@router.get("/search")
def search(
    request: Request,
    session: Reading,
    desk: DeskDep,
    user: PageUser,
    chosen: Chosen,
    cursor: Text = "",
) -> Response:
    """The results of a query; whatever was typed is answered, never an error of syntax."""
    shell = frame(request, session, user)
    now = shell.now
    query = query_of(chosen, now)
    page = desk.index.search(query, limit=_PAGE, cursor=clean(cursor)[:1000] or None)
    names = {item.id: item.name for item in sources.everything(session)}
    places = {item.code: item.name for item in areas.everything(session)}
    notes = copy_notes(session, [hit.scored.post.id for hit in page.items])
    return render(
        request,
        "search.html",
        frame=shell,
        asked=_asked(chosen, query),
        facets=_facets(desk.index, query, chosen, names, places),
        total=page.total,
        posts=[
            post_view(
                hit.scored,
                now,
                sources=names,
                fragments=hit.fragments,
                copies=notes.get(hit.scored.post.id),
            )
            for hit in page.items
        ],
        histogram=histogram(desk.index, query, now),
        next=link(chosen, cursor=page.next) if page.next else None,
        first=link(chosen) if cursor else None,
        talk=link(chosen, to="/search/words") if page.total else None,
        empty_index=page.total == 0 and desk.index.count(Query()) == 0,
    )


def query_of(chosen: dict[str, str], now: datetime) -> Query:
    """What the chosen fields search; a time that can't be read is emptied."""
    since, until = _instant(chosen, "since"), _instant(chosen, "until")
    if chosen["days"] and since is None:
        since = now - timedelta(days=int(chosen["days"]))
    return Query(
        text=chosen["q"],
        area=chosen["area"] or None,
        sentiment=Sentiment(chosen["sentiment"]) if chosen["sentiment"] else None,
        source=chosen["source"] or None,
        kind=chosen["kind"] or None,
        since=since,
        until=until,
    )


def _instant(chosen: dict[str, str], name: str) -> datetime | None:
    try:
        return Fields(chosen).instant(name, name)
    except InvalidInputError:
        chosen[name] = ""  # a time that is none does not restrict, and is not shown as if it did
        return None


def link(chosen: dict[str, str], *, to: str = "/search", **changed: str | None) -> str:
    """The address of a search by these fields, or of another page that takes the same ones."""
    merged = {**chosen, **changed}
    return f"{to}?" + urlencode({name: value for name, value in merged.items() if value})


def _asked(chosen: dict[str, str], query: Query) -> dict[str, Any]:
    spans = [("不限时间", "")] + [(text, str(number)) for text, number in _SPANS]
    said = []
    if query.since:
        said.append(f"自 {words.local(query.since):%Y-%m-%d %H:%M}")
    if query.until:
        said.append(f"到 {words.local(query.until):%Y-%m-%d %H:%M}")
    return {
        "q": chosen["q"],
        "kept": [
            (name, chosen[name])
            for name in ("area", "sentiment", "source", "kind", "since", "until", "days")
            if chosen[name]
        ],
        "since": local_value(_utc(query.since))[:16] if chosen["since"] else "",
        "until": local_value(_utc(query.until))[:16] if chosen["until"] else "",
        "words": " ".join(said),
        "spans": [
            (
                link({**chosen, "since": "", "until": "", "days": number}),
                text,
                chosen["days"] == number and not chosen["since"] and not chosen["until"],
            )
            for text, number in spans
        ],
    }


def _utc(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at else None


def _facets(
    index: PostIndex,
    query: Query,
    chosen: dict[str, str],
    names: dict[str, str],
    places: dict[str, str],
) -> list[Facet]:
    tones = {tone: words.TONES[tone][1] for tone in words.TONES}
    made = []
    for field, title, known in (
        ("area", "地点", places),
        ("source", "来源", names),
        ("kind", "种类", words.KINDS),
        ("sentiment", "情感", tones),
    ):
        found = index.terms(query, field, limit=8)  # type: ignore[arg-type]
        options = [(value, known.get(value, value), number) for value, number in found]
        if chosen[field] and all(value != chosen[field] for value, _, _ in options):
            options.append((chosen[field], known.get(chosen[field], chosen[field]), 0))
        made.append(Facet(field, title, options, chosen[field]))
    return made
