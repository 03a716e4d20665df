"""rjieba's word list, of which one copy for a whole process is enough.

A copy takes 25 to 30 MB. Who adds names of its own takes a copy of its own, unless the process has
said that one is enough (:func:`share`): a stage knows one desk, a test many.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rjieba import Jieba

_shared: list[Jieba] = []  # at most one
_sharing: list[bool] = []


def share() -> None:
    """From now on all in this process take one copy, made when first asked for."""
    _sharing[:] = [True]


def words() -> Jieba:
    """The copy of the process, or a new one: words may be added to it."""
    import rjieba  # its dictionary is loaded here: only for who asks

    if not _sharing:
        return rjieba.Jieba()
    if not _shared:
        _shared.append(rjieba.Jieba())
    return _shared[0]


def cutter() -> Callable[[str], list[str]]:
    """What cuts a text into words; the words added to a shared copy count."""
    if _sharing:
        return words().cut
    import rjieba

    return rjieba.cut
