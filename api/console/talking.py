"""高频词与群众在问什么: what the posts of a search, an alert or an incident say and ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Request
from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from analyzer.questions import Question
from api import talk
from api.console import words
from api.console.frame import frame
from api.console.render import render
from api.console.search import Chosen, link, query_of
from api.deps import DeskDep, Now, PageUser, Reading
from api.desk import Desk
from api.figures import alert_scope, default_scope
from posts.index.port import Query, Significant, SignificantWord
from posts.index.significant import SAMPLE
from posts.index.words import spell
from posts.model import ScoredPost
from registry import areas, events, sources
from registry.users import User
from responder import incidents

router = APIRouter(include_in_schema=False)
_WORDS, _QUESTIONS = 40, 20
_SIZES = 5
Key = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
Id = Annotated[int, Path(ge=1, le=2**53)]


class WordView(Struct, frozen=True):
    """A word with its size in the cloud (1 to 5) and the search that finds it."""

    word: str
    size: int
    href: str
    posts: int
    background: int
    times: str


class QuestionView(Struct, frozen=True):
    """A question with its newest example."""

    text: str
    kind: str
    posts: int
    sources: int
    wording: str
    source: str
    at: str
    url: str | None
    href: str


class Back(Struct, frozen=True):
    """What is looked at where it is no search: its page, its name, the ids of its posts."""

    href: str
    name: str
    ids: list[str]


@router.get("/search/words")
async def page(
    request: Request, desk: DeskDep, user: PageUser, now: Now, chosen: Chosen
) -> Response:
    """Words and questions of what a search finds; counted first, before a transaction is open."""
    return await _show(request, desk, user, now, chosen)


@router.get("/events/{key}/words")
async def of_event(
    request: Request, desk: DeskDep, user: PageUser, now: Now, chosen: Chosen, key: Key
) -> Response:
    """The same of the posts of an event candidate."""

    def members(session: Session) -> tuple[str, list[str]]:
        one = events.get(session, key)
        return one.name, [post.post for post in events.posts(session, key, limit=SAMPLE)]

    async with desk.reading() as session:
        name, ids = await run_sync(members, session)
    back = Back(f"/events/{key}", f"事件线索“{name}”", ids)
    return await _show(request, desk, user, now, dict.fromkeys(chosen, ""), back)


async def _show(
    request: Request,
    desk: Desk,
    user: User,
    now: datetime,
    chosen: dict[str, str],
    back: Back | None = None,
) -> Response:
    query = query_of(chosen, now)
    ids = back.ids if back else None

    def count() -> tuple[Significant, list[Question], dict[str, ScoredPost]]:
        said = talk.significant(desk.index, query, limit=_WORDS, of=ids)
        asked = talk.questions(desk.index, query, limit=_QUESTIONS, of=ids)
        return said, asked, desk.index.get_many([one.newest for one in asked])

    said, asked, newest = await run_sync(count)

    def draw(session: Session) -> Response:
        names = {item.id: item.name for item in sources.everything(session)}
        places = {item.code: item.name for item in areas.everything(session)}
        return render(
            request,
            "talk.html",
            frame=frame(request, session, user),
            about=[back.name] if back else _about(chosen, query, names, places),
            back=back.href if back else link(chosen),
            event=back is not None,
            sampled=said.sampled,
            matching=said.matching,
            every=said.every,
            words=_word_views(said.words, chosen, said.sampled, said.every),
            questions=[_question_view(one, newest, chosen, names, now) for one in asked],
        )

    async with desk.reading() as session:
        return await run_sync(draw, session)


@router.get("/alerts/{number}/words")
def of_alert(session: Reading, desk: DeskDep, _user: PageUser, number: Id) -> Response:
    """The same for what an alert is about: its rule's words, its place, from its first post."""
    return _to_search(alert_scope(session, desk.index, number))


@router.get("/incidents/{number}/words")
def of_incident(session: Reading, desk: DeskDep, _user: PageUser, number: Id) -> Response:
    """The same for what an incident's alert is about; without one a person chooses the words."""
    scope = default_scope(session, desk.index, incidents.get(session, number))
    return _to_search(scope) if scope else RedirectResponse("/search", status_code=303)


def _to_search(scope: Mapping[str, str]) -> Response:
    return RedirectResponse(f"/search/words?{urlencode(scope)}", status_code=303)


def _about(
    chosen: Mapping[str, str], query: Query, names: Mapping[str, str], places: Mapping[str, str]
) -> list[str]:
    said = []
    if chosen["q"]:
        said.append(f"检索“{chosen['q']}”")
    for field, known in (("area", places), ("source", names), ("kind", words.KINDS)):
        if chosen[field]:
            said.append(known.get(chosen[field], chosen[field]))
    if chosen["sentiment"]:
        said.append(words.TONES[chosen["sentiment"]][1])
    if query.since:
        said.append(f"自 {words.local(query.since):%Y-%m-%d %H:%M}")
    if query.until:
        said.append(f"到 {words.local(query.until):%Y-%m-%d %H:%M}")
    return said


def _word_views(
    found: Sequence[SignificantWord], chosen: dict[str, str], sampled: int, every: int
) -> list[WordView]:
    if not found:
        return []
    most, least = found[0].score, found[-1].score
    step = (most - least) / (_SIZES - 1) or 1.0
    return [
        WordView(
            word=one.word,
            size=1 + round((one.score - least) / step),
            href=link(chosen, q=f"{chosen['q']} {spell(all_of=(one.word,))}".strip()),
            posts=one.posts,
            background=one.background,
            times=_times(one, sampled, every),
        )
        for one in found
    ]


def _times(word: SignificantWord, sampled: int, every: int) -> str:
    """How many times as often as among all posts."""
    times = (word.posts / max(sampled, 1)) / (word.background / max(every, 1))
    return f"{times:.0f} 倍" if times >= _SIZES * 2 else f"{times:.1f} 倍"


def _question_view(
    asked: Question,
    newest: Mapping[str, ScoredPost],
    chosen: dict[str, str],
    names: Mapping[str, str],
    now: datetime,
) -> QuestionView:
    scored = newest.get(asked.newest)
    source = scored.post.source if scored else ""
    clause = max(asked.wording.rstrip("？").split("，"), key=len)
    return QuestionView(
        text=asked.text,
        kind=asked.kind,
        posts=asked.posts,
        sources=asked.sources,
        wording="" if asked.wording == asked.text else asked.wording,
        source=names.get(source, source),
        at=words.when(asked.at, now),
        url=words.safe_url(scored.post.url or "") if scored else None,
        href=link(chosen, q=spell(all_of=(clause,))),
    )
