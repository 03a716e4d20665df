"""What a name of a place needs before it counts: tiers of names, and words that deceive.

The lists are short and local to the task: each word was seen to deceive in everyday posts.
"""

from __future__ import annotations

from enum import IntEnum

from registry.gazetteer import Division, common_names


class Tier(IntEnum):
    """What a name needs to be surely the place."""

    SURE = 0  # nothing
    CONTEXT = 1  # a division above it in the text, the own area, or the source's area
    ORDINARY = 2  # a division above it directly before it
    FOREIGN = 3  # the same, outside the own area: without it, it is not told at all


def _words(text: str) -> list[str]:
    return text.split()


ORDINARY = frozenset(
    _words("""
    白银 大同 安康 来宾 朝阳 中山 东方 长治 海东 海西 海北 山南 长安 和平 太平 平安 人民 发展
    市场 解放 建设 新华 红旗 胜利 团结 光明 幸福 文化 中心 中央 东风 向阳 前进 民主 友谊 新城
    旧城 老城 城东 城西 城南 城北 城中 城子 河西 河东 江东 江北 江南 西山 东山 南山 北山 平山
    平原 高原 新村 新街 大厂 小厂 护国 清平 永安 长江 黄河 工业 工农 生产 经济 开发 学院 大学
    车站 火车站 广场 五一 八一 三明 支那 卡场 中华 中国 复兴 振兴 合作 先锋 东升 永和 新安 双山
    石桥 大桥 大河 通道 公安 资源 新建 溪湖 共和 市中 市南 市北 天桥 比如 大安 和政 安居 延长 乐业
    路南 路北 商城 江山 安定 惠民 民和 海伦 九龙 安宁 滨江 尖山 北辰 青山 龙湾 月湖 西湖 东湖 惠农
    兴隆 兴业 富民 丰都 永定 定安 安全 保安 平阳 平顺 和顺 长寿 长乐 平度 开平 丰收 建华 集安 昌乐
    临时 当涂 南部 西部 北部 东部 中部 南方 北方 西方 城口 河口 江口 山阳 镇平 新平 新乐 新民
    洪山 上街 中原 中方 中站 双塔 同心 同德 大洼 宁静 宁化 宽城 寿宁 康乐 康平 廉江 弋阳 开化 怀安
    文明 文成 明水 易门 景东 桥东 桥西 武功 民乐 水城 永和 永年 沙湾 清水 清新 玉树 白云 石门
    福利 科技 立山 站前 管城 红星 红花 绿园 英德 蓝天 西乡 西区 金山 金川 金水 长白
    阳光 阳明 雨山 靖安 顺义 顺平 高明 黄石 龙门 龙华
    阿里 中卫 小城镇 古城 友好 前锋 宏伟 新兴 大城 子长 大名 万年 海棠 温泉 大关 会同 港口 兴国 富裕
    白沙 牡丹 新星 天涯 台前 大方 互助 无极 黄埔 连城 龙湖 鼓楼 钟楼 南海 桃源 莲花 南湖 南城 新河
    """)
)
"""Ordinary words, and stems that many places share: never sure by themselves. Outside the own area
they are told only where the division above stands directly before."""

GENERIC = frozenset(
    _words("""
    城区 郊区 矿区 新区 东区 西区 南区 北区 中区 市区 县城 开发区 经济开发区 经济技术开发区
    工业园区 高新区 高新技术产业开发区 工业园 产业园 产业园区 管理区 办事处 林场 农场 牧场 渔场
    茶场 监狱 火车站 水库 景区 风景区 保税区 示范区 度假区 新城 街道 机场 园区 种畜场 良种场
    原种场 园艺场 市辖区 工业区 科技园 物流园 农科所 劳改农场 国营农场
    """)
)
"""Names of divisions that are common nouns: not looked for."""

NOT_A_PLACE = tuple(
    _words("""
    杂志 女性 时尚 伊人 服饰 美容 航空 卫视 日报 晚报 牌 啤酒 烤鸭 白药 火腿 拉面 米线 大学 银行
    """)
)
"""Words after a short name that make it a brand or an institution (瑞丽杂志, 湖南卫视)."""

STREETS = tuple(
    _words("""
    大道 大街 路 街 东路 西路 南路 北路 中路 东街 西街
    """)
)
"""Words after a short name that make it the name of a street (北京路), wherever that lies."""

AFTER_CITY = frozenset("场民面价值容")
"""Characters that belong with the 市 before them (市场, 市民), so that the name ends before it."""


def spoken_forms(division: Division) -> tuple[str, ...]:
    """What people say beside the full name, the stem last: 德宏州, 德宏."""
    if "族" in division.name or "自治" in division.name:
        return common_names(division) or (division.short,)
    return (division.short,)


def distinctive_town(name: str) -> bool:
    """Whether a town's full name can stand alone: 勐卯街道 can, 城乡 and 东街道 can't."""
    if name.endswith("街道"):
        return len(name) >= len("二字街道")
    return len(name) >= len("二字") + 1 and name[-1] in "镇乡" and not name.endswith("城乡")
