"""Where an alias would be hit in some posts, looked at in a process of its own.

The word list and the index of names take 80 MB, and a console would keep them for good after one
look. The process that looks ends with its answer: JSON on its input, JSON on its output.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Literal

import msgspec
from msgspec import Struct

from registry.errors import UnavailableError

_ALIAS = "_"
_SECONDS = 60

Place = tuple[int, int, bool]
"""Start, end, and whether no other name of the area or unit is hit in the text."""


class Asked(Struct, frozen=True):
    """The alias, what it is to name, the other names of that, and the texts to look at."""

    kind: Literal["area", "unit"]
    alias: str
    others: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


class Told(Struct, frozen=True):
    """Whether the alias is an ordinary word, and of each text where it is hit first, if at all."""

    ordinary: bool
    places: tuple[Place | None, ...]


def look_apart(asked: Asked) -> Told:
    """What :func:`look` says, from a process that ends with it: half a second.

    Raises UnavailableError where there is no answer.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", __name__],
            input=msgspec.json.encode(asked),
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
        return msgspec.json.decode(done.stdout, type=Told)
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
        raise UnavailableError("别名预览没有算出来，请稍后再试；仍不行请告知维护人员。") from error


def look(asked: Asked) -> Told:
    """Look at the texts here. Loads the word list."""
    from analyzer import word_list
    from analyzer.words import is_ordinary

    word_list.share()
    ordinary = is_ordinary(asked.alias)  # before the matcher adds the alias to the words
    where = _finder(asked)
    return Told(ordinary, tuple(where(text) for text in asked.texts))


def _finder(asked: Asked) -> Callable[[str], Place | None]:
    """What says where in a text the alias would be hit.

    The other names stand beside it, for a longer one covers it: 弄坝 within 弄坝镇 is no hit.
    """
    return _in_units(asked) if asked.kind == "unit" else _in_places(asked)


def _in_units(asked: Asked) -> Callable[[str], Place | None]:
    from analyzer.units import UnitMatcher
    from registry.own_names import Unit

    known = [Unit(id=one, name=one) for one in asked.others]
    units = UnitMatcher((Unit(id=_ALIAS, name=asked.alias), *known))

    def where(text: str) -> Place | None:
        found = units.find(text)
        at = text.find(asked.alias)
        if _ALIAS not in found or at < 0:
            return None
        return at, at + len(asked.alias), found == (_ALIAS,)

    return where


def _in_places(asked: Asked) -> Callable[[str], Place | None]:
    from analyzer.locality import Matcher
    from posts.model import HitCertainty
    from registry.own_names import Area

    names = {_ALIAS: asked.alias} | {f"x{n}": one for n, one in enumerate(asked.others)}
    areas = [Area(code=code, name=name, level="place", own=True) for code, name in names.items()]
    places = Matcher((), areas)

    def where(text: str) -> Place | None:
        hits = [one for one in places.find(text) if one.certainty is HitCertainty.SURE]
        at = next(((one.start, one.end) for one in hits if one.code == _ALIAS), None)
        return None if at is None else (*at, all(one.code == _ALIAS for one in hits))

    return where


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    sys.stdout.buffer.write(msgspec.json.encode(look(asked)))
