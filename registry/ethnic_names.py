"""The names of the 55 ethnic minorities, and place names without them (民族名称)."""

from __future__ import annotations

_TEXT = """
蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家
哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 景颇 柯尔克孜
土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克
俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺
"""
_NAMES = tuple(_TEXT.split())

# With the ending 族 any of them; without it only those that place names use so.
_WITH = frozenset(f"{name}族" for name in _NAMES)
_WITHOUT = (
    "哈萨克",
    "柯尔克孜",
    "维吾尔",
    "塔吉克",
    "锡伯",
    "蒙古",
    "塔塔尔",
    "乌孜别克",
    "门巴",
    "珞巴",
)
_ALL = "各族"
_SHORTEST = 2  # characters that a place name keeps
_ENDINGS = frozenset((_ALL, *_WITH, *_WITHOUT))
_LENGTHS = tuple(sorted(set(map(len, _ENDINGS)), reverse=True))


def without_ethnic_names(stem: str) -> str:
    """The place name without the ethnic names at its end: 德宏傣族景颇族 → 德宏, 内蒙古 stays.

    A stem that is nothing but one ethnic name loses only its 族: 东乡族 → 东乡.
    """
    while (shorter := _one_less(stem)) is not None:
        stem = shorter
    if stem in _WITH and len(stem) > _SHORTEST:
        return stem.removesuffix("族")
    return stem


def _one_less(stem: str) -> str | None:
    for length in _LENGTHS:
        if len(stem) - length >= _SHORTEST and stem[-length:] in _ENDINGS:
            return stem[:-length]
    return None
