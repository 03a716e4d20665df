"""rjieba's word list, of which one copy for a whole process is enough.

A copy takes 25 to 30 MB and an eighth of a second; the library makes one when it is loaded. Who
adds names of its own takes a copy of its own, unless the process has said that one is enough
(:func:`share`): a stage knows one desk, a test many.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rjieba import Jieba

_shared: list[Jieba] = []  # at most one
_sharing: list[bool] = []
_spare = [True]  # nobody has the library's own copy


def share() -> None:
    """From now on all in this process take one copy, made when first asked for."""
    _sharing[:] = [True]


def words() -> Jieba:
    """The copy of the process, or a new one: words may be added to it."""
    import rjieba  # its dictionary is loaded here: only for who asks

    if not _sharing:
        return rjieba.Jieba()
    if not _shared:
        _shared.append(_first_or_new())
    return _shared[0]


@functools.cache
def plain() -> Jieba:
    """A copy to which nobody adds words, one for the process."""
    return _first_or_new()


def cutter() -> Callable[[str], list[str]]:
    """What cuts a text into words; the words added to a shared copy count."""
    return words().cut if _sharing else plain().cut


def _first_or_new() -> Jieba:
    """The copy that the library made when it was loaded, for who asks first."""
    import rjieba

    first: Jieba | None = getattr(rjieba.cut, "__self__", None) if _spare else None
    _spare.clear()
    return first or rjieba.Jieba()
