"""Places in a text (属地识别): an automaton over the gazetteer and the area's own names.

Which names count without more is decided when the automaton is built (``Tier``), the rest by
what else the text says. Offsets are code points of the text as given.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from analyzer.automaton import find_all, make_automaton
from analyzer.division_codes import CITY, COUNTY, LEVELS, PROVINCE, TOWN, in_common, parent_of
from analyzer.locality_names import (
    AFTER_CITY,
    GENERIC,
    NOT_A_PLACE,
    ORDINARY,
    STREETS,
    Tier,
    distinctive_town,
    spoken_forms,
)
from posts.model import HitCertainty, LocalityHit
from registry.gazetteer import Division
from registry.own_names import Area

MAX_HITS = 500
"""At most so many hits of one text are told: a list of all divisions says nothing of a post."""

_MIN_NAME = 2
_MARKS = frozenset("省市县区镇乡州")


class Matcher:
    """Finds places. ``areas`` are the registry's: own ones, and any with curated aliases.

    Building takes about half a second and 25 MB; build anew when the areas change.
    """

    def __init__(self, divisions: Sequence[Division], areas: Sequence[Area] = ()) -> None:
        self._parents = {area.code: area.parent for area in areas if area.parent}
        self._known = {d.code: d.name for d in divisions} | {a.code: a.name for a in areas}
        self._own = tuple(sorted(area.code for area in areas if area.own))
        names: dict[str, set[str]] = defaultdict(set)
        curated = self._collect(divisions, areas, names)
        stems = Counter(d.short for d in divisions if len(d.code) == TOWN)
        self._names = tuple(sorted(names))
        self._codes: list[tuple[str, ...]] = []
        self._tiers = bytearray()
        self._whys: list[str] = []
        interned: dict[str, str] = {}
        for name in self._names:
            codes, tier, why = self._judge(name, names[name], curated, stems)
            self._codes.append(codes)
            self._tiers.append(tier)
            self._whys.append(interned.setdefault(why, why))
        self._city_stems = {n: i for i, n in enumerate(self._names) if n + "市" in names}
        self._automaton = make_automaton(self._names)

    def _collect(
        self, divisions: Sequence[Division], areas: Sequence[Area], names: dict[str, set[str]]
    ) -> dict[str, str]:
        """Fill name → codes; returns the curated names (alias → code)."""
        for division in divisions:
            own = self.is_own(division.code)
            town = len(division.code) == TOWN
            for form in (division.name, *spoken_forms(division)):
                if town and not own and form == division.short != division.name:
                    continue  # stems of towns elsewhere are right once in six times
                if len(form) >= _MIN_NAME and (own or form not in GENERIC):
                    names[form].add(division.code)
        curated: dict[str, str] = {}
        for area in areas:
            # A gazetteer's division keeps what its name needs; an area of one's own making is sure.
            told = area.aliases if area.code.isdigit() else (area.name, *area.aliases)
            if area.code.isdigit() and len(area.name) >= _MIN_NAME:
                names[area.name].add(area.code)
            for name in (one.strip() for one in told):
                if len(name) >= _MIN_NAME and not (name in ORDINARY and area.code in names[name]):
                    curated[name] = area.code
        for alias, code in curated.items():
            names[alias].add(code)
        return curated

    def _judge(
        self, name: str, codes: set[str], curated: dict[str, str], stems: Counter[str]
    ) -> tuple[tuple[str, ...], Tier, str]:
        """Candidates, tier and the sentence for the case that the tier is enough."""
        if name in curated:
            return (curated[name],), Tier.SURE, "本单位维护的地名或别名"
        everyone = tuple(sorted(codes))
        own = tuple(code for code in everyone if self.is_own(code))
        if name in ORDINARY:
            return everyone, Tier.ORDINARY if own else Tier.FOREIGN, ""
        if own:
            level = min(map(len, own))
            chosen = tuple(code for code in own if len(code) == level)
            is_stem = level == TOWN and name != self._known[chosen[0]]
            shared = is_stem and (stems[name] > 1 or len(everyone) > 1)
            why = "本辖区地名" if len(chosen) == 1 and not shared else ""
        else:
            chosen, why = self._nationwide(name, everyone)
        return (chosen, Tier.SURE, why) if why else (everyone, Tier.CONTEXT, "")

    def _nationwide(self, name: str, everyone: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
        """The one place that a name outside the own area surely means, and why; or no reason."""
        highest = min(everyone, key=len)
        level = len(highest)
        is_full = name == self._known.get(highest)
        why = ""
        if level in (PROVINCE, CITY):
            if sum(len(code) == level for code in everyone) == 1:
                why = "省、市名称" if is_full else "省、市简称"
        elif len(everyone) == 1 and is_full:
            if level == COUNTY and len(name) > _MIN_NAME:
                why = "县级全称，全国唯一"
            elif level == TOWN and distinctive_town(name):
                why = "乡镇全称，全国唯一"
        return (highest,), why

    def is_own(self, code: str) -> bool:
        """Whether the division is an own area or lies in one."""
        if code.startswith(self._own):
            return True
        return code in self._parents and any(above in self._own for above in self.above(code))

    def above(self, code: str) -> tuple[str, ...]:
        """The code itself and those above it, nearest first; follows the areas' own parents."""
        chain = [code]
        while len(chain) <= len(LEVELS) * 2:
            parent = self._parents.get(chain[-1]) or parent_of(chain[-1])
            if not parent or parent in chain:
                break
            chain.append(parent)
        return tuple(chain)

    def rollup(self, codes: Iterable[str]) -> tuple[str, ...]:
        """The codes and every known division above them, sorted."""
        given = set(codes)
        found = {above for code in given for above in self.above(code) if above in self._known}
        return tuple(sorted(found | given))

    def areas(self, hits: Iterable[LocalityHit]) -> tuple[str, ...]:
        """What ``ScoredPost.areas`` holds: the sure hits and everything above them."""
        return self.rollup({hit.code for hit in hits if hit.certainty is HitCertainty.SURE})

    def name(self, code: str) -> str:
        """The division's name, or the code where it is unknown."""
        return self._known.get(code, code)

    def find_many(
        self, texts: Sequence[str], source_areas: Sequence[str | None] | None = None
    ) -> list[list[LocalityHit]]:
        """What :meth:`find` gives for each of the texts, in their order; faster than one by one.

        ``source_areas`` holds the own area of each text's source, as many as there are texts.
        """
        areas = source_areas or [None] * len(texts)
        return [self.find(text, area) for text, area in zip(texts, areas, strict=True)]

    def find(self, text: str, source_area: str | None = None) -> list[LocalityHit]:
        """The places in the text, in order. ``source_area``: the code of the source's own area.

        Any text is accepted. A hit without certainty whose name many places share has the code
        of what they have in common, or an empty code.
        """
        matches = find_all(self._automaton, text)
        if not matches:
            return []
        spans = self._spans(text, matches[:MAX_HITS])
        sure = {
            self._codes[index][0]
            for index, _, _, street in spans
            if self._tiers[index] == Tier.SURE and not street
        }
        hits: list[LocalityHit] = []
        before = ("", 0)
        for index, start, end, street in spans:
            certainty = HitCertainty.UNCERTAIN
            if street:
                code, why = in_common(self._codes[index], self._known), "后面是路名，不一定指当地"
            elif self._tiers[index] == Tier.SURE:
                code, why = self._codes[index][0], self._whys[index]
                certainty = HitCertainty.SURE
            else:
                near = before[0] if start - before[1] <= 1 else ""
                code, certainty, why = self._resolve(index, sure, near, source_area)
                if certainty is HitCertainty.UNCERTAIN and self._tiers[index] == Tier.FOREIGN:
                    continue
            if certainty is HitCertainty.SURE:
                before = (code, end)
            hits.append(
                LocalityHit(
                    code, self._known.get(code, code), text[start:end], start, end, certainty, why
                )
            )
        return hits

    def _spans(
        self, text: str, matches: list[tuple[int, int, int]]
    ) -> list[tuple[int, int, int, bool]]:
        """What may be told, quickly without the ordinary words that stand behind no place."""
        spans = []
        last = -2
        for match in matches:
            if self._tiers[match[0]] != Tier.FOREIGN or match[1] - last <= 1:
                span = self._span(text, match)
                if span is not None:
                    spans.append(span)
                    last = span[2]
        return spans

    def _span(self, text: str, match: tuple[int, int, int]) -> tuple[int, int, int, bool] | None:
        """(pattern, start, end, is a street), or None where the name is no place here."""
        index, start, end = match
        last = text[end - 1]
        if last == "市" and text[end : end + 1] in AFTER_CITY:
            stem = self._city_stems.get(text[start : end - 1])
            return None if stem is None else (stem, start, end - 1, False)
        if last in _MARKS:
            return index, start, end, False
        if text.startswith(NOT_A_PLACE, end):
            return None
        return index, start, end, text.startswith(STREETS, end)

    def _resolve(
        self, index: int, sure: set[str], near: str, source_area: str | None
    ) -> tuple[str, HitCertainty, str]:
        """Code, certainty and reason of a name that needs support."""
        candidates = self._codes[index]
        name = self._names[index]
        if self._tiers[index] >= Tier.ORDINARY:
            pool: Sequence[str] = [
                code for code in candidates if near and code.startswith(near) and code != near
            ]
            why = f"紧接在“{self.name(near)}”之后"
            doubt = f"“{name}”也是常用词"
        else:
            pool, why = self._support(candidates, name, sure, source_area)
            doubt = "只有简称或简名，文中没有上级地名"
            if len(candidates) > 1:
                doubt = f"有 {len(candidates)} 处同名，文中没有上级地名"
        if len(pool) == 1:
            return pool[0], HitCertainty.SURE, why
        own = self._own_among(pool or candidates)
        return in_common(own or pool or candidates, self._known), HitCertainty.UNCERTAIN, doubt

    def _support(
        self, candidates: tuple[str, ...], name: str, sure: set[str], source_area: str | None
    ) -> tuple[Sequence[str], str]:
        """The candidates that the text, the source's area or the own area speaks for, and why."""
        named = self._named(candidates, name, sure) if sure else ()
        if len(named) == 1:
            above = next(above for above in self.above(named[0]) if above in sure)
            return named, f"文中有“{self.name(above)}”"
        pool = named or candidates
        if source_area:
            chain = self.above(source_area)
            local = [code for code in pool if code in chain or code.startswith(source_area)]
            if len(local) == 1:
                return local, f"来源属于“{self.name(source_area)}”"
        own = self._own_among(pool)
        return (own, "本辖区地名") if len(own) == 1 else (named, "")

    def _named(self, candidates: Sequence[str], name: str, sure: set[str]) -> Sequence[str]:
        """Those of which the text surely names the nearest division above, or they themselves.

        Candidates are of the gazetteer (what people keep is sure), so that a code begins with
        those above it. For the stem of a town, its province is too far.
        """
        below = [code for code in candidates if code.startswith(tuple(sure))]
        nearest: dict[str, int] = {}
        for code in below:
            far = len(code) == TOWN and name != self._known.get(code)
            lengths = [n for n in LEVELS if code[:n] in sure and not (far and n == PROVINCE)]
            if lengths:
                nearest[code] = max(lengths)
        best = max(nearest.values(), default=0)
        return [code for code, length in nearest.items() if length == best]

    def _own_among(self, codes: Sequence[str]) -> Sequence[str]:
        return [code for code in codes if code.startswith(self._own)] if self._own else ()
