"""The divisions of China down to towns (地名录), read from the packaged copy.

Source and licence: registry/data/README.md. The codes are those of the statistics bureau, without
trailing zeros: 2 digits a province, 4 a city, 6 a county, 9 a town.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from registry.errors import InvalidInputError, NotFoundError
from registry.ethnic_names import without_ethnic_names

FILE = Path(__file__).resolve().parent / "data" / "gazetteer_cn_2023.tsv.gz"
LEVELS = ("province", "city", "county", "town")
_LENGTHS = (2, 4, 6, 9)
_WRITTEN = (*_LENGTHS, 12)  # codes are often written with zeros up to 6 or 12 digits

# Endings of autonomous divisions, with what people say in their place.
_ENDINGS = {
    "自治区": ("",),
    "自治州": ("州", ""),
    "自治县": ("县", ""),
    "自治旗": ("旗", ""),
    "民族乡": ("乡",),  # without 乡 a town's name is too often an everyday word
    "族乡": ("乡",),
}
# Short forms that no rule gives.
_COMMON = {
    "5328": ("版纳",),
    "6527": ("博州",),
    "6528": ("巴州",),
    "6530": ("克州",),
}


class Division(Struct, frozen=True, gc=False):
    """A division. ``short`` is the name without its ending; ``parent`` is "" for a province."""

    code: str
    level: str
    name: str
    short: str
    parent: str


def load() -> list[Division]:
    """All 44,694 divisions, by code within each level; about 13 MB, read anew at each call."""
    return list(_read())


def load_under(code: str) -> list[Division]:
    """The division of that code and all below it; [] where there is none."""
    code = trim_code(code)
    return [division for division in _read() if division.code.startswith(code)]


def children(code: str) -> list[Division]:
    """The divisions right below that code (trailing zeros allowed).

    The districts of a 直辖市 and the cities that a province governs directly stand under codes
    (1101, 4690) that name no division: they count as right below the province.
    """
    code = trim_code(code)
    under = load_under(code)
    codes = {division.code for division in under}
    return [
        division
        for division in under
        if division.parent == code
        or (division.parent not in codes and division.parent.startswith(code))
    ]


def find(code: str) -> Division:
    """The division of that code (trailing zeros allowed). Raises NotFoundError."""
    trimmed = trim_code(code)
    for division in _read():
        if division.code == trimmed:
            return division
    raise NotFoundError(f"地名录里没有代码为 {code} 的地方。")


def parents(code: str) -> tuple[str, ...]:
    """The codes above that one, nearest first; some in between may not be in the gazetteer."""
    trimmed = trim_code(code)
    return tuple(trimmed[:n] for n in reversed(_LENGTHS) if n < len(trimmed))


def trim_code(code: str) -> str:
    """The code without trailing zeros: ``533100`` and ``533100000000`` are ``5331``.

    Raises InvalidInputError where it is no code of a division.
    """
    code = code.strip()
    if not (code.isascii() and code.isdigit() and len(code) in _WRITTEN):
        raise InvalidInputError(
            f"“{code}”不是行政区划代码，应为 2、4、6、9 或 12 位数字，例如 533100。", field="code"
        )
    for length in _LENGTHS:
        if not code[length:].strip("0"):
            return code[:length]
    raise InvalidInputError(
        f"行政区划代码 {code} 的位数不对：省 2 位、市 4 位、县 6 位、乡镇 9 位，其后只能是 0。",
        field="code",
    )


def area_code(code: str) -> str:
    """As :func:`trim_code` where it is the code of a division; any other stays as it is.

    Places that an office keeps itself have codes of their own (533102-p1).
    """
    try:
        return trim_code(code)
    except InvalidInputError:
        return code.strip()


def common_names(division: Division) -> tuple[str, ...]:
    """What people call an autonomous division, beside its full name; () for any other.

    The ethnic names are left out: 德宏傣族景颇族自治州 → 德宏州, 德宏. A name that consists of an
    ethnic name keeps it: 东乡族自治县 → 东乡县, 东乡.
    """
    for ending, shown in _ENDINGS.items():
        stem = division.name.removesuffix(ending)
        if stem == division.name or not stem:
            continue
        if ending == "族乡":
            stem += "族"
        core = without_ethnic_names(stem)
        names = [core + end for end in shown]
        names += _COMMON.get(division.code, ())
        return tuple(dict.fromkeys(name for name in names if name != division.name))
    return _COMMON.get(division.code, ())


def _read() -> Iterator[Division]:
    # Shared strings: 44,694 rows name only 4 levels and 3,343 parents, and a short name that
    # equals the name is the same object.
    levels = {level: level for level in LEVELS}
    codes: dict[str, str] = {}
    with gzip.open(FILE, "rt", encoding="utf-8", newline="\n") as lines:
        next(lines)
        for line in lines:
            code, level, name, short, parent = line.rstrip("\n").split("\t")
            if level != "town":
                codes[code] = code
            yield Division(
                code,
                levels[level],
                name,
                name if short == name else short,
                codes.get(parent, parent),
            )
