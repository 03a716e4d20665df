"""The colour of an alert (红橙黄蓝) by local configuration: a rule's own, and hotter as it grows.

No official text gives numbers: the multiples of a rule's threshold are settings of the desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from msgspec import Struct

from registry.errors import InvalidInputError

HEATS = ("red", "orange", "yellow", "blue")  # the hottest first
HEAT_NAMES = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝"}


class Colours(Struct, frozen=True):
    """From how many times the rule's threshold on an alert has at least that colour."""

    multiples: tuple[tuple[str, float], ...] = ()

    def of(self, own: str, *, count: int, threshold: int) -> str:
        """The colour of an alert with so many posts, of a rule with that colour and threshold."""
        reached = [heat for heat, times in self.multiples if count >= times * max(threshold, 1)]
        return hottest(own, *reached)


def hottest(*heats: str) -> str:
    """The hottest of these; an unknown one is blue."""
    return min((heat if heat in HEATS else HEATS[-1] for heat in heats), key=HEATS.index)


def colours(multiples: Mapping[str, float]) -> Colours:
    """From settings, ``{"orange": 5, "red": 20}``. Raises InvalidInputError."""
    if unknown := set(multiples) - set(HEATS):
        raise InvalidInputError(
            f"预警颜色“{'、'.join(sorted(unknown))}”不认识，只能是 {'、'.join(HEATS)}。"
        )
    ordered = [(heat, multiples[heat]) for heat in reversed(HEATS) if heat in multiples]
    for (cooler, fewer), (hotter, more) in pairwise(ordered):
        if fewer >= more:
            raise InvalidInputError(
                f"{HEAT_NAMES[hotter]}色的倍数（{more}）要大于{HEAT_NAMES[cooler]}色的（{fewer}）。"
            )
    if any(times < 1 for _, times in ordered):
        raise InvalidInputError("预警颜色的倍数不能小于 1。")
    return Colours(tuple(ordered))
