"""What the texts suggest beside a choice that a person makes (提示): never decided here.

Levels of accidents by 国务院令第493号 article 3; who releases and who commands by the state plan of
2025. Pure functions; each hint is one Chinese sentence with its text.
"""

from __future__ import annotations

from responder.vocabulary import Level

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
