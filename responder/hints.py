"""What the texts suggest beside a choice that a person makes (提示): never decided here.

Levels of accidents by 国务院令第493号 article 3; who releases and who commands by the state plan of
2025. Pure functions; each hint is one Chinese sentence with its text.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from responder.assessment import DEAD, HURT, LOSS, Counted, numbers
from responder.entries import Entry
from responder.vocabulary import EventType, Level

_YI = 100_000_000
#: Level, deaths, seriously hurt, direct loss in yuan: from which number on.
ACCIDENT_LEVELS = (
    (Level.EXTREME, 30, 100, _YI),
    (Level.MAJOR, 10, 50, _YI // 2),
    (Level.LARGE, 3, 10, _YI // 10),
)
_COMMAND = {
    Level.EXTREME: "省级",
    Level.MAJOR: "省级",
    Level.LARGE: "市级",
    Level.ORDINARY: "县级",
}
_NEAR = 0.8  # of the next threshold: worth a word
_WAN = 10_000
_CRITERIA = {
    Level.EXTREME: "死亡 30 人以上，或重伤 100 人以上，或直接经济损失 1 亿元以上",
    Level.MAJOR: "死亡 10–29 人，或重伤 50–99 人，或损失 5000 万元以上不足 1 亿元",
    Level.LARGE: "死亡 3–9 人，或重伤 10–49 人，或损失 1000 万元以上不足 5000 万元",
    Level.ORDINARY: "死亡 3 人以下，且重伤 10 人以下，且损失不足 1000 万元",
}


class LevelHint(Struct, frozen=True, kw_only=True):
    """What stands beside one level of the picker.

    ``criteria`` is "" where no text gives numbers for that type of event. ``met``: what confirmed
    facts come to by this level; ``unsure``: the same of what is still to be checked, which decides
    nothing; ``near``: what is not far from this level.
    """

    level: str
    criteria: str
    command: str
    met: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


def level_hints(
    entries: Sequence[Entry], *, event_type: str, levels: Sequence[str]
) -> list[LevelHint]:
    """One hint for each of the unit's levels, with the facts of the incident that belong there."""
    by_number = event_type in {"", EventType.ACCIDENT.value}
    found = [one for one in numbers(entries) if one.value > 0] if by_number else []
    reached = min((_rank(_level_of(one)) for one in found if one.sure), default=len(Level))
    return [
        LevelHint(
            level=level.value,
            criteria=_CRITERIA[level] if by_number else "",
            command=f"初判{level.value}的，由{command(level)}指挥应对",
            met=tuple(one.said for one in found if one.sure and _level_of(one) is level),
            unsure=tuple(one.said for one in found if not one.sure and _level_of(one) is level),
            near=tuple(
                one.said
                for one in found
                if one.sure and _rank(level) < reached and _is_near(one, level)
            ),
        )
        for level in Level
        if level.value in levels
    ]


def no_numbers(event_type: str) -> str:
    """Why no criteria stand beside the levels of that type; "" where they do."""
    if event_type == EventType.SECURITY.value:
        return "社会安全事件的分级另行规定，没有可以照套的数字标准。"
    if event_type in {"", EventType.ACCIDENT.value}:
        return ""
    return f"{event_type}没有可以照套的数字标准，请按有关规定由人定级。"


def _level_of(one: Counted) -> Level:
    if one.name == DEAD:
        return accident_level(dead=int(one.value))
    if one.name == HURT:
        return accident_level(hurt=int(one.value))
    return accident_level(loss=one.value * _WAN)


def _is_near(one: Counted, level: Level) -> bool:
    """Whether the number is short of that level, and of no lower one, by a fifth at most."""
    least = dict(_least(level)).get(one.name)
    below = _rank(_level_of(one)) == _rank(level) + 1
    return least is not None and below and least * _NEAR <= one.value < least


def _least(level: Level) -> list[tuple[str, float]]:
    for name, deaths, wounded, yuan in ACCIDENT_LEVELS:
        if name is level:
            return [(DEAD, deaths), (HURT, wounded), (LOSS, yuan / _WAN)]
    return []


def accident_level(*, dead: int = 0, hurt: int = 0, loss: float = 0) -> Level:
    """The level that the numbers of an accident come to; any one of them is enough."""
    for level, deaths, wounded, yuan in ACCIDENT_LEVELS:
        if dead >= deaths or hurt >= wounded or loss >= yuan:
            return level
    return Level.ORDINARY


def accident_hints(*, dead: int = 0, hurt: int = 0, loss: float = 0) -> list[str]:
    """What to say beside the level picker; a person decides."""
    level = accident_level(dead=dead, hurt=hurt, loss=loss)
    said = [f"按国务院令第493号第三条，这些数字相当于{level.value}；级别由人定，机器不定。"]
    for higher, deaths, wounded, yuan in reversed(ACCIDENT_LEVELS):
        near = dead >= deaths * _NEAR or hurt >= wounded * _NEAR or loss >= yuan * _NEAR
        if near and _rank(higher) < _rank(level):
            said.append(f"接近{higher.value}的标准，可标为“可能演变为重大”。")
            break
    return said


def command(level: Level) -> str:
    """Which command takes an event that was first judged so: 省级, 市级, 县级."""
    return _COMMAND[level]


def responsibility(
    *,
    level: Level | None,
    places: int = 1,
    vertical: bool = False,
    heavy: bool = False,
    unit: str = "",
) -> list[str]:
    """Who answers for releasing, in the order of the texts.

    ``places``: how many places of one rank it concerns. ``vertical``: a department of 垂直管理.
    ``heavy``: many casualties or a large effect on society.
    """
    owner = unit or "涉事责任单位"
    said = [f"{owner}是信息发布第一责任人，主要负责人是第一新闻发言人。"]
    if vertical:
        said.append("垂直管理部门的舆情，由上级主管部门的办公厅（室）负责。")
    if places > 1:
        said.append(f"涉及 {places} 个地方，由共同的上级部门组织发布。")
    if level in {Level.EXTREME, Level.MAJOR} and heavy:
        said.append(
            "人员伤亡较多或社会影响较大，由省级或者牵头的中央部门发布（总体预案2025）；"
            "上级发布的，发布主体记“上级”。"
        )
    if level is not None:
        said.append(f"初判{level.value}的，由{command(level)}指挥应对。")
    said.append("政府办公室和宣传部门统筹协调。")
    return said


def _rank(level: Level) -> int:
    return list(Level).index(level)
