"""How well own places are found in written sentences: for ``yuqing eval --sentences``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from analyzer.locality import Matcher
from analyzer.locality_sentences import Sentence, found, matcher_of, read, read_desks, table
from registry import gazetteer
from registry.errors import InvalidInputError
from yuqing.configured import configured_areas
from yuqing.settings import Settings


def lines(files: Sequence[Path], desks: Path | None, settings: Settings | None) -> Iterator[str]:
    """The table, a row a file. ``settings``: whose own area it is, where no desks are given.

    Raises InvalidInputError.
    """
    given = [(file, read(file)) for file in files]
    matcher_for = _of_file(desks, given) if desks is not None else _of_settings(settings)
    yield from table((file.name, found(sentences, matcher_for)) for file, sentences in given)


def _of_file(
    desks: Path, given: Sequence[tuple[Path, Sequence[Sentence]]]
) -> Callable[[str], Matcher]:
    known = read_desks(desks)
    for file, sentences in given:
        if missing := {one.desk for one in sentences} - known.keys():
            raise InvalidInputError(f"{file} 里的地区 {min(missing)!r} 不在 {desks} 里。")
    return cache(lambda name: matcher_of(known[name]))


def _of_settings(settings: Settings | None) -> Callable[[str], Matcher]:
    if settings is None or settings.area.code is None:
        raise InvalidInputError("配置里没有本地区（area.code）：请填上，或用 --desks 指明地区。")
    divisions = gazetteer.load()
    matcher = Matcher(divisions, configured_areas(settings, divisions))
    return lambda _name: matcher
