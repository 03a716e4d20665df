"""The names that are looked for, and for each what it means and what it needs to be sure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from analyzer.division_codes import CITY, COUNTY, PROVINCE, TOWN
from analyzer.locality_borders import KEPT
from analyzer.locality_extra import DIVISIONS, nicknames
from analyzer.locality_gathering import MIN_NAME, curate, numbered, of_divisions
from analyzer.locality_names import (
    BELONGS,
    CHECKED,
    GENERIC,
    KNOWN,
    MANY,
    MANY_TOWNS,
    MARKS,
    ORDINARY,
    SOME_TOWNS,
    Tier,
    common_place,
    distinctive_town,
    goes_on_as,
    has_place_ending,
    is_a_count,
)
from analyzer.locality_tree import Tree
from registry.gazetteer import Division
from registry.own_names import Area

OWN_NAME = "本辖区地名"  # why the name of a division of the own area is sure by itself
_WELL_KNOWN = dict(nicknames())
_KINDS = frozenset("镇乡村市县区街路")
_ENDINGS = frozenset(("镇", "乡", "街道", "地区", "苏木"))


class Gazette(Tree):
    """``names`` are looked for; what is known of each goes by its number.

    ``names`` are written as texts are compared (:mod:`analyzer.locality_points`). A name is judged
    when it is first met, so that a start needs no judgement of 40,000: ``codes`` to ``stems``
    hold only of names met (:meth:`meet`) what they say. ``checked``: the name may be a part of
    other words, or is an own one, ``whole`` where no word crosses it; ``sure``: code, full name and
    reason where the tier is enough.
    """

    def __init__(self, divisions: Sequence[Division], areas: Sequence[Area]) -> None:
        everywhere = [*divisions, *DIVISIONS] if divisions else []
        super().__init__(everywhere, areas)
        self._strict: set[str] = set()  # never the own place only for being its name
        names, self._nicknames = of_divisions(self, everywhere)
        towns = [d for d in everywhere if len(d.code) == TOWN] if self._own else []
        self._town_stems = Counter([d.short for d in towns])
        self._towns = sum(self.is_own(d.code) for d in towns)
        self._spoken: set[str] = set()  # of those, the ones that words around them are enough for
        self._called_after = frozenset(self._nicknames).union(
            d.short
            for d in everywhere
            if self._own and len(d.code) <= COUNTY and self.is_own(d.code)
        )
        self._curated = curate(self, areas, names)
        self._candidates = names
        self._given, self.names, self._numbers = numbered(names)
        count = len(self.names)
        self.codes: list[tuple[str, ...]] = [()] * count
        self.sure: list[tuple[str, str, str] | None] = [None] * count
        self.tiers, self.worded = bytearray(count), bytearray(count)
        self.checked, self.own_short = bytearray(count), bytearray(count)
        self.whole, self.mine, self.by_name = (bytearray(count) for _ in range(3))
        self.stems: dict[int, int] = {}
        self._met: set[int] = set()

    def meet(self, numbers: Collection[int]) -> None:
        """Judge those of the names that were not met before. Several threads may do so at once."""
        if self._met.issuperset(numbers):
            return
        for number in set(numbers) - self._met:
            self._meet(number)
            self._met.add(number)

    def _meet(self, number: int) -> None:
        given, name = self._given[number], self.names[number]
        codes, tier, why = self._judge(given, self._candidates[given])
        own = bool(self.own_among(codes))
        worded = goes_on_as(given, own=own)
        checked = self._is_checked(name, worded)
        whole = own and not checked and name[-1:] not in MARKS
        self.codes[number], self.tiers[number] = codes, tier
        self.worded[number], self.checked[number] = worded, checked or whole
        self.whole[number] = whole
        self.mine[number] = own and not self.is_full(given, codes)
        self.by_name[number] = own and codes[0].isdigit() and self._is_by_name(given, codes[0])
        if tier == Tier.SURE:
            first = codes[0]
            self.sure[number] = (first, self.name(first), why)
            self.own_short[number] = own and (
                not first.isdigit()
                or ((checked or whole) and (why == OWN_NAME or len(first) >= TOWN))
            )
        elif tier == Tier.CONTEXT:
            small = len(min(codes, key=len)) >= TOWN
            self.own_short[number] = own and (checked or whole) and small
        if len(name) > MIN_NAME and name[-1] in BELONGS:
            stem = self._numbers.get(name[:-1], -1)
            self.stems[number] = stem
            if stem >= 0:
                self.meet((stem,))

    def _is_by_name(self, name: str, code: str) -> bool:
        """Whether a name is an alias that has nothing of what the division is called."""
        return name in self._curated and name[:2] != self.known.get(code, "")[:2]

    def foreign(self) -> list[bool]:
        """Of each name whether it only counts right behind another one."""
        words = [number for number, name in enumerate(self._given) if name in ORDINARY]
        self.meet(words)
        told = [False] * len(self.names)
        for number in words:
            told[number] = self.tiers[number] == Tier.FOREIGN
        return told

    def _judge(self, name: str, codes: tuple[str, ...]) -> tuple[tuple[str, ...], Tier, str]:
        """Candidates, tier and the sentence for the case that the tier is enough."""
        if name in self._curated:
            code = self._curated[name]
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
                self._doubt_stem(name, everyone)
                shared = True  # whether the text speaks of places elsewhere is asked first
            elif level == TOWN and len(name) == MIN_NAME:
                self._strict.add(name)  # 高镇 may be the end of 福高镇
                shared = True
            why = OWN_NAME if len(chosen) == 1 and not shared else ""
        else:
            chosen, why = self._nationwide(name, everyone)
        return (chosen, Tier.SURE, why) if why else (everyone, Tier.CONTEXT, "")

    def _doubt_stem(self, name: str, everyone: Sequence[str]) -> None:
        """Note what the stem of an own town needs, if that is more than nothing elsewhere."""
        shape = self._town_stems[name] >= MANY or has_place_ending(name) or is_a_count(name)
        some = self._towns > (SOME_TOWNS if len(name) == MIN_NAME else MANY_TOWNS)
        if shape or some:
            self._strict.add(name)
            if not shape and self._towns <= MANY_TOWNS and all(len(c) == TOWN for c in everyone):
                self._spoken.add(name)

    def _is_well_known(self, name: str, own: Sequence[str]) -> bool:
        """Whether everybody knows the only own place of that name: 望京."""
        return len(own) == 1 and _WELL_KNOWN.get(name, "-") in self.above(own[0])

    def _is_common_noun(self, name: str, own: Sequence[str]) -> bool:
        """Whether an own name is 开发区 or the like, or one as 古镇, the stem of 古镇镇."""
        short = len(name) == MIN_NAME and name[-1] in _KINDS
        return name in GENERIC or (short and all(self._is_stem(name, code) for code in own))

    def _is_stem(self, name: str, code: str) -> bool:
        """Whether it is the name of a town without its ending, which needs more."""
        rest = self.known.get(code, "").removeprefix(name)
        return len(code) == TOWN and (rest in _ENDINGS or rest.endswith(("族乡", "族镇")))

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

        With each the length of its code (KEPT for what people keep), and whether it is an own one.
        """
        near = [
            number
            for number, (name, given) in enumerate(zip(self.names, self._given, strict=True))
            if self._may_be_local(name, given, self._candidates[given])
        ]
        self.meet(near)
        return [
            (name, KEPT, False)
            if given in self._curated
            else (name, len(codes[0]), self.is_own(codes[0]))
            for name, given, codes, check in (
                (self.names[n], self._given[n], self.codes[n], self.checked[n]) for n in near
            )
            if check and name not in ORDINARY and (len(codes[0]) <= COUNTY or self.is_own(codes[0]))
        ]

    def _may_be_local(self, name: str, given: str, codes: tuple[str, ...]) -> bool:
        """Whether the name may be a short one of the own area, a city or a county."""
        if self._own and self.own_among(codes):
            return True
        return len(min(codes, key=len)) <= COUNTY and self._is_checked(
            name, goes_on_as(given, own=False)
        )

    def _is_checked(self, name: str, worded: int) -> bool:
        """Whether what stands beside the name must be looked at."""
        return bool(
            len(name) == MIN_NAME
            or name in self._strict
            or worded
            or (len(name) <= CHECKED and name[-1:] not in MARKS and not has_place_ending(name))
        )

    def likely(self, number: int) -> Sequence[str]:
        """What the name may mean in the own area, or else anywhere."""
        return self.own_among(self.codes[number]) or self.codes[number]

    def may_be_spoken_of(self, number: int) -> bool:
        """Whether for the stem of a town, met, the words around it are enough."""
        return self.names[number] in self._spoken

    def is_elsewhere(self, name: str) -> bool:
        """Whether it is the name of a province, city or county that is not the own area's."""
        number = self._numbers.get(name)
        if number is None or name in ORDINARY:
            return False
        self.meet((number,))
        codes = self.codes[number]
        return len(codes[0]) <= COUNTY and not self.own_among(codes)

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
