"""Places of China that the statistics bureau's list lacks, and what people call some of them."""

from __future__ import annotations

from registry.gazetteer import Division

DIVISIONS = (
    Division("71", "province", "台湾省", "台湾", ""),
    Division("81", "province", "香港特别行政区", "香港", ""),
    Division("82", "province", "澳门特别行政区", "澳门", ""),
)
"""Codes of GB/T 2260. Their cities and districts have no codes there and count as the whole."""

_TEXT = """
71 台北 台北市 新北市 台中 台中市
71 台南 台南市 高雄 高雄市 基隆 基隆市 嘉义市 花莲 宜兰 屏东 台东 彰化 垦丁 日月潭
81 旺角 尖沙咀 铜锣湾 油麻地 屯门 元朗 大屿山 维多利亚港 香江 湾仔 荃湾 将军澳
82 氹仔 路氹 濠江
11 帝都 京城 北平
31 魔都 申城 沪上
4401 羊城
4403 鹏城
5101 蓉城
3201 金陵
3205 姑苏
2301 哈市 冰城
3502 鹭岛 鼓浪屿
3501 榕城
3701 泉城
4201 汉口 武昌 汉阳
110108 中关村 五道口
110105 三里屯 望京
110101 王府井 天安门 簋街 南锣鼓巷
110102 西单 什刹海
310115 浦东 陆家嘴
310104 徐家汇
310101 外滩
330127 千岛湖
460203 亚龙湾
5307 束河古镇 玉龙雪山
530702 束河
5329 洱海
5333 怒江州
5111 峨眉山
5132 九寨沟
330903 普陀山
360881 井冈山
5301 滇池
37 胶东
61 陕北
44 粤西
35 闽南
43 湘西
"""


def nicknames() -> list[tuple[str, str]]:
    """(name, code) of what people say that is no name of a division."""
    return [
        (name, code)
        for code, *names in (line.split() for line in _TEXT.splitlines() if line)
        for name in names
    ]
