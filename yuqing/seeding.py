"""Seeds the registry from the settings: each entry once, so that what people change stays."""

from __future__ import annotations

from datetime import datetime

from analyzer.grouping.defaults import default_rules
from registry.alert_rules import AlertRule
from registry.areas import Area
from registry.sources import Source
from registry.units import Unit

from registry import alert_rules, areas, gazetteer, seeds, sources, units
from registry.db import Database
from registry.errors import InvalidInputError
from yuqing.settings import RuleSettings, Settings, SourceSettings


def seed(database: Database, settings: Settings, *, now: datetime) -> None:
    """Write what the registry was never given before; cheap where there is nothing new."""
    wanted = _wanted(settings)
    with database.reading() as session:
        if not wanted - seeds.seen(session):
            return
    with database.transaction() as session:
        new = wanted - seeds.seen(session)
        if settings.area.code and f"area:{settings.area.code}" in new:
            for area in own_areas(settings):
                areas.put(session, area)
            for rule in default_rules(gazetteer.trim_code(settings.area.code)):
                alert_rules.put(session, rule)
        for unit in settings.unit:
            if f"unit:{unit.id}" in new:
                units.put(
                    session,
                    Unit(
                        id=unit.id,
                        name=unit.name,
                        kind="department",
                        parent=None,
                        head=unit.head,
                        aliases=tuple(unit.aliases),
                    ),
                )
        for source in settings.source:
            if f"source:{source.id}" in new:
                sources.put(session, _source(source))
        for rule_settings in settings.rule:
            if f"rule:{rule_settings.id}" in new:
                alert_rules.put(session, _rule(rule_settings))
        seeds.mark(session, new, now=now)


def own_areas(settings: Settings) -> list[Area]:
    """The own division, those below it, and the places of the file.

    Raises InvalidInputError where the gazetteer does not know the code.
    """
    assert settings.area.code is not None
    code = gazetteer.trim_code(settings.area.code)
    divisions = {division.code: division for division in gazetteer.load_under(code)}
    if code not in divisions:
        raise InvalidInputError(
            f"区划代码 {settings.area.code} 不在区划表中。请填县、州（市）或省的代码，如 533100。"
        )
    found = [
        Area(
            code=division.code,
            name=division.name,
            level=division.level,
            parent=division.parent,
            own=True,
            aliases=tuple(
                dict.fromkeys(
                    (
                        *gazetteer.common_names(division),
                        *(settings.area.aliases if division.code == code else ()),
                    )
                )
            ),
        )
        for division in divisions.values()
    ]
    for number, place in enumerate(settings.area.places, 1):
        parent = gazetteer.trim_code(place.parent) if place.parent else code
        found.append(
            Area(
                code=f"{parent}-p{number}",
                name=place.name,
                level="place",
                parent=parent,
                own=True,
                aliases=tuple(place.aliases),
            )
        )
    return found


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
