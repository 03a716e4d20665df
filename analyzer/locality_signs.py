"""What stands right beside a name and says whether the place is meant: brands, goods, streets.

All patterns are short and matched at one spot only; :data:`BEHIND` tells at a glance whether any
of them can match.
"""

from __future__ import annotations

import re

NOT_A_PLACE = re.compile(
    "杂志|女性|时尚|伊人|服饰|美容|模特|家居|医美|航空(?!路|港|口)|卫视|日报|晚报|晨报|商报|牌(?!照|坊|楼|匾|桥)|啤酒|烤鸭|白药"
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
    "|家具(?!厂|城|店)|三七|天麻|花生|小米|香油|饵块|酒(?![店吧楼驾厂席家后业城庄精坊文会])|烟(?![花草叶农囱雾火站台厂])|奶粉(?!厂)|酸奶|奶茶|凉茶|电锅|电饭|膏药|药酒|矿泉水|口服液|胶囊|毛毯|地毯|皮鞋|牛仔裤|羽绒服)"
)
"""Goods that are called by where they come from: the text need not be about that place."""

BRAND = re.compile("牌(?![照坊楼匾桥])")
"""What makes a brand of every name before it."""

_OF_THE_PLACE = re.compile(
    ".{0,4}?(?:滞销|丰收|减产|绝收|歉收|没人收|没人要|种植|采摘|收购|基地|产业|农户|农民|加工厂|厂|园|节|协会|市场|大棚|受灾|烂在)"
)
"""What says of goods that it is about where they grow or are made: 芒市咖啡滞销."""


def is_of_goods(text: str, end: int) -> bool:
    """Whether goods follow, and nothing says that it is about where they come from."""
    goods = _PRODUCT.match(text, end)
    return goods is not None and not is_of_the_place(text, goods.end())


def is_of_the_place(text: str, end: int) -> bool:
    """Whether the goods before ``end`` are spoken of where they grow or are made: 滞销."""
    return _OF_THE_PLACE.match(text, end) is not None


COMPANY = re.compile(
    "苑(?!里)|嘉园|地产|制冷|电器(?!城)|重[工科](?!业)|机械(?!厂)|科技(?![局馆园活周创大学会])|实业|置业|控股|传媒|影视(?!城)"
    "|酒业|乳业|水泥(?![路厂板地])|钢铁(?!厂)|制药(?!厂)|化工(?![厂园区])|电缆|轴承|新材|精油|复方|颗粒|丹参"
    "|股票|股价|股份|股东|涨停|跌停|市值|财报|年报业绩|的(?:股[价票份东]|市值|财报)|动力|光电|电气|药房|生物(?![多圈])|软件(?!园)|橱柜|地板|轮胎|客车(?![站撞])|重卡|建工|转债|债券|电池|能源(?![局厅站基中丰保大])|厂(?![里房子矿商家])|公司(?!门口|附近)|一号(?![线楼院路门桥井])|园(?:小区|业主|物业|[0-9一二三四五六七八九])"
)
"""What makes of the short name before it a firm, a share or its goods (庆安制冷, 白云山股票)."""

STREET = re.compile(
    "[东西南北中前后一二三四五六七八九十坡桥岭塘]?(?:大道|大街(?!小巷)|路(?![灯面段况费过人政网途程平上])"
    "|街(?![上头边坊景舞拍区道办])|巷(?!道战)|胡同|弄堂)"
    "|大厦|大饭店|国际酒店"
)
"""What makes of the short name before it the name of a street or house, wherever that lies."""

FEATURE = re.compile(
    "[山河湖岛寺峡岭峰溪潭泉沟洋塔洞庙](?![里上边区])|江(?!边|畔|堤|水)"
    "|小区|花园|新村|家园|广场|国际|购物"
)
"""What makes of the short name of a town before it another name (青城山, 北桥新村)."""

