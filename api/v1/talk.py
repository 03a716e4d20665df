"""高频词与群众在问什么: what the posts of a query say far more than others, and what they ask."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field
from sqlalchemy.orm import Session

from analyzer.questions import Question
from api import talk
from api.deps import CurrentUser, DeskDep, Reading
from api.v1.models import Instant, Items, Limit, Shown
from api.v1.posts import Asked
from posts.index.port import Query, Significant
from posts.index.significant import SAMPLE
from registry import events

router = APIRouter(tags=["帖文"])
Key = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="线索编号")]


class WordOut(Shown):
    """A word that these posts say more often than others."""

    word: str = Field(description="词")
    posts: int = Field(description="样本里有这个词的条数")
    background: int = Field(description="全部帖文里有这个词的条数")
    score: float = Field(description="显著程度：对数似然比的平方根，只在同一次回答内可比")


class WordPage(Items[WordOut]):
    """Words with what they were counted in."""

    sampled: int = Field(description="样本：符合条件的最新若干条")
    matching: int = Field(description="符合条件的条数")
    every: int = Field(description="全部帖文的条数，用作对照")


class QuestionOut(Shown):
    """Questions of one matter, counted together."""

    text: str = Field(description="最常见的问法")
    kind: str = Field(description="问的是：何时、为何、哪里、多少、怎么、是否")
    posts: int = Field(description="问这个的帖文条数")
    sources: int = Field(description="来自几个信源")
    newest: str = Field(description="最新一条帖文的编号")
    wording: str = Field(description="最新一条的问法")
    at: Instant = Field(description="最新一条的发布时间")


@router.get("/posts/words", summary="高频词")
def words(desk: DeskDep, _user: CurrentUser, query: Asked, limit: Limit = 30) -> WordPage:
    """Significant words, best first; without names of persons, masked text and numbers."""
    return _words(talk.significant(desk.index, query, limit=limit))


@router.get("/posts/questions", summary="群众在问什么")
def questions(
    desk: DeskDep, _user: CurrentUser, query: Asked, limit: Limit = 20
) -> Items[QuestionOut]:
    """Questions in the newest posts of the query, what most posts ask first."""
    return _questions(talk.questions(desk.index, query, limit=limit))


@router.get("/events/{key}/words", summary="事件线索的高频词")
def event_words(
    desk: DeskDep, session: Reading, _user: CurrentUser, key: Key, limit: Limit = 30
) -> WordPage:
    """Significant words of the candidate's own posts."""
    ids = _members(session, key)
    return _words(talk.significant(desk.index, Query(), limit=limit, of=ids))


@router.get("/events/{key}/questions", summary="事件线索里群众在问什么")
def event_questions(
    desk: DeskDep, session: Reading, _user: CurrentUser, key: Key, limit: Limit = 20
) -> Items[QuestionOut]:
    """Questions in the candidate's own posts."""
    ids = _members(session, key)
    return _questions(talk.questions(desk.index, Query(), limit=limit, of=ids))


def _members(session: Session, key: str) -> list[str]:
    events.get(session, key)
    return [one.post for one in events.posts(session, key, limit=SAMPLE)]


def _words(found: Significant) -> WordPage:
    return WordPage(
        items=[WordOut.model_validate(word) for word in found.words],
        next=None,
        sampled=found.sampled,
        matching=found.matching,
        every=found.every,
    )


def _questions(found: list[Question]) -> Items[QuestionOut]:
    return Items(items=[QuestionOut.model_validate(one) for one in found], next=None)
