"""What stands right beside a name and says whether the place is meant: brands, goods, streets.

All patterns are short and matched at one spot only; :data:`BEHIND` tells at a glance whether any
of them can match.
"""

from __future__ import annotations

import re

NOT_A_PLACE = re.compile(
    "杂志|女性|时尚|伊人|服饰|美容|模特|家居|医美|航空(?!路|港|口)|卫视|日报|晚报|晨报|商报|牌|啤酒|烤鸭|白药"
    "|火腿|拉面|米线|大学(?!城|生|路)|学院(?!路)|银行|现代|大众|人寿|保险|股份|证券|药业|集团|球迷|国安|恒大|申花|富力"
    "|扑克|泰山队|鲁能|香烟|汽车(?!站|总站|客运|南站|北站|东站|西站)"
)
"""What makes of the short name before it a brand or an institution (瑞丽杂志, 湖南卫视)."""

_PRODUCT = re.compile(
    "(?:[大小香甜黑红青紫老鲜土]|野生|正宗|特产)?(?:小粒|咖啡豆?|坚果|贡米|大米|香米|糯米|茶叶|[红绿白黑花]茶|普洱|毛尖|毛峰|龙井|菠萝|香梨|苹果|荔枝|柠檬|芒果|石榴"
    "|蜜桃|葡萄干?|大枣|红枣|枸杞|香菇|火锅|小面|热干面|刀削面|凉皮|臊子面|肉夹馍|烧饼|月饼|粽子|豆瓣|榨菜|香醋|陈醋"
    "|板鸭|烧鸡|扒鸡|羊肉串?|牛肉干?|腊肉|香肠|鱼丸|豆腐|米粉|螺蛳粉|过桥|饵丝|二锅头|老窖|大曲|黄酒|白酒|贡酒|美酒"
    "|翡翠手镯|翡翠吊坠|玉石手镯|葫芦丝|刀(?!下|口|山)|菜刀|剪刀|宝剑|瓷器|丝绸|刺绣|唐卡|年画|黄焖鸡|麻辣烫"
    "|铁锅|大葱|大蒜|白菜|萝卜|罐头|金银花|阿胶|核桃|板栗|樱桃|西瓜|甜瓜|蜜瓜|哈密瓜|草莓|脐橙|蜜柚|蜜桔|蜜橘|枇杷"
    "|杨梅|桂圆|龙眼|莲藕|藕粉|粉丝|木耳|银耳|人参|蜂蜜|大闸蟹|小龙虾|海参|烤鱼|驴肉|煎饼|锅盔|酱油|陈皮|紫砂壶?|宣纸"
    "|漆器|青瓷|白瓷|泥人|皮影|剪纸|杏仁饼|臭豆腐|辣酱|酱鸭|盐水鸭|生煎|小笼包?|灌汤包|胡辣汤|烩面|泡馍|米酒|药材"
    "|家具(?!厂|城|店)|三七|天麻|花生|小米|香油|饵块)"
)
"""Goods that are called by where they come from: the text need not be about that place."""

_OF_THE_PLACE = re.compile(
    ".{0,4}?(?:滞销|丰收|减产|绝收|歉收|没人收|没人要|种植|采摘|收购|基地|产业|农户|农民|加工厂|厂|园|节|协会|市场|大棚|受灾|烂在)"
)
"""What says of goods that it is about where they grow or are made: 芒市咖啡滞销."""


def is_of_goods(text: str, end: int) -> bool:
    """Whether goods follow, and nothing says that it is about where they come from."""
    goods = _PRODUCT.match(text, end)
    return goods is not None and not _OF_THE_PLACE.match(text, goods.end())


COMPANY = re.compile(
    "苑(?!里)|嘉园|地产|制冷|电器(?!城)|重[工科](?!业)|机械(?!厂)|科技(?![局馆园活周创大学会])|实业|置业|控股|传媒|影视(?!城)"
    "|酒业|乳业|水泥(?![路厂板地])|钢铁(?!厂)|制药(?!厂)|化工(?![厂园区])|电缆|轴承|新材|精油|复方|颗粒|丹参"
    "|股票|涨停|跌停|一号(?![线楼院路门桥井])|园(?:小区|业主|物业|[0-9一二三四五六七八九])"
)
"""What makes of the short name before it a firm, a share or its goods (庆安制冷, 白云山股票)."""

