"""Reading the names that stand in one text: which are places, which only may be, and why."""

from __future__ import annotations

from analyzer.division_codes import CITY, PROVINCE, TOWN, in_common, outermost
from analyzer.locality_beside import Beside, Span
from analyzer.locality_borders import Borders
from analyzer.locality_context import (
    makes_a_compound,
    office_of_a_town,
    speaks_of_place,
)
from analyzer.locality_doubts import TITLE_OPENS, Doubts
from analyzer.locality_gazette import Gazette
from analyzer.locality_index import Found
from analyzer.locality_names import BELONGS, GOES_ON, NEVER, Tier
from analyzer.locality_review import Review
from posts.model import HitCertainty, LocalityHit

MAX_HITS = 500
"""At most so many hits of one text are told: a list of all divisions says nothing of a post."""

_SURE, _UNCERTAIN = HitCertainty.SURE, HitCertainty.UNCERTAIN

_CUT, _AHEAD = "\0\0", 8
_NEAR = 2  # names so near have at most one character between them


class Reader:
    """Decides by the rules; one for all texts."""

    def __init__(self, gazette: Gazette, borders: Borders) -> None:
        self._gazette = gazette
        self._doubts = Doubts(gazette, borders)
        self._tiers = gazette.tiers
        self._checked = gazette.checked
        self._stems = gazette.stems
        self._sure = gazette.sure
        self._own_short, self._mine = gazette.own_short, gazette.mine
        self._review = Review(gazette)
        self._beside = Beside(gazette)
        self._near: dict[str, tuple[str, ...]] = {}

    def read(
        self, found: Found, number: int, first: int, last: int, given: str, area: str | None
    ) -> list[LocalityHit]:
        """The hits of text ``number`` among the names from ``first`` until before ``last``.

        The gazette has met the names.
        """
        marked = TITLE_OPENS in given or "@" in given or "＠" in given
        spans = self._spans(found, first, last, marked=marked)
        if not spans:
            return []
        known, told, tiers = self._gazette.known, self._sure, self._tiers
        named: set[str] | None = None
        hits: list[LocalityHit] = []
        mine, own = self._mine, 0
        before, reached = "", -2
        joined, index = found.joined, number - found.first
        shift = joined.starts[index]
        for at, (name, start, end, doubt) in enumerate(spans):
            if joined.origin is None:
                a, b = start - shift, end - shift
            else:
                a, b = joined.place(index, start, end)
            plain = told[name]
            if plain is not None and not doubt:
                code, full, why = plain
                hits.append(LocalityHit(code, full, given[a:b], a, b, _SURE, why))
                own |= mine[name]
                before, reached = code, end
                continue
            if doubt:
                if tiers[name] == Tier.FOREIGN:
                    continue
                sure, why = False, doubt
                code = in_common(self._gazette.likely(name), known)
            else:
                named = self._named(spans) if named is None else named
                near = before if start - reached <= 1 else ""
                code, sure, why = self._weigh(spans, at, joined.text, named, near, area)
                if sure:
                    named.update(self._with_near(code))
                    before, reached = code, end
                elif tiers[name] == Tier.FOREIGN:
                    continue
            certainty = _SURE if sure else _UNCERTAIN
            hits.append(LocalityHit(code, known.get(code, code), given[a:b], a, b, certainty, why))
            own |= mine[name]
        if own:
            told_spans = self._told(spans, hits, found, index)
            self._review.look(hits, told_spans, joined.text, area)
        return hits

    @staticmethod
    def _told(spans: list[Span], hits: list[LocalityHit], found: Found, index: int) -> list[Span]:
        """Those of the spans that became hits, in their order."""
        if len(spans) == len(hits):
            return spans
        starts = {hit.start for hit in hits}
        return [span for span in spans if found.joined.place(index, *span[1:3])[0] in starts]

    def _weigh(
        self,
        spans: list[Span],
        at: int,
        text: str,
        named: set[str],
        near: str,
        area: str | None,
    ) -> tuple[str, bool, str]:
        """Code, whether it is sure, and the reason, by other names and by the words beside it."""
        name, _, end, _ = spans[at]
        tier = self._tiers[name]
        if near and tier == Tier.ORDINARY and at and spans[at - 1][0] == name:
            near = ""  # 平安平安: said twice, not a town in its district
        if near and tier == Tier.ORDINARY:
            near = self._parent_of_word(name, near, text, end)
        told = self._resolve(name, named, near, area)
        if told[1] or tier == Tier.FOREIGN:
            return told
        return self._by_words(spans, at, text, named, area, told)

    def _asked(
        self, spans: list[Span], reached: int, name: int, text: str, start: int, end: int
    ) -> str | None:
        """What :meth:`Doubts.of` says; no word crosses from a place into one within it."""
        told = self._doubts.of(name, text, start, end)
        if told is None and start == reached and self._beside.is_below(spans[-1], name):
            told = self._doubts.of(name, _CUT + text[start : end + _AHEAD], 2, 2 + end - start)
        return told

    def _parent_of_word(self, name: int, near: str, text: str, end: int) -> str:
        """``near``, or "" where the stem of a town is a word that goes on: 广东省人民医院."""
        if any(len(code) < TOWN for code in self._gazette.codes[name]):
            return near
        return "" if len(near) == PROVINCE or makes_a_compound(text, end) else near

    def _named(self, spans: list[Span]) -> set[str]:
        """The codes that the names which are sure by themselves speak for."""
        return {
            code
            for name, _, _, doubt in spans
            if self._tiers[name] == Tier.SURE and not doubt
            for code in self._with_near(self._gazette.codes[name][0])
        }

    def _spans(self, found: Found, first: int, last: int, *, marked: bool) -> list[Span]:
        """What may be told, without what is no place here: the first one, of those the longest."""
        tiers, checked, text = self._tiers, self._checked, found.joined.text
        names, starts, ends, doubts = found.names, found.starts, found.ends, self._doubts
        clean = doubts.clean
        spans: list[Span] = []
        reached = -2
        for at in range(first, last):
            start = starts[at]
            if start < reached:
                continue
            name, end = names[at], ends[at]
            if start - reached > 1 and tiers[name] == Tier.FOREIGN:
                continue
            if (
                text[end : end + 1] in GOES_ON
                and name in self._stems
                and text[end] in BELONGS[text[end - 1]]
            ):
                name, end = self._stems[name], end - 1
                if name < 0:
                    continue
            doubt = ""
            if checked[name]:
                beside = text[start - 2 : end + 2] if start > 1 else ""
                told = (
                    "" if beside in clean else self._asked(spans, reached, name, text, start, end)
                )
                if told is None:
                    continue
                doubt = told or (doubts.within(name, text, start, end) if marked else "")
            if start - reached < _NEAR and not doubt and self._own_short[name]:
                doubt = self._beside.of_another(spans[-1], name, text, start, end)
            spans.append((name, start, end, doubt))
            reached = end
            if len(spans) == MAX_HITS:
                break
        return spans

    def _with_near(self, code: str) -> tuple[str, ...]:
        """The code, and those above it up to the city: a town speaks for the next one."""
        near = self._near.get(code)
        if near is None:
            above = self._gazette.above(code)
            near = (code, *(one for one in above[1:] if len(one) >= CITY))
            self._near[code] = near
        return near

    def _resolve(
        self, name: int, named: set[str], near: str, area: str | None
    ) -> tuple[str, bool, str]:
        """Code, whether it is sure, and the reason, of a name that needs support."""
        gazette = self._gazette
        candidates = gazette.codes[name]
        text = gazette.names[name]
        right_below = [c for c in candidates if near and c != near and near in gazette.above(c)]
        if right_below or self._tiers[name] >= Tier.ORDINARY:
            pool = outermost(right_below)
            why, doubt = f"紧接在“{gazette.name(near)}”之后", f"“{text}”也是常用词"
        else:
            found, why = gazette.supported(candidates, text, named, area)
            pool = list(found)
            doubt = "只有简称或简名，文中没有上级地名"
            if len(candidates) > 1:
                doubt = f"有 {len(candidates)} 处同名，文中没有上级地名"
        if len(pool) == 1:
            return pool[0], True, why
        likely = gazette.own_among(pool or candidates) or pool or candidates
        return in_common(likely, gazette.known), False, doubt

    def _by_words(
        self,
        spans: list[Span],
        at: int,
        text: str,
        named: set[str],
        area: str | None,
        told: tuple[str, bool, str],
    ) -> tuple[str, bool, str]:
        """What the words beside an own name that may be a word, too, say of it; or ``told``."""
        gazette = self._gazette
        name, start, end, _ = spans[at]
        own = outermost(gazette.own_among(gazette.codes[name]))
        if len(own) != 1:
            return told
        [code] = own
        below = self._right_behind(spans, at, text, code)
        why = ""
        if below:
            why = f"后面紧接着“{gazette.name(below)}”"
        elif len(code) == TOWN:
            if office_of_a_town(text, end) and not named.isdisjoint(gazette.above(code)[1:]):
                why = "文中有上级地名，后面是乡镇的单位"
            elif gazette.may_be_spoken_of(name) and speaks_of_place(text, start, end, near=False):
                why = "上下文说的是当地"
        elif self._tiers[name] == Tier.ORDINARY and gazette.names[name] not in NEVER:
            beside = bool(area and gazette.is_own(area)) or any(
                one.startswith(code[:PROVINCE]) for one in named
            )
            if speaks_of_place(text, start, end, near=beside):
                why = "上下文说的是当地"
        return (code, True, why) if why else told

    def _right_behind(self, spans: list[Span], at: int, text: str, code: str) -> str:
        """The place in ``code`` that the name right behind must be, if this one is there; or ""."""
        if at + 1 == len(spans):
            return ""
        name, start, _, doubt = spans[at + 1]
        if name == spans[at][0] or doubt or text[spans[at][2] : start] not in {"", "的"}:
            return ""
        gazette = self._gazette
        ours = gazette.codes[spans[at][0]]
        within = [
            below
            for below in gazette.codes[name]
            if any(one != below and one in gazette.above(below) for one in ours)
        ]
        if len(within) != 1 or code == within[0] or code not in gazette.above(within[0]):
            return ""
        return within[0]