HAMLET = re.compile(
    "村(?![民里镇级干村医支委])|组(?![织团长成合建委])|新村|安置小区|花园|家园|公寓|[东西南北]郡|公馆|华[府庭]|豪[庭苑]|雅[居苑]|名[城苑都]|[0-9一二三四五六七八九十]+[栋幢](?!楼)"
)
"""What makes of the short name of a county or city another name (龙口组, 蓝田新村)."""

BEHIND = frozenset(
    "杂女时伊服美模家医航卫日晚晨商牌啤酒烟奶酸凉电膏药矿口胶地烤白火拉米大学银现人保股证药集球国恒申富扑泰鲁香汽"
    "小咖坚贡香糯茶红绿黑花普毛龙菠苹荔柠芒石蜜葡萄枣枸热刀凉臊肉烧月粽豆榨陈板扒羊牛腊鱼螺过饵二老黄翡玉葫户菜剪宝瓷丝刺唐年麻"
    "铁萝罐金阿核樱西甜哈草脐枇杨桂莲藕粉木蜂海驴煎锅酱紫宣漆青泥皮杏臭辣盐生灌胡烩泡三天新广购鲜土野正特"
    "东西南北中前后一二三四五六七八九十路街坡桥巷胡弄山河湖岛寺峡岭峰溪潭泉沟洋塔洞庙江"
)
"""Begins all of the above but firms and hamlets, for a quick look."""
FIRM_BEGINS = frozenset(
    "制电重机科实置控传影酒乳水钢化轴新精复颗丹股涨跌嘉苑地一园市财年的动光药生软橱轮客建转债公能厂村组安家华豪雅名0123456789"
)

NAMESAKES = {
    "瑞丽": re.compile(
        "网(?![络格上约红吧友点民购速课箱店管])|(?:(?:的|这本|这期|本期|最新|新一期|最新一期|上的|[0-9一二三四五六七八九十]{1,3}月[号刊])?"
        "(?:杂志|封面|女郎|模特|服装|时装|主编|专栏)|铁粉|新刊|创刊|[0-9一二三四五六七八九十]{1,3}月[号刊])"
    ),
    "瑞金": re.compile("医院|感染科"),
    "芒市": re.compile("场(?![监馆镇])|[价容面]"),
    "弄璋": re.compile("之[喜庆]|.{0,3}弄瓦"),
    "金州": re.compile("勇士"),
    "日照": re.compile(
        "分析|标准|要求|间距|采光|影响|[0-9]|小时|权|系数|被|严重|遮挡|测算|规范|不达|不够|受|充足"
        "|时间|时长|强|不足|率|少|香炉|条件|下"
    ),
    "安康": re.compile("快乐|健康|幸福|吉祥"),
    "大同": re.compile("社会|世界|小异"),
    "白银": re.compile("价格|期货|现货|投资|时代|饰品|首饰|万两"),
    "宁德": re.compile("时代"),
    "和县": re.compile("[市区]|级"),
    "祥云": re.compile("图案|梵音|瑞气|纹|缭绕|火炬"),
    "来宾": re.compile("们|席|名单"),
    "周至": re.compile("[0-9]"),
    "大庆": re.compile("之[年日]|典|祝"),
    "南头": re.compile("北头"),
    "余庆": re.compile("堂"),
    "凤尾": re.compile("[鱼虾裙竹菇蝶草蕨]"),
    "蛇口": re.compile("[的咬吞]?(?:脱险|逃生|余生|夺食)"),
}
"""Places whose name a paper, a house elsewhere or a word is, and what tells that it is that."""
_BEFORE = {
    "瑞丽": re.compile("(?:[一两这那每几本上下][本期册份]|订阅?了?|杂志)$"),
    "安康": re.compile("(?:健康|平安|一世|一生|身体|家人|幸福|阖家|岁岁|祝|愿|您|你)$"),
    "大同": re.compile("(?:世界|天下|求|人类)$"),
    "白银": re.compile("(?:黄金|[两斤克]|盎司|现货)$"),
    "大庆": re.compile(
        "(?:[十百]年?|周年|生日|华诞|[国校厂院寿党]庆|(?<![0-9])[1-9]0|逢[五十]|[业向]学)$"
    ),
    "蛇口": re.compile("招商$"),
    "南头": re.compile("(?:[村楼栋巷桥街屋]|小区)$"),
    "日照": re.compile("(?:采光|通风|冬至日|大寒日|满足|影响|遮挡|有效|家的?|楼的?|挡)$"),
    "余庆": re.compile("有$"),
    "周至": re.compile("[0-9一二三四五六七八九十几本每上下]$"),
    "和县": re.compile("[局委院府会部办乡镇村市区司心站队者校]$"),
    "祥云": re.compile("(?:七彩|[的着朵片驾踏色])$"),
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
    "团": re.compile("购|体|队|伙(?!食)|圆|聚|灭|结|扇"),
    "区": re.compile("块链|分(?:[得开清出度]|不[开清])|别(?:[在于很]|不大|对待|是什|就在)"),
}


