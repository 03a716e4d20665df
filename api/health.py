"""Is the process there, can it work, and how much of it: /healthz, /readyz, /metrics."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import structlog
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from api.deps import CurrentUser, DeskDep, Now, Reading
from api.desk import Desk
from api.metrics import CONTENT_TYPE, GROUPS, Metrics
from posts.errors import PostsError
from posts.log.port import RAW
from registry import changes, channels, sources, stages
from responder import query

log = structlog.get_logger()
router = APIRouter(tags=["运行"])


@router.get("/healthz", summary="进程是否在")
def healthz() -> JSONResponse:
    """200 as long as the process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", summary="能否工作：数据库、日志、索引")
def readyz(desk: DeskDep) -> JSONResponse:
    """200 when all three answer, else 503 and which does not; the reasons stand in the log."""
    checks = {name: _try(name, look, desk) for name, look in _CHECKS.items()}
    ready = all(checks.values())
    words = {name: "ok" if good else "unavailable" for name, good in checks.items()}
    away = "、".join(_NAMES[name] for name, good in checks.items() if not good)
    message = f"{away}暂时用不了" if away else "可以使用"
    answer = {"ready": ready, "checks": words, "message": message}
    return JSONResponse(answer, 200 if ready else 503)


def _database(desk: Desk) -> None:
    with desk.database.reading() as session:
        changes.last(session)


def _log(desk: Desk) -> None:
    desk.log.lag(RAW, "scoring")


def _index(desk: Desk) -> None:
    desk.index.get_many(["-"])


_CHECKS: dict[str, Callable[[Desk], None]] = {
    "database": _database,
    "log": _log,
    "index": _index,
}


_NAMES = {"database": "关系库", "log": "消息日志", "index": "帖文检索"}


def _try(name: str, look: Callable[[Desk], None], desk: Desk) -> bool:
    try:
        look(desk)
    except Exception as error:  # noqa: BLE001 - whatever it is, the check failed
        log.warning("not_ready", check=name, error=type(error).__name__)
        return False
    return True


@router.get("/metrics", summary="Prometheus 指标", response_class=Response)
def metrics(
    request: Request, desk: DeskDep, session: Reading, now: Now, _user: CurrentUser
) -> Response:
    """Lag, alerts, open clocks, sources and channels by state, silence of stages, requests.

    With the log or the index away the rest is told all the same.
    """
    numbers: Metrics = request.app.state.metrics
    open_clocks = query.open_clocks(session, now)
    health_of = sources.health(session, now=now)
    for part, look in _CHECKS.items():
        numbers.parts.labels(part).set(_try(part, look, desk))
    try:
        for topic, group in GROUPS:
            numbers.lag.labels(topic, group).set(desk.log.lag(topic, group))
            numbers.rebalances.labels(topic, group).set(desk.log.rebalances(topic, group))
            numbers.written.labels(topic).set(desk.log.written(topic))
    except PostsError:
        numbers.lag.clear()  # an old number would say that all is as it was
    numbers.show(
        alerts=query.alert_counts(session),
        clocks=Counter(clock.state.value for clock in open_clocks),
        sources=Counter(health.state for _, health in health_of),
        channels=Counter(one.state for one in channels.everything(session)),
        silent={
            one.name: (now - one.beat_at).total_seconds() if one.beat_at else math.inf
            for one in stages.everything(session)
            if one.state != "stopped"
        },
    )
    return Response(numbers.text(), media_type=CONTENT_TYPE)