STREET = re.compile(
    "[东西南北中前后一二三四五六七八九十]?(?:大道|大街|路(?![灯面段况费过人政网途程平上])"
    "|街(?![上头边坊景舞拍区道办])|巷(?!道战)|胡同|弄堂)"
    "|大厦|大饭店|国际酒店"
)
"""What makes of the short name before it the name of a street or house, wherever that lies."""

FEATURE = re.compile(
    "[山河湖岛寺峡岭峰溪潭泉沟洋塔洞庙](?![里上边区])|江(?!边|畔|堤|水)"
    "|小区|花园|新村|家园|广场|国际|购物"
)
"""What makes of the short name of a town before it another name (青城山, 北桥新村)."""

BEHIND = re.compile(
    "[杂女时伊服美模家医航卫日晚晨商牌啤烤白火拉米大学银现人保股证药集球国恒申富扑泰鲁香汽]"
    "|[小咖坚贡香糯茶红绿黑花普毛龙菠苹荔柠芒石蜜葡萄枣枸热刀凉臊肉烧月粽豆榨陈板扒羊牛腊鱼螺过饵二老黄翡玉葫户菜剪宝瓷丝刺唐年麻]"
    "|[铁萝罐金阿核樱西甜哈草脐枇杨桂莲藕粉木蜂海驴煎锅酱紫宣漆青泥皮杏臭辣盐生灌胡烩泡三天新广购鲜土野正特]"
    "|[东西南北中前后一二三四五六七八九十路街巷胡弄山河湖岛寺峡岭峰溪潭泉沟洋塔洞庙江]"
)
"""Begins all of the above but firms, for a quick look."""
FIRM_BEGINS = frozenset("制电重机科实置控传影酒乳水钢化轴新精复颗丹股涨跌嘉苑地一园")

NAMESAKES = {
    "瑞丽": re.compile(
        "网(?![络格上约红吧友点民购速课箱店管])|(?:(?:的|这本|这期|本期|最新|新一期|最新一期|上的|[0-9一二三四五六七八九十]{1,3}月[号刊])?"
        "(?:杂志|封面|女郎|模特|服装|时装|主编|专栏)|铁粉|新刊|创刊|[0-9一二三四五六七八九十]{1,3}月[号刊])"
    ),
    "瑞金": re.compile("医院|感染科"),
    "芒市": re.compile("场(?![监馆镇])|[价容面]"),
    "弄璋": re.compile("之[喜庆]|.{0,3}弄瓦"),
    "金州": re.compile("勇士"),
    "日照": re.compile("充足|时间|时长|强|不足|率|少|香炉|条件|下"),
    "安康": re.compile("快乐|健康|幸福|吉祥"),
    "大同": re.compile("社会|世界|小异"),
    "白银": re.compile("价格|期货|现货|投资|时代|饰品|首饰|万两"),
    "来宾": re.compile("们|席|名单"),
}
"""Places whose name a paper, a house elsewhere or a word is, and what tells that it is that."""
_BEFORE = {
    "瑞丽": re.compile("(?:[一两这那每几本上下][本期册份]|订阅?了?|杂志)$"),
    "安康": re.compile("(?:健康|平安|一世|一生|身体|家人|幸福|阖家|岁岁|祝|愿|您|你)$"),
    "大同": re.compile("(?:世界|天下|求|人类)$"),
    "白银": re.compile("(?:黄金|[两斤克]|盎司|现货)$"),
    "来宾": re.compile("(?:各位|全体|现场|出席|尊敬的|嘉宾|与会|接待|欢迎|邀请)$"),
}


def is_namesake(name: str, text: str, start: int, end: int) -> bool:
    """Whether the name, of :data:`NAMESAKES`, stands for what bears it elsewhere."""
    before = _BEFORE.get(name)
    return bool(
        NAMESAKES[name].match(text, end)
        or (before and before.search(text[max(0, start - 3) : start]))
    )


THIS = re.compile("(?:[这那哪]个?|[有某这那]些|什么|别的|其他|各个)$")
"""What makes of the name of a town that begins with a word just that word: 这个地方镇上."""

_RUNS_ON = {
    "镇": re.compile(
        "得住|不住|不镇|不得?了|[静痛宅](?!江)|定(?:[自下地住]|情绪|应对|剂)|守(?!所)"
    ),
    "乡": re.compile(
        "[贤愁音情土绅]|亲(?!子|水)|间(?!隔|距)|下(?:人|的|来|多|孩|老|亲|地|生|一)|镇|村(?:[里旅教振生]|学校|医生|公路|道路)"
    ),
    "区": re.compile("分(?:[得开清出度]|不[开清])|别(?:[在于很]|不大|对待|是什|就在)"),
}


