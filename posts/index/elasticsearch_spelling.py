"""Texts and terms as tokens that every Elasticsearch splits alike: ASCII letters and digits only.

The server's analyzers would each decide for themselves what can be found: ``cjk`` drops English
stop words and single characters, ``standard`` keeps ``a.b`` whole, none folds as ``normalise``
does. So the tokens of :mod:`posts.index.words` are made here and spelled so that the ``standard``
tokenizer, which every server has, takes each as it is: Chinese pairs as ``X`` and their UTF-16 in
capitals of hexadecimal, words of other scripts as ``W`` and theirs, ASCII words as they stand (in
lower case, so nothing is meant twice).

A run of Chinese 停水了 becomes ``S停 X停水 X水了 X了``. ``S`` marks its begin: so a phrase whose
last word is one character (``"12345 热"``) needs no open end. Only a single character alone is a
prefix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from posts.index.words import is_cjk, runs
from posts.model import Post

_BASIC = 4
_KEPT = 20_000  # characters whose spelling is remembered


def words(text: str) -> str:
    """The tokens of a text, separated by spaces."""
    found: list[str] = []
    for run in runs(text):
        if not is_cjk(run):
            found.append(_word(run))
            continue
        first = _unit(run[0])
        found.append(f"S{first} X{first}{run[1:].translate(_JOINTS)}")
    return " ".join(found)


def phrase(wanted: Sequence[str]) -> tuple[list[str], bool]:
    """The tokens that stand side by side where these runs do; whether the one is only a prefix."""
    found: list[str] = []
    last = len(wanted) - 1
    for n, run in enumerate(wanted):
        if not is_cjk(run):
            found.append(_word(run))
            continue
        units = _units(run)
        if n:
            found.append(f"S{units[0]}")
        found.extend(_pairs(units))
        if n < last:
            found.append(f"X{units[-1]}")
        elif not n and len(units) == 1:
            return [f"X{units[0]}"], True
    return found, False


def marks(post: Post) -> list[str]:
    """What stands between words, as it stands: each different sequence of such characters once."""
    found: set[str] = set()
    for field in (post.title, post.text):
        found.update(field.translate(_MARKS).split("~"))
    found.discard("")
    return sorted(found)


def mark_phrase(literal: str) -> str | None:
    """The tokens of a text without words, which stand side by side in it; None where it has one."""
    spelled = literal.translate(_MARKS)
    return None if "~" in spelled else spelled.strip()


class _Joints(dict[int, str]):
    """For ``str.translate``: a character ends one pair and begins the next, or stands alone."""

    def __missing__(self, code: int) -> str:
        unit = _unit(chr(code))
        spelled = f"{unit} X{unit}"
        if len(self) < _KEPT:
            self[code] = spelled
        return spelled


_JOINTS = _Joints()


class _Marks(dict[int, str]):
    """For ``str.translate``: characters that no word holds are spelled, all others become ~."""

    def __missing__(self, code: int) -> str:
        spelled = "~" if runs(chr(code)) else f" M{code:X}"
        if len(self) < _KEPT:
            self[code] = spelled
        return spelled


_MARKS = _Marks()


def _word(run: str) -> str:
    return run if run.isascii() else f"W{''.join(_units(run))}"


def _pairs(units: Sequence[str]) -> Iterator[str]:
    return (f"X{one}{two}" for one, two in pairwise(units))


def _units(run: str) -> Sequence[str]:
    """Each character as its UTF-16 in hexadecimal: four digits, eight beyond the basic plane."""
    digits = run.encode("utf-16-be").hex().upper()
    if len(digits) == _BASIC * len(run):
        return [digits[at : at + _BASIC] for at in range(0, len(digits), _BASIC)]
    return [_unit(char) for char in run]


def _unit(char: str) -> str:
    return char.encode("utf-16-be").hex().upper()
