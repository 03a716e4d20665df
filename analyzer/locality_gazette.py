"""The names that are looked for, and for each what it means and what it needs to be sure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from analyzer.division_codes import CITY, COUNTY, LEVELS, PROVINCE, TOWN, parent_of
from analyzer.locality_extra import DIVISIONS, nicknames
from analyzer.locality_names import (
    CHECKED,
    GENERIC,
    KNOWN,
    MANY,
    MANY_TOWNS,
    MARKS,
    ORDINARY,
    Tier,
    common_place,
    distinctive_town,
    goes_on_as,
    has_place_ending,
    spoken_forms,
    without_parent,
)
from analyzer.locality_points import normal_each
from registry.gazetteer import Division
from registry.own_names import Area

OWN_NAME = "本辖区地名"
"""Why the name of a division of the own area is sure by itself."""

_MIN_NAME = 2
_WELL_KNOWN = dict(nicknames())
_KINDS = frozenset("镇乡村市县区街路")
_ENDINGS = frozenset(("镇", "乡", "街道", "地区", "苏木"))


class Gazette:
    """``names`` are looked for; ``codes``, ``tiers``, ``checked`` and ``whys`` go with them.

    ``names`` are written as texts are compared (:mod:`analyzer.locality_points`). ``checked``: the
    name may be a part of other words; ``whys`` holds the reason where the tier is enough.
    """

    def __init__(self, divisions: Sequence[Division], areas: Sequence[Area]) -> None:
        everywhere = [*divisions, *DIVISIONS] if divisions else []
        self.parents = {area.code: area.parent for area in areas if area.parent}
        self.known = {d.code: d.name for d in everywhere} | {a.code: a.name for a in areas}
        self._own = frozenset(area.code for area in areas if area.own)
        self._own_lengths = tuple(sorted({len(code) for code in self._own}))
        self._chains: dict[str, tuple[str, ...]] = {}
        self._nicknames: set[str] = set()
        self._strict: set[str] = set()  # never the own place only for being its name
        names = self._of_divisions(everywhere)
        self._called_after = self._nicknames | {
            d.short for d in everywhere if len(d.code) <= COUNTY and self.is_own(d.code)
        }
        curated = self._curate(areas, names)
        stems = Counter(d.short for d in everywhere if len(d.code) == TOWN)
        towns = sum(len(d.code) == TOWN and self.is_own(d.code) for d in everywhere)
        given = sorted(names)
        self.codes: list[tuple[str, ...]] = []
        self.tiers = bytearray()
        self.whys: list[str] = []
        interned: dict[str, str] = {}
        for name in given:
            codes, tier, why = self._judge(
                name, names[name], curated, stems, wide=towns > MANY_TOWNS
            )
            self.codes.append(codes)
            self.tiers.append(tier)
            self.whys.append(interned.setdefault(why, why))
        self.names = tuple(normal_each(given))
        self.worded = bytes(
            goes_on_as(name, own=bool(self.own_among(codes)))
            for name, codes in zip(given, self.codes, strict=True)
        )
        self.checked = bytes(
            len(name) == _MIN_NAME
            or name in self._strict
            or bool(self.worded[number])
            or (len(name) <= CHECKED and name[-1] not in MARKS and not has_place_ending(name))
            for number, name in enumerate(self.names)
        )
        numbers = {name: number for number, name in enumerate(self.names)}
        self.city_stems = {
            number: numbers.get(name[:-1], -1)
            for name, number in numbers.items()
            if name.endswith("市") and len(name) > _MIN_NAME
        }

    def _of_divisions(self, divisions: Sequence[Division]) -> dict[str, set[str]]:
        """Name → codes, of all that is looked for in the gazetteer."""
        names: dict[str, set[str]] = defaultdict(set)
        for division in divisions:
            own = self.is_own(division.code)
            far = len(division.code) == TOWN and not own
            above = self.known.get(division.parent, division.name)
            for form in (*spoken_forms(division), *without_parent(division, above)):
                if far and form == division.short != division.name:
                    continue  # stems of towns elsewhere are right once in six times
                if len(form) >= _MIN_NAME and (own or form not in GENERIC):
                    names[form].add(division.code)
        for name, code in nicknames() if divisions else ():
            if name not in names:
                names[name].add(code)
                self._nicknames.add(name)
        return names

    def _curate(self, areas: Sequence[Area], names: dict[str, set[str]]) -> dict[str, str]:
        """Add what people keep; returns those names that are sure for it (alias → code)."""
        curated: dict[str, str] = {}
        for area in areas:
            # What the gazetteer calls a division, too, keeps what that name needs.
            if area.code.isdigit() and len(area.name) >= _MIN_NAME:
                names[area.name].add(area.code)
            told = area.aliases if area.code.isdigit() else (area.name, *area.aliases)
            for name in (one.strip() for one in told):
                known = area.code in names.get(name, ())
                plain = known and not self._is_town_stem(name, area.code)
                if len(name) >= _MIN_NAME and not plain and not (known and name in ORDINARY):
                    curated[name] = area.code
        for alias, code in curated.items():
            names[alias].add(code)
        return curated

    def _is_town_stem(self, name: str, code: str) -> bool:
        return len(code) == TOWN and name != self.known.get(code)

    def _judge(
        self,
        name: str,
        codes: set[str],
        curated: dict[str, str],
        stems: Counter[str],
        *,
        wide: bool,
    ) -> tuple[tuple[str, ...], Tier, str]:
        """Candidates, tier and the sentence for the case that the tier is enough."""
        if name in curated:
            code = curated[name]
            if not code.isdigit() and common_place(name, self._called_after):
                return (code,), Tier.CONTEXT, ""
            return (code,), Tier.SURE, "本单位维护的地名或别名"
        everyone = tuple(sorted(codes))
        own = tuple(code for code in everyone if self.is_own(code))
        if name in self._nicknames and not own:
            return everyone, Tier.SURE, "通用别称或著名地点"
        if own and name not in ORDINARY and self._means_another(name, own, everyone):
            everyone = tuple(code for code in everyone if code not in own)
            own = ()
        if own and self._is_well_known(name, own):
            return own, Tier.SURE, "通用别称或著名地点"
        if name in ORDINARY or (own and self._is_common_noun(name, own)):
            return everyone, Tier.ORDINARY if own else Tier.FOREIGN, ""
        if own:
            level = min(map(len, own))
            chosen = tuple(code for code in own if len(code) == level)
            shared = len(everyone) > len(own) and level >= COUNTY
            if level == TOWN and self._is_stem(name, chosen[0]):
                if wide or stems[name] >= MANY or has_place_ending(name):
                    self._strict.add(name)
                shared = True  # whether the text speaks of places elsewhere is asked first
            why = OWN_NAME if len(chosen) == 1 and not shared else ""
        else:
            chosen, why = self._nationwide(name, everyone)
        return (chosen, Tier.SURE, why) if why else (everyone, Tier.CONTEXT, "")

    def _is_well_known(self, name: str, own: Sequence[str]) -> bool:
        """Whether everybody knows the only own place of that name: 望京."""
        return len(own) == 1 and _WELL_KNOWN.get(name, "-") in self.above(own[0])

    def _is_common_noun(self, name: str, own: Sequence[str]) -> bool:
        """Whether an own name is 开发区 or the like, or one as 古镇, the stem of 古镇镇."""
        short = len(name) == _MIN_NAME and name[-1] in _KINDS
        return name in GENERIC or (short and all(self._is_stem(name, code) for code in own))

    def _is_stem(self, name: str, code: str) -> bool:
        """Whether it is the name of a town without its ending, which needs more."""
        rest = self.known.get(code, "").removeprefix(name)
        return len(code) == TOWN and rest in _ENDINGS

    def _means_another(self, name: str, own: Sequence[str], everyone: Sequence[str]) -> bool:
        """Whether an own name is that of a higher place elsewhere: the town 湖南, 长沙县's city."""
        level = min(map(len, own))
        highest = min(everyone, key=len)
        if len(highest) > CITY or len(highest) >= level or name == self.known.get(own[0]):
            return False
        return level == TOWN or (level == COUNTY and self.known.get(own[0], "")[-1:] in "县区旗")

    def _nationwide(self, name: str, everyone: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
        """The one place that a name outside the own area surely means, and why; or no reason."""
        highest = min(everyone, key=len)
        level = len(highest)
        is_full = name == self.known.get(highest)
        why = ""
        if level in (PROVINCE, CITY):
            if sum(len(code) == level for code in everyone) == 1:
                why = "省、市名称" if is_full else "省、市简称"
        elif len(everyone) == 1:
            if level == COUNTY and name[-1] in MARKS:
                why = "县级名称，全国唯一"
            elif is_full and level == TOWN and distinctive_town(name):
                why = "乡镇全称，全国唯一"
            elif level == COUNTY and not is_full and name in KNOWN:
                why = "县级简称，全国唯一"
        return (highest,), why

    def local_names(self) -> list[tuple[str, int, bool]]:
        """Short names that a word list should know: those of the own area, cities and counties.

        With each the length of its code, and whether it is of the own area.
        """
        return [
            (name, len(codes[0]), self.is_own(codes[0]))
            for name, codes, check in zip(self.names, self.codes, self.checked, strict=True)
            if check and name not in ORDINARY and (len(codes[0]) <= COUNTY or self.is_own(codes[0]))
        ]

    def elsewhere(self) -> frozenset[str]:
        """The names of provinces, cities and counties that are not the own area's."""
        return frozenset(
            name
            for name, codes in zip(self.names, self.codes, strict=True)
            if len(codes[0]) <= COUNTY and name not in ORDINARY and not self.own_among(codes)
        )

    def is_own(self, code: str) -> bool:
        """Whether the division is an own area or lies in one."""
        if any(code[:length] in self._own for length in self._own_lengths):
            return True
        return code in self.parents and any(above in self._own for above in self.above(code))

    def above(self, code: str) -> tuple[str, ...]:
        """The code itself and those above it, nearest first; follows the areas' own parents."""
        known = self._chains.get(code)
        if known is not None:
            return known
        chain = [code]
        while len(chain) <= len(LEVELS) * 2:
            parent = self.parents.get(chain[-1]) or parent_of(chain[-1])
            if not parent or parent in chain:
                break
            chain.append(parent)
        if code in self.known:  # a place is named again and again
            self._chains[code] = tuple(chain)
        return tuple(chain)

    def rollup(self, codes: Iterable[str]) -> tuple[str, ...]:
        """The codes and every known division above them, sorted."""
        given = set(codes)
        found = {above for code in given for above in self.above(code) if above in self.known}
        return tuple(sorted(found | given))

    def name(self, code: str) -> str:
        """The division's name, or the code where it is unknown."""
        return self.known.get(code, code)

    def own_among(self, codes: Sequence[str]) -> Sequence[str]:
        """Those of the codes that are own ones."""
        return [code for code in codes if self.is_own(code)] if self._own else ()

    def supported(
        self, candidates: Sequence[str], name: str, named: set[str], source_area: str | None
    ) -> tuple[Sequence[str], str]:
        """The candidates that the text, the source's area or the own area speaks for, and why."""
        below = self._below(candidates, name, named) if named else ()
        if len(below) == 1:
            above = next(above for above in self.above(below[0]) if above in named)
            return below, f"文中有“{self.name(above)}”"
        pool = below or candidates
        if source_area:
            chain = self.above(source_area)
            local = [code for code in pool if code in chain or source_area in self.above(code)]
            if len(local) == 1:
                return local, f"来源属于“{self.name(source_area)}”"
        own = self.own_among(pool)
        if len(own) == 1 and len(candidates) < MANY and own[0].isdigit():
            elsewhere = named and named.isdisjoint(self.above(own[0]))
            higher = any(len(code) < len(own[0]) for code in candidates)
            if not (elsewhere or higher or name in self._strict):
                return own, OWN_NAME
        return below, ""

    def _below(self, candidates: Sequence[str], name: str, named: set[str]) -> Sequence[str]:
        """Those of which the text surely names the nearest division above, or they themselves.

        For the stem of a town, its province is too far.
        """
        nearest: dict[str, int] = {}
        for code in candidates:
            far = len(code) == TOWN and name != self.known.get(code)
            lengths = [
                len(above)
                for above in self.above(code)
                if above in named and not (far and len(above) == PROVINCE)
            ]
            if lengths:
                nearest[code] = max(lengths)
        best = max(nearest.values(), default=0)
        return [code for code, length in nearest.items() if length == best]
