"""The numbers of an assessment: counted in the index by a query that everyone can ask again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from posts.index.port import PostIndex, Query
from posts.index.words import spell
from posts.model import Sentiment
from registry import alert_rules, areas, sources
from registry.alert_rules import AlertRule
from registry.errors import InvalidInputError
from responder import query
from responder.assessment import Figure, Figures, Place
from responder.incidents import Incident
from responder.workdays import SHANGHAI

_MANY = 200
_LONGEST = 500  # characters of a search, as /search takes them
_PLACES = 5
_HOUR = timedelta(hours=1)


def default_scope(session: Session, index: PostIndex, incident: Incident) -> dict[str, str]:
    """The query that the alert suggests: the words of its rule, its place, from its first post.

    Without an alert there is nothing to go by, and a person gives the words.
    """
    return {} if incident.alert is None else alert_scope(session, index, incident.alert)


def alert_scope(session: Session, index: PostIndex, number: int) -> dict[str, str]:
    """The same for an alert. Raises NotFoundError."""
    alert = query.alert(session, number)
    scope = {"since": _local(alert.first_post_at), "area": _common_area(index, alert.posts)}
    rule = next((one for one in alert_rules.everything(session) if one.id == alert.rule), None)
    if rule is not None:
        scope["q"] = _words_of(rule)
    return {name: value for name, value in scope.items() if value}


def _words_of(rule: AlertRule) -> str:
    """All words of the rule as a search; of a very long rule as many as a search takes."""
    any_of = list(rule.any_of)
    while len(q := spell(all_of=rule.all_of, none_of=rule.none_of, any_of=any_of)) > _LONGEST:
        if not any_of:
            return q[:_LONGEST]
        any_of.pop()
    return q


def _common_area(index: PostIndex, posts: tuple[str, ...]) -> str:
    """The narrowest area that all posts of the alert lie in."""
    areas_of = [set(one.areas) for one in index.get_many(posts).values()]
    common = set.intersection(*areas_of) if areas_of else set()
    return max(common, key=lambda code: (len(code), code), default="")


def figures(
    session: Session, index: PostIndex, scope: dict[str, str], *, now: datetime
) -> Figures | None:
    """What the index holds for ``scope`` (q, area, since, until) up to ``now``; None without one.

    Raises InvalidInputError for a time that can't be read.
    """
    if not scope.get("q") and not scope.get("area"):
        return None
    end = _read(scope, "until") or now.replace(microsecond=0) + timedelta(seconds=1)
    start = _read(scope, "since")
    base = {name: scope[name] for name in ("q", "area") if scope.get(name)}
    if start is not None:
        base["since"] = _local(start)
    base["until"] = _local(end)
    whole = _query(base)

    def counted(name: str, **more: str) -> Figure:
        asked = {**base, **more}
        return Figure(name=name, value=index.count(_query(asked)), query=asked)

    hour = {"since": _local(max(end - _HOUR, start or end - _HOUR))}
    before = {"since": _local(max(end - 2 * _HOUR, start or end - 2 * _HOUR))}
    before["until"] = _local(end - _HOUR)
    first = next((batch[0] for batch in index.scan(whole, batch=1) if batch), None)
    names = {source.id: source.name for source in sources.everything(session)}
    at = first.post.published_at if first else None
    return Figures(
        at=now,
        posts=counted("帖文"),
        negative=counted("负面", sentiment="negative"),
        uncertain=counted("不确定", sentiment="uncertain"),
        sources=Figure(
            name="来源", value=len(index.terms(whole, "source", limit=_MANY)), query=base
        ),
        last_hour=counted("近 1 小时", **hour),
        hour_before=counted("前 1 小时", **before),
        places=_places(session, index, whole, base),
        first_at=at,
        first_source=names.get(first.post.source, first.post.source) if first else "",
        first=counted("首帖", since=_local(at), until=_local(_next_second(at))) if at else None,
    )


def _places(
    session: Session, index: PostIndex, whole: Query, base: dict[str, str]
) -> tuple[Place, ...]:
    known = {area.code: area.name for area in areas.everything(session)}
    found = [
        Place(
            name=known[code],
            posts=Figure(name=known[code], value=count, query={**base, "area": code}),
        )
        for code, count in index.terms(whole, "area", limit=_MANY)
        if code in known
    ]
    return tuple(found[:_PLACES])


def _query(asked: dict[str, str]) -> Query:
    return Query(
        text=asked.get("q", ""),
        area=asked.get("area") or None,
        sentiment=Sentiment(asked["sentiment"]) if asked.get("sentiment") else None,
        since=_read(asked, "since"),
        until=_read(asked, "until"),
    )


def _read(asked: dict[str, str], name: str) -> datetime | None:
    """A time as ``/search`` reads it: to the second, Asia/Shanghai."""
    text = asked.get(name, "")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=SHANGHAI)).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise InvalidInputError(
            f"“{text[:50]}”不是时间，请写成 2026-08-18T14:12 的样子。", field=name
        ) from None


def _local(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S")


def _next_second(at: datetime) -> datetime:
    return at.replace(microsecond=0) + timedelta(seconds=1)
