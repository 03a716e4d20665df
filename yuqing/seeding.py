"""Seeds the registry from the settings: each entry once, so that what people change stays."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import structlog
from msgspec.structs import replace

from analyzer.grouping.defaults import default_rules
from registry import alert_rules, areas, gazetteer, seeds, sources, units
from registry.alert_rules import AlertRule
from registry.db import Database, Session
from registry.errors import InvalidInputError
from registry.sources import Source
from responder import calendars, rulebook
from responder.rules import desk_file, load
from yuqing.configured import configured_areas, configured_units
from yuqing.settings import RuleSettings, Settings, SourceSettings

log = structlog.get_logger()


def seed(database: Database, settings: Settings, *, now: datetime) -> None:
    """Write what the registry was never given before; cheap where there is nothing new."""
    wanted = _wanted(settings)
    with database.reading() as session:
        if not wanted - seeds.seen(session):
            return
    with database.transaction() as session:
        new = wanted - seeds.seen(session)
        _seed_area(session, settings, new, now)
        for unit in configured_units(settings):
            if f"unit:{unit.id}" in new:
                units.put(session, unit)
        for source in settings.source:
            if f"source:{source.id}" in new:
                sources.put(session, _source(source), now=now)
        for one in settings.rule:
            if f"rule:{one.id}" in new:
                alert_rules.put(session, _rule(one), now=now)
        seeds.mark(session, new, now=now)


def put_in_force(database: Database, settings: Settings, *, now: datetime) -> None:
    """The rules of the settings, and the calendar with all notices; writes only where they are new.

    A faulty rule file is told by the responder, see responder/rulefile.py, and what was in force
    stays: a stage that starts again goes on. Before the first rules it raises InvalidInputError
    (file, rule, key).
    """
    own = Path(settings.respond.rules) if settings.respond.rules else None
    with database.reading() as session:
        calendar = calendars.composed(session)
        try:
            rules = load(desk_file(), own)
        except InvalidInputError as error:
            if not any(one.kind == rulebook.RULES for one in rulebook.versions(session)):
                raise
            log.warning("rules_kept", reason=error.message)
            rules = replace(rulebook.in_force(session).rules, earlier={})
        if not rulebook.wanting(session, rules=rules, calendar=calendar):
            return
    with database.transaction() as session:
        rulebook.start_with(session, rules=rules, calendar=calendar, now=now)


def _seed_area(session: Session, settings: Settings, new: set[str], now: datetime) -> None:
    if settings.area.code is None or f"area:{settings.area.code}" not in new:
        return
    for area in configured_areas(settings):
        areas.put(session, area)
    for rule in default_rules(gazetteer.trim_code(settings.area.code)):
        alert_rules.put(session, rule, now=now)


def _wanted(settings: Settings) -> set[str]:
    wanted = {f"source:{one.id}" for one in settings.source}
    wanted |= {f"rule:{one.id}" for one in settings.rule}
    wanted |= {f"unit:{one.id}" for one in settings.unit}
    if settings.area.code:
        wanted.add(f"area:{settings.area.code}")
    return wanted


def _source(one: SourceSettings) -> Source:
    return Source(
        id=one.id,
        name=one.name,
        kind=one.kind,
        spider=one.spider,
        url=one.url,
        interval_s=one.interval_s,
        options=one.options,
        area=one.area,
        own=one.own,
        enabled=one.enabled,
    )


def _rule(one: RuleSettings) -> AlertRule:
    return AlertRule(
        id=one.id,
        name=one.name,
        any_of=tuple(one.any_of),
        all_of=tuple(one.all_of),
        none_of=tuple(one.none_of),
        areas=tuple(one.areas),
        kinds=tuple(one.kinds),
        sources=tuple(one.sources),
        sentiments=tuple(one.sentiments),
        min_count=one.min_count,
        window_s=one.window_min * 60,
        cooldown_s=one.cooldown_min * 60,
        heat=one.heat,
        enabled=True,
    )
