"""A source and a stage as the console shows them: what we see, and where we are blind."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from api.console import words
from registry.sources import Health, Source
from registry.stages import Stage

_STATES = {
    "ok": ("正常", "ok"),
    "slow": ("迟缓", "slow"),
    "blind": ("失明", "blind"),
    "na": ("停用", "na"),
}
_ORDER = {"blind": 0, "slow": 1, "ok": 2, "na": 3}
_STAGE_NAMES = {
    "crawl": "采集",
    "analyze": "分析",
    "respond": "响应与提醒",
    "serve": "网页服务",
    "demo-town": "演示小城",
}
_STAGE_STATES = {
    "starting": ("slow", "正在启动", "soon"),
    "running": ("ok", "运行中", "ok"),
    "restarting": ("slow", "正在重启", "slow"),
    "stopped": ("blind", "已停", "blind"),
    "failed": ("blind", "起不来", "blind"),
    "hung": ("blind", "停摆", "blind"),
}
_SILENT_S = 60


class SourceView(Struct, frozen=True, kw_only=True):
    """What the templates need of one source."""

    id: str
    anchor: str
    name: str
    kind: str
    own: bool
    url: str
    interval: str
    state: str
    word: str
    sign: str
    why: str
    line: str
    since: datetime | None
    posts_today: int
    last_success: str
    last_new: str
    edit: bool


class StageView(Struct, frozen=True, kw_only=True):
    """What the templates need of one stage."""

    title: str
    state: str
    code: str
    word: str
    sign: str
    detail: str


def source_view(source: Source, health: Health, now: datetime, *, edit: bool = False) -> SourceView:
    """One source with its health in words."""
    word, sign = _STATES.get(health.state, ("不明", "prov"))
    why = _why(health)
    return SourceView(
        id=source.id,
        anchor="".join(c if c.isascii() and c.isalnum() else "-" for c in source.id),
        name=source.name or source.id,
        kind=words.kind(source.kind),
        own=source.own,
        url=source.url or "",
        interval="" if source.spider == "manual" else words.span(source.interval_s),
        state=health.state,
        word=word,
        sign=sign,
        why=why,
        line=_line(source, health, why, now),
        since=health.since,
        posts_today=health.posts_today,
        last_success=words.when(health.last_success_at, now)
        if health.last_success_at
        else "没有过",
        last_new=words.when(health.last_new_at, now) if health.last_new_at else "没有过",
        edit=edit,
    )


def worst_first(views: list[SourceView]) -> list[SourceView]:
    """The blind ones first."""
    return sorted(views, key=lambda view: (_ORDER.get(view.state, 1), view.name))


def stage_view(stage: Stage, now: datetime) -> StageView:
    """One stage; who has not reported for a while is not shown as if it ran."""
    code, word, sign = _STAGE_STATES.get(stage.state, ("slow", stage.state, "slow"))
    parts = [stage.detail] if stage.detail else []
    if stage.state == "running" and stage.detail:  # it says what it waits for
        code, word, sign = "slow", "等待中", "slow"
    if stage.state == "running" and stage.beat_at is not None:
        silent = (now - stage.beat_at).total_seconds()
        if silent > _SILENT_S:
            code, word, sign = "blind", "没有进展", "blind"
            parts = [f"已 {words.span(silent)}没有报到"]
    if stage.state != "running":
        parts.append(f"自{words.when(stage.since, now)} 起")
    if stage.restarts:
        parts.append(f"重启过 {stage.restarts} 次")
    if stage.error and stage.state != "running":
        parts.append(stage.error)
    return StageView(
        title=_STAGE_NAMES.get(stage.name, stage.name),
        state=stage.state,
        code=code,
        word=word,
        sign=sign,
        detail="；".join(parts),
    )


def _why(health: Health) -> str:
    said = words.FAILURES.get(health.failure or "", health.failure or "")
    parts = [said] if said else []
    if health.streak:
        parts.append(f"连续 {health.streak} 次没有取到")
    return "，".join(parts) or "原因不明"


def _line(source: Source, health: Health, why: str, now: datetime) -> str:
    if health.state == "na":
        return "已停用，不抓取" if not source.enabled else "手工录入，不抓取"
    if health.state in {"blind", "slow"}:
        since = f"自{words.when(health.since, now)} 起："
        detail = f"（{health.detail}）" if health.detail and health.detail != health.failure else ""
        return f"{since}{why}{detail}"
    if health.last_success_at is None:
        return "还没有抓取过"
    ago = (now - health.last_success_at).total_seconds()
    return f"{words.span(ago)}前抓取，今日 {words.count(health.posts_today)} 条"
