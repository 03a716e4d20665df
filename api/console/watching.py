"""监测: sources with their health, and alert rules."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console import words
from api.console.acting import go, perform
from api.console.forms import Fields, Form
from api.console.frame import frame
from api.console.render import render
from api.console.source_view import source_view, worst_first
from api.deps import DeskDep, Now, PageUser, Reading
from api.permissions import Action, may, require
from posts.model import Sentiment
from registry import alert_rules, sources
from registry.alert_rules import AlertRule
from registry.errors import DeskError, InvalidInputError
from registry.sources import Source
from registry.users import User

router = APIRouter(include_in_schema=False)
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_SPIDERS = (
    ("site", "列表页 → 正文"),
    ("feed", "订阅源（RSS、Atom、JSON）"),
    ("sitemap", "站点地图"),
    ("manual", "手工录入"),
)
_KINDS = tuple(
    (kind, words.KINDS[kind])
    for kind in ("news", "forum", "gov", "video", "microblog", "wechat", "hotline", "mailbox")
)
_DAY = 86400


@router.get("/sources")
def source_page(request: Request, session: Reading, user: PageUser, edit: str = "") -> Response:
    """All sources, the blind ones first; a form for those who may change them."""
    return _sources(request, session, user, edit=edit)


def _sources(
    request: Request,
    session: Session,
    user: User,
    *,
    edit: str = "",
    values: Fields | None = None,
    error: DeskError | None = None,
) -> Response:
    shell = frame(request, session, user)
    manages = may(user, Action.MANAGE_SOURCES)
    rows = sources.health(session, now=shell.now)
    if values is None:
        found = next((source for source, _ in rows if source.id == edit), None)
        values = _source_fields(found) if found else Fields()
    views = [source_view(source, health, shell.now, edit=manages) for source, health in rows]
    return render(
        request,
        "sources.html",
        status=error.status if error else 200,
        frame=shell,
        sources=worst_first(views),
        editing=bool(edit),
        values=values,
        invalid=_invalid(error),
        error=error.message if error else None,
        spiders=_SPIDERS,
        kinds=_known(_KINDS, values.get("kind", "")),
    )


def _known(options: tuple[tuple[str, str], ...], value: str) -> tuple[tuple[str, str], ...]:
    if not value or value in dict(options):
        return options
    return (*options, (value, words.kind(value)))


def _source_fields(source: Source) -> Fields:
    return Fields(
        id=source.id,
        name=source.name,
        spider=source.spider,
        kind=source.kind,
        url=source.url or "",
        interval_s=str(source.interval_s),
        area=source.area or "",
        own="1" if source.own else "",
        enabled="1" if source.enabled else "",
    )


def _invalid(error: DeskError | None) -> dict[str, str]:
    field = getattr(error, "field", None)
    return {field: error.message} if error and field else {}


@router.post("/sources")
async def source_save(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """Add or change a source."""

    def work(session: Session) -> Response:
        require(user, Action.MANAGE_SOURCES)
        source_id = form.text("id", "代号", longest=64)
        if not _ID.fullmatch(source_id):
            raise InvalidInputError("“代号”只用字母、数字、短横、点和下划线。", field="id")
        spider = form.get("spider", "")
        if spider not in dict(_SPIDERS):
            raise InvalidInputError("“抓取方式”不在可选之列。", field="spider")
        url = form.get("url", "")[:2000]
        if spider != "manual" and words.safe_url(url) is None:
            raise InvalidInputError("“网址”应以 http:// 或 https:// 开头。", field="url")
        before = {source.id: source for source in sources.everything(session)}.get(source_id)
        source = Source(
            id=source_id,
            name=form.text("name", "名称", longest=100),
            kind=form.text("kind", "种类", longest=50),
            spider=spider,
            url=url,
            interval_s=form.number("interval_s", "间隔", least=5, most=7 * _DAY),
            options=before.options if before else {},
            area=form.get("area", "")[:20] or None,
            own=bool(form.get("own")),
            enabled=bool(form.get("enabled")),
        )
        sources.put(session, source, now=now, who=user.name)
        return go("/sources", "source")

    def again(session: Session, error: DeskError) -> Response:
        return _sources(request, session, user, values=form, error=error)

    return await perform(desk, work, again)


@router.get("/rules")
def rule_page(request: Request, session: Reading, user: PageUser, edit: str = "") -> Response:
    """The alert rules; a form for those who may change them."""
    return rules_view(request, session, user, edit=edit)


def rules_view(
    request: Request,
    session: Session,
    user: User,
    *,
    edit: str = "",
    values: Fields | None = None,
    error: DeskError | None = None,
    rings: dict[str, Any] | None = None,
) -> Response:
    """The page; ``rings`` is what api/console/ringing.py has to show of one rule."""
    rows = alert_rules.everything(session)
    if values is None:
        found = next((rule for rule in rows if rule.id == edit), None)
        values = rule_fields(found) if found else Fields()
    return render(
        request,
        "rules.html",
        status=error.status if error else 200,
        frame=frame(request, session, user),
        rules=[
            {
                "id": rule.id,
                "name": rule.name,
                "heat": rule.heat,
                "enabled": rule.enabled,
                "says": says(rule),
            }
            for rule in rows
        ],
        editing=bool(edit),
        values=values,
        rings=rings,
        error=error.message if error else None,
    )


def says(rule: AlertRule) -> str:
    """What a rule asks for, in one line."""
    parts = []
    for label, listed in (
        ("任一词", rule.any_of),
        ("都有", rule.all_of),
        ("不含", rule.none_of),
        ("地点", rule.areas),
        ("来源", rule.sources),
    ):
        if listed:
            parts.append(f"{label}：{'、'.join(listed)}")
    if rule.sentiments:
        tones = [words.TONES.get(str(tone), ("", str(tone)))[1] for tone in rule.sentiments]
        parts.append(f"情感：{'、'.join(tones)}")
    parts.append(f"{words.span(rule.window_s)}内满 {rule.min_count} 条")
    parts.append(f"之后 {words.span(rule.cooldown_s)}内不重复")
    return " · ".join(parts)


def rule_given(session: Session, form: Fields) -> AlertRule:
    """The rule that the form describes; what it does not ask for stays as it was kept."""
    rule_id = form.text("id", "代号", longest=64)
    if not _ID.fullmatch(rule_id):
        raise InvalidInputError("“代号”只用字母、数字、短横、点和下划线。", field="id")
    before = {rule.id: rule for rule in alert_rules.everything(session)}.get(rule_id)
    if form.get("heat") not in words.HEAT:
        raise InvalidInputError("“热度”不在可选之列。", field="heat")
    fields: dict[str, Any] = {
        "name": form.text("name", "名称", longest=100),
        "any_of": form.words("any_of"),
        "all_of": form.words("all_of"),
        "none_of": form.words("none_of"),
        "areas": form.words("areas"),
        "sentiments": (Sentiment.NEGATIVE,) if form.get("sentiment") == "negative" else (),
        "min_count": form.number("min_count", "满几条预警", least=1, most=100_000),
        "window_s": 60 * form.number("window_min", "多少分钟之内", least=1, most=30 * 1440),
        "cooldown_s": 60 * form.number("cooldown_min", "不重复", least=0, most=30 * 1440),
        "heat": form["heat"],
        "enabled": bool(form.get("enabled")),
    }
    base = before or AlertRule(id=rule_id, kinds=(), sources=(), **fields)
    return msgspec.structs.replace(base, **fields)


def rule_fields(rule: AlertRule) -> Fields:
    """The form of a rule that is kept."""
    return Fields(
        id=rule.id,
        name=rule.name,
        any_of=" ".join(rule.any_of),
        all_of=" ".join(rule.all_of),
        none_of=" ".join(rule.none_of),
        areas=" ".join(rule.areas),
        min_count=str(rule.min_count),
        window_min=str(rule.window_s // 60),
        cooldown_min=str(rule.cooldown_s // 60),
        heat=rule.heat,
        sentiment="negative" if "negative" in rule.sentiments else "",
        enabled="1" if rule.enabled else "",
    )


@router.post("/rules")
async def rule_save(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """Add or change an alert rule."""

    def work(session: Session) -> Response:
        require(user, Action.MANAGE_RULES)
        alert_rules.put(session, rule_given(session, form), now=now, who=user.name)
        return go("/rules", "rule")

    def again(session: Session, error: DeskError) -> Response:
        return rules_view(request, session, user, values=form, error=error)

    return await perform(desk, work, again)
