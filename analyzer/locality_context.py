"""What stands around a name that is a word, too, and says that the place is meant."""

from __future__ import annotations

import re

_CLAUSE = frozenset("\0，。！？、；：,.!?;: \n#【】（）()《》“”\"'~…·-")
_STAY = (
    "上班|打工|上高中|上初中|上小学|上学|念书|工作|出差|旅游|玩|买房|租房|读书|上学|住|这边|那边|生活|开店|堵车|下高速|市区|县城|城区|高铁"
    "|机场|客运|当地|本地|街头|人民医院|中医院|妇幼"
)
_STAYS = re.compile(_STAY)
_NOW = "身边事|同城|生活圈|论坛|贴吧|吃喝玩乐|[那这]一?[带块片]|城管(?!理)|环卫|出租车"
_THERE = re.compile(
    "人民医院|中医院|妇幼保健院|发布|警方|交警|公安|警察|法院|检察院|消防|人社|卫健|疾控|高铁站|火车站|汽车站|汽车总站|机场|市区|县城|城区|这边"
    f"|那边|{_NOW}|文旅|教育局|教体局|住建局|城管局|水务局|医保局|市民(?!族)|人民政府|政府"
)
_HAPPENS = re.compile(
    "今天|昨天|前天|明天|后天|今早|今晚|昨晚|昨夜|凌晨|今日|昨日|明日|现在|目前|这几天|这两天|最近|本周|上周|已经"
    "|又|发生|出现|新增|下雨|下雪|下冰雹|暴雨|大雪|大雨|地震|台风|停水|停电|停气|停暖|大堵车|堵车|高温|降温|疫情|确诊"
)
_GOES_ON = re.compile(
    "又|发生|出现|新增|下雨|下雪|下冰雹|暴雨|大雪|大雨|地震|停水|停电|停气|停暖|大堵车|堵车|高温|降温|疫情|确诊|[的这那][雪雨天路]"
)
_WHEN = re.compile(
    "(?:[今明昨前后]天|[今明昨]晚|今早|凌晨|今年|去年|最近|现在|刚才|周末|上午|下午|早上|晚上|听说|据说)$"
)
_ASKED = re.compile("[吗么]|怎么[走去坐]|要多[久少]|有多[远久]|[得要]多[久少]")
_REACHED = re.compile("[活谈说提想达得做感看听直等]到$")
_LIVES = re.compile("(?<!生活)(?:[住家人]|老家|定居|落户|安家|出生|长大)在$")
_STAYED = re.compile(
    "(?:[0-9一二三四五六七八九十半几好]+|多少)个?(?:年|月|天|多年|小时|公里)|坐[车地公]|地铁|公交|打车|开车|的(?:高速|高铁|火车|班车|大巴|路上)"
)
_OURS = re.compile("(?:是|[一几]个|我|我们|咱|咱们|俺|老家|家住|家在|人在|位于|祖籍|住)$")
_OF_US = re.compile(
    "人(?![民员们类家权大士群口物才格性心])|这边|那边|本地|老家|的[，,。！!？?、\\s\0]|农村|县城|城里|市里|市区|下面"
)
_HAS = re.compile(
    "的(?:房价|天气|冬天|夏天|春天|秋天|雪|雨|空气|公交|地铁|出租|医院|学校|老百姓|百姓|领导|乡亲|农民|房子|物业|城管|交警|小吃"
    "|特产|美食|大学生|高速|路[^线上程]|街|早餐|物价|工资|污染|疫情|荔枝|苹果|煤)|科技园|工业园|产业园|火车|机场|高铁"
    "|[一二三四五六七八九]中(?![全心央])|中考|高考|公交|地铁|出租车|供暖|房价"
)
_AT = frozenset("在到去来从回往离至")
_TOGETHER = re.compile("等?[两二三四五六七八九十]+[省市县区州地](?![点方])")
_AMONG = _AT | frozenset("和与跟及、")
_CLOSES = re.compile("[\0，。！？、；,.!?;~…和与跟及到至去来]|$|怎么|要|有|没|多|的")


def speaks_of_place(text: str, start: int, end: int, *, near: bool) -> bool:
    """Whether the words around the own area's short name, which is a word, too, mean the place.

    ``near``: the text or its source speaks of the same province otherwise.
    """
    before = text[start - 1 : start] if start else ""
    opens = not before or before in _CLAUSE
    at = before in _AT
    reach = text[max(0, start - 4) : start]
    return bool(
        (at and (_STAYS.match(text, end) or _STAYED.match(text, end)))
        or (at and not _REACHED.search(reach) and _ASKED.match(text, end))
        or (_LIVES.search(reach) and _CLOSES.match(text, end))
        or ((opens or at or before in "@的们给对向谢") and _THERE.match(text, end))
        or (opens and (_HAPPENS.match(text, end) or _HAS.match(text, end)))
        or (_WHEN.search(reach) and _GOES_ON.match(text, end))
        or (_OURS.search(reach) and _OF_US.match(text, end))
        or (before == "、" and _TOGETHER.match(text, end))
        or (near and before in _AMONG and _CLOSES.match(text, end))
    )


_COMPOUND = re.compile(
    "医院|政府|法院|检察|银行|书店|[^，。！？、 ]{0,3}[局委厅]|集团|公司|广场|公园|[中小大]学"
    "|[一二三四五]中|学校|幼儿园"
    "|[路街巷桥村]|大道|大桥|小区|花园|日报|网|群众|代表|警察|币|大会|项目|规划|成果|速度|水平|建设|发展|改革|经济"
    "|社会|农业|工业|旅游|文化|教育|环境|工程|用地|投资|有限|股份|事业|生活|生态|新区|开发|中|的|了|得|成|为|和改"
)


def makes_a_compound(text: str, end: int) -> bool:
    """Whether an ordinary word goes on as after any place: 广州市人民医院, 芒市发展和改革局."""
    return bool(_COMPOUND.match(text, end))


_BETWEEN = re.compile(
    "航班|专线|大巴|班车|高速|往返|客运|直达|机票|动车|高铁|[一到至](?![线带直路家个起])|段|线|两地"
)


_A_THING = re.compile(
    "社区|小区|新村|花园|公园|广场|庄园|商场|大厦|宾馆|饭店|餐厅|酒店|火锅|烧烤|分店|[中小]学"
)


def is_a_thing(text: str, end: int) -> bool:
    """Whether a thing of the place before the name bears it: 沈阳大庆社区."""
    return bool(_A_THING.match(text, end))


def ways_between(text: str, end: int) -> bool:
    """Whether two places stand beside each other as the ends of a way: 昆明瑞丽专线."""
    return bool(_BETWEEN.match(text, end))


_OF_A_TOWN = re.compile(
    "派出所|街道办|办事处|卫生院|中心校|中心小学|中心学校|敬老院|司法所|供电所|政府|党委|集镇"
)


def office_of_a_town(text: str, end: int) -> bool:
    """Whether what follows is an office that every town has: 地方派出所."""
    return bool(_OF_A_TOWN.match(text, end))
