"""The areas and units that the settings file names, as plain values."""

from __future__ import annotations

from collections.abc import Iterable

from registry import gazetteer
from registry.errors import InvalidInputError
from registry.own_names import Area, Unit
from yuqing.settings import AreaSettings, Settings


def configured_areas(
    settings: Settings, divisions: Iterable[gazetteer.Division] | None = None
) -> list[Area]:
    """The own division, those below it, and the places of the file; [] without an own area.

    ``divisions``: the gazetteer, where it is at hand and need not be read again.

    Raises InvalidInputError where the gazetteer does not know the code.
    """
    if settings.area.code is None:
        return []
    code = gazetteer.trim_code(settings.area.code)
    if divisions is None:
        divisions = gazetteer.load_under(code)
    ours = {division.code: division for division in divisions if division.code.startswith(code)}
    if code not in ours and settings.area.name:
        ours = _unlisted(code, settings.area)
    if code not in ours:
        raise InvalidInputError(
            f"区划代码 {settings.area.code} 不在区划表中。请填县、州（市）或省的代码，如 533100。"
        )
    given = {gazetteer.trim_code(one): names for one, names in settings.area.localities.items()}
    given[code] = [*given.get(code, []), *settings.area.aliases]
    found = []
    for division in ours.values():
        names = given.get(division.code) or gazetteer.common_names(division)
        found.append(
            Area(
                code=division.code,
                name=division.name,
                level=division.level,
                parent=division.parent,
                own=True,
                aliases=tuple(dict.fromkeys(name for name in names if name != division.name)),
            )
        )
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


def _unlisted(code: str, area: AreaSettings) -> dict[str, gazetteer.Division]:
    """Divisions that no gazetteer has: each locality's first name is its full name."""
    assert area.name is not None
    own = gazetteer.Division(code=code, level="county", name=area.name, short="", parent="")
    return {code: own} | {
        one: gazetteer.Division(code=one, level="town", name=names[0], short="", parent=code)
        for one, names in area.localities.items()
        if names
    }


def configured_units(settings: Settings) -> list[Unit]:
    """The units of the file."""
    return [
        Unit(
            id=one.id,
            name=one.name,
            kind="department",
            parent=None,
            head=one.head,
            aliases=tuple(one.aliases),
        )
        for one in settings.unit
    ]
