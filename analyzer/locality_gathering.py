"""Which names of places are looked for, and the codes that each may mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.division_codes import TOWN
from analyzer.locality_extra import nicknames
from analyzer.locality_names import GENERIC, ORDINARY, spoken_forms, without_parent
from analyzer.locality_points import normal_each
from analyzer.locality_tree import Tree
from registry.gazetteer import Division
from registry.own_names import Area

MIN_NAME = 2
Names = dict[str, tuple[str, ...]]
"""Name → the codes that it may mean."""


def of_divisions(tree: Tree, divisions: Sequence[Division]) -> tuple[Names, set[str]]:
    """All that is looked for in the gazetteer, and which of it are nicknames."""
    names: Names = {}
    nicks: set[str] = set()
    for division in divisions:
        code, name = division.code, division.name
        own = tree.is_own(code)
        above = tree.known.get(division.parent, name)
        far = len(code) == TOWN and not own
        if far and not ("族" in name or "自治" in name or name.startswith(above)):
            # Nearly all of 40,000 divisions: what follows would find the same.
            if len(name) >= MIN_NAME and name not in GENERIC:
                _add(names, name, code)
            continue
        for form in (*spoken_forms(division), *without_parent(division, above)):
            if far and form == division.short != name:
                continue  # stems of towns elsewhere are right once in six times
            if len(form) >= MIN_NAME and (own or form not in GENERIC):
                _add(names, form, code)
    for name, code in nicknames() if divisions else ():
        if name not in names:
            names[name] = (code,)
            nicks.add(name)
    return names, nicks


def curate(tree: Tree, areas: Sequence[Area], names: Names) -> dict[str, str]:
    """Add what people keep; returns those names that are sure for it (alias → code)."""
    curated: dict[str, str] = {}
    for area in areas:
        # What the gazetteer calls a division, too, keeps what that name needs.
        if area.code.isdigit() and len(area.name) >= MIN_NAME:
            _add(names, area.name, area.code)
        told = area.aliases if area.code.isdigit() else (area.name, *area.aliases)
        for name in (one.strip() for one in told):
            known = area.code in names.get(name, ())
            plain = known and not _is_town_stem(tree, name, area.code)
            if len(name) >= MIN_NAME and not plain and not (known and name in ORDINARY):
                curated[name] = area.code
    for alias, code in curated.items():
        _add(names, alias, code)
    return curated


def _is_town_stem(tree: Tree, name: str, code: str) -> bool:
    return len(code) == TOWN and name != tree.known.get(code)


def _add(names: Names, name: str, code: str) -> None:
    there = names.get(name)
    if there is None:
        names[name] = (code,)
    elif code not in there:
        names[name] = (*there, code)


def numbered(names: Iterable[str]) -> tuple[list[str], list[str], dict[str, int]]:
    """The names as given, as they are compared, and the number of each as compared.

    Of names that are compared alike the first in the alphabet has the lowest number.
    """
    given = list(names)
    compared = normal_each(given)
    numbers = {name: number for number, name in enumerate(compared)}
    if len(numbers) < len(compared):
        twice = {name for number, name in enumerate(compared) if numbers[name] != number}
        places = [number for number, name in enumerate(compared) if name in twice]
        pairs = sorted((given[number], compared[number]) for number in places)
        for number, (one, other) in zip(places, pairs, strict=True):
            given[number], compared[number], numbers[other] = one, other, number
    return given, compared, numbers