_ABBREVIATED = frozenset("京津沪渝冀晋辽苏浙皖闽赣鲁豫鄂湘粤桂琼川蜀黔滇陕甘陇青宁新蒙藏")
_ALSO = _ABBREVIATED - frozenset("青宁新")
_OF_PROVINCES = re.compile("[两二三四五六]省|交界|毗邻|接壤|之间")


def is_made_of_provinces(name: str) -> bool:
    """Whether a name reads as two provinces in short, too: 陇川."""
    return len(name) == len("陇川") and _ABBREVIATED.issuperset(name)


def tells_provinces(text: str, start: int, end: int) -> bool:
    """Whether provinces in short are enumerated there: 甘陇川."""
    return text[start - 1 : start] in _ALSO or bool(_OF_PROVINCES.match(text, end))


_OPPOSITES = str.maketrans("东西南北上下大小前后左右", "西东北南下上小大后前右左")


def has_its_opposite(name: str, text: str, start: int, end: int) -> bool:
    """Whether a thing and its counterpart stand there, not a place: 南伞北伞, 上村下村."""
    other = name[0].translate(_OPPOSITES) + name[1:]
    return other != name and (text.startswith(other, end) or text.endswith(other, 0, start))


_NUMBERS = frozenset("0123456789一二三四五六七八九十百千零")
_REGIMENT = re.compile("[0-9一二三四五六七八九十百]+团")
_ARMY = re.compile(
    "(?:志愿军|解放军|红军|八路军|新四军|国军|日军|美军|我军|敌军|部队|[步骑炮工]兵|空军|陆军|海军|战车|坦克|航空)第?$"
)


DOUBLES = _NUMBERS | _ABBREVIATED | frozenset(map(chr, _OPPOSITES))


def is_within_a_number(name: str, text: str, start: int) -> bool:
    """Whether a name that begins with a number is the end of a greater one, or a regiment."""
    if name[0] not in _NUMBERS:
        return False
    return text[start - 1 : start] in _NUMBERS or bool(
        _REGIMENT.fullmatch(name) and _ARMY.search(text[max(0, start - 6) : start])
    )


def runs_on(text: str, end: int) -> bool:
    """Whether the last character of a full name belongs to what follows: 白云|区分, 勤劳|镇得住."""
    pattern = _RUNS_ON.get(text[end - 1 : end])
    return pattern is not None and pattern.match(text, end) is not None


def is_double(name: str, text: str, start: int, end: int) -> bool:
    """Whether a name that begins with one of :data:`DOUBLES` is a part of an enumeration or number.

    甘陇川 are three provinces, 南伞北伞 two umbrellas, 71团 in 171团 and 71团购 no regiment.
    """
    return (
        (is_made_of_provinces(name) and tells_provinces(text, start, end))
        or has_its_opposite(name, text, start, end)
        or is_within_a_number(name, text, start)
        or (name[0] in _NUMBERS and runs_on(text, end))
    )


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
