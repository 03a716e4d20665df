"""JSON under /api/v1: one module per thing, joined here."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer

from api import stream
from api.v1 import (
    alerts,
    assessing,
    audit,
    channels,
    clocks,
    copies,
    duty,
    duty_turns,
    entries,
    events,
    handovers,
    incidents,
    labels,
    leads,
    places,
    posts,
    proofs,
    rules,
    running,
    session,
    silences,
    sources,
    talk,
    users,
    workdays,
)
from api.v1.models import Failure

_STATUS = {
    400: "请求读不懂",
    401: "没有登录或令牌无效",
    403: "没有权限，或请求不是从本站发出",
    404: "不存在",
    409: "状态已变",
    413: "内容太大",
    422: "输入有误，说明哪一项",
    429: "过于频繁",
    503: "暂不可用",
}

_BEARER = HTTPBearer(auto_error=False, scheme_name="令牌", description="Authorization: Bearer …")

router = APIRouter(
    prefix="/api/v1",
    dependencies=[Depends(_BEARER)],  # for the description only: the gate has decided
    responses={code: {"model": Failure, "description": said} for code, said in _STATUS.items()},
)
for part in (
    session,
    talk,  # before posts, whose /posts/{id} takes every other name
    posts,
    labels,
    copies,
    events,
    leads,
    alerts,
    incidents,
    assessing,
    entries,
    clocks,
    sources,
    rules,
    places,
    users,
    running,
    channels,
    workdays,
    audit,
    handovers,
    duty,
    duty_turns,
    silences,
    proofs,
):
    router.include_router(part.router)
router.include_router(stream.router)
