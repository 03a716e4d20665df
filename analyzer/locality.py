"""Places in a text (属地识别): an index over the gazetteer and the area's own names.

Which names count without more is decided when they are first met (:mod:`locality_gazette`), the
rest by what else the text says (:mod:`locality_reading`). Offsets are code points of the text as
given; traditional and full-width characters are read as the plain ones.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence

from analyzer.locality_borders import Borders
from analyzer.locality_gazette import Gazette
from analyzer.locality_index import Found, NameIndex
from analyzer.locality_reading import MAX_HITS, Reader
from posts.model import HitCertainty, LocalityHit
from registry.gazetteer import Division
from registry.own_names import Area

__all__ = ["MAX_HITS", "Matcher"]


class Matcher:
    """Finds places. ``areas`` are the registry's: own ones, and any with curated aliases.

    Building takes about a seventh of a second and 30 MB; build anew when the areas change. The word
    list that is asked at doubtful borders takes 35 MB more, at the first one.
    """

    def __init__(self, divisions: Sequence[Division], areas: Sequence[Area] = ()) -> None:
        self._gazette = Gazette(divisions, areas)
        self._index = NameIndex(self._gazette.names, self._gazette.foreign())
        self._reader = Reader(self._gazette, Borders(self._gazette.local_names))

    def is_own(self, code: str) -> bool:
        """Whether the division is an own area or lies in one."""
        return self._gazette.is_own(code)

    def elsewhere(self) -> Container[str]:
        """The names of provinces, cities and counties that are not the own area's."""
        return _Elsewhere(self._gazette)

    def above(self, code: str) -> tuple[str, ...]:
        """The code itself and those above it, nearest first; follows the areas' own parents."""
        return self._gazette.above(code)

    def rollup(self, codes: Iterable[str]) -> tuple[str, ...]:
        """The codes and every known division above them, sorted."""
        return self._gazette.rollup(codes)

    def areas(self, hits: Iterable[LocalityHit]) -> tuple[str, ...]:
        """What ``ScoredPost.areas`` holds: the sure hits and everything above them."""
        sure = {hit.code for hit in hits if hit.certainty is HitCertainty.SURE}
        return self._gazette.rollup(sure) if sure else ()

    def name(self, code: str) -> str:
        """The division's name, or the code where it is unknown."""
        return self._gazette.name(code)

    def find(self, text: str, source_area: str | None = None) -> list[LocalityHit]:
        """The places in the text, in order, none over another.

        ``source_area`` is the code of the post's source, which tells namesakes apart.
        """
        return self.find_many([text], [source_area])[0]

    def find_many(
        self, texts: Sequence[str], source_areas: Sequence[str | None] | None = None
    ) -> list[list[LocalityHit]]:
        """What :meth:`find` gives for each of the texts, in their order; faster than one by one.

        ``source_areas`` holds the own area of each text's source, as many as there are texts.
        """
        if source_areas is not None and len(source_areas) != len(texts):
            raise ValueError("as many source_areas as texts are needed")
        hits: list[list[LocalityHit]] = [[] for _ in texts]
        for found in self._index.find(texts):
            self._gazette.meet(found.names)
            for number, first, last in _by_text(found):
                area = source_areas[number] if source_areas else None
                hits[number] = self._reader.read(found, number, first, last, texts[number], area)
        return hits


class _Elsewhere:
    """Asked name by name: to list them all would need a judgement of all."""

    def __init__(self, gazette: Gazette) -> None:
        self._gazette = gazette

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._gazette.is_elsewhere(name)


def _by_text(found: Found) -> Iterator[tuple[int, int, int]]:
    """(text, first name, last name + 1) of each text with names."""
    starts, bounds = found.starts, found.joined.starts
    text = at = 0
    count = len(starts)
    while at < count:
        place = starts[at]
        while bounds[text + 1] <= place:
            text += 1
        bound = bounds[text + 1]
        first = at
        while at < count and starts[at] < bound:
            at += 1
        yield found.first + text, first, at