def runs_on(text: str, end: int) -> bool:
    """Whether the last character of a full name belongs to what follows: 白云|区分, 勤劳|镇得住."""
    pattern = _RUNS_ON.get(text[end - 1 : end])
    return pattern is not None and pattern.match(text, end) is not None


ABROAD = frozenset(("美国", "英国", "日本", "韩国", "朝鲜", "泰国"))
"""Countries with places whose Chinese names are those of places here (美国德州, 韩国光州)."""

_HANDLE = re.compile("[^\\s\\0@:：,，。！!？?/、#《》()（）]{0,15}$")
_OFFICE = re.compile(
    "发布|公安|交警|警方|警察|网警|特警|消防|法院|检察|政府|政务|市委|县委|区委|州委|卫健|疾控|教育局|教体|文旅|文广|城管|住建"
    "|融媒|广电|电视台|气象|税务|人社|医保|应急|生态环境|市场监管|信访|纪委|团委|共青团|总工会|供电|水务|地铁|公交"
)


def in_a_handle(text: str, start: int, end: int) -> bool:
    """Whether the name is a part of a user's name (@青岛小姑娘), unless of an office there."""
    at = text.rfind("@", max(0, start - 16), start)
    if at < 0 or not _HANDLE.fullmatch(text, at + 1, start):
        return False
    return not _OFFICE.match(text, end)


_CLAUSE = frozenset("\0，。！？、；：,.!?;: \n#【】（）()《》“”\"'~…·-")
_STAY = (
    "上班|打工|工作|出差|旅游|玩|买房|租房|读书|上学|住|这边|那边|生活|开店|堵车|下高速|市区|县城|城区|高铁"
    "|机场|客运|当地|本地|街头|人民医院|中医院|妇幼"
)
_STAYS = re.compile(_STAY)
_THERE = re.compile(
    "警方|交警|公安|警察|法院|检察院|消防|人社|卫健|疾控|高铁站|火车站|汽车站|汽车总站|机场|市区|县城|城区|这边"
    "|那边|文旅|教育局|教体局|住建局|城管局|水务局|医保局|市民(?!族)|人民政府|政府"
)
_HAPPENS = re.compile(
    "今天|昨天|前天|明天|后天|今早|今晚|昨晚|昨夜|凌晨|今日|昨日|明日|现在|目前|这几天|这两天|最近|本周|上周|已经"
    "|又|发生|出现|新增|下雨|下雪|下冰雹|暴雨|大雪|大雨|地震|台风|停水|停电|停气|停暖|大堵车|堵车|高温|降温|疫情|确诊"
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
    if at and _STAYS.match(text, end):
        return True
    if (opens or at or before in "的们给对向") and _THERE.match(text, end):
        return True
    if opens and _HAPPENS.match(text, end):
        return True
    if before == "、" and _TOGETHER.match(text, end):
        return True
    return near and before in _AMONG and bool(_CLOSES.match(text, end))


_COMPOUND = re.compile(
    "医院|政府|法院|检察|银行|书店|[^，。！？、 ]{0,3}[局委厅]|集团|公司|广场|公园|[中小大]学"
    "|[一二三四五]中|学校|幼儿园"
    "|[路街巷桥村]|大道|大桥|小区|花园|日报|网|群众|代表|警察|币|大会|项目|规划|成果|速度|水平|建设|发展|改革|经济"
    "|社会|农业|工业|旅游|文化|教育|环境|工程|用地|投资|有限|股份|事业|生活|生态|新区|开发|中|的|了|得|成|为|和改"
)


def makes_a_compound(text: str, end: int) -> bool:
    """Whether an ordinary word goes on as after any place: 广州市人民医院, 芒市发展和改革局."""
    return bool(_COMPOUND.match(text, end))


_BETWEEN = re.compile("航班|专线|大巴|班车|高速|往返|客运|直达|机票|动车|高铁|[一到至]|段|线|两地")


def ways_between(text: str, end: int) -> bool:
    """Whether two places stand beside each other as the ends of a way: 昆明瑞丽专线."""
    return bool(_BETWEEN.match(text, end))


_OF_A_TOWN = re.compile(
    "派出所|街道办|办事处|卫生院|中心校|中心小学|中心学校|敬老院|司法所|供电所|政府|党委|集镇"
)


def office_of_a_town(text: str, end: int) -> bool:
    """Whether what follows is an office that every town has: 地方派出所."""
    return bool(_OF_A_TOWN.match(text, end))
