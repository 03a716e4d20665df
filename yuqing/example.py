"""The yuqing.toml that ``yuqing init`` writes: commented, with the localities of the division."""

from __future__ import annotations

import json
from collections.abc import Iterable

from registry import gazetteer
from registry.errors import InvalidInputError
from registry.gazetteer import Division

_TOWN_ENDINGS = ("街道", "镇", "乡")
_FULL_NAME = 4  # characters; shorter rests (市镇, 城镇) are ordinary words

_HEAD = """\
# 舆情台配置文件（TOML）。全部设置项见 docs/settings.md。
# 区划、信源、规则、单位只在首次启动时登记一次；以后请在控制台里改，改动不会被本文件覆盖。

[area]
# 本地区：{name}。启动时载入它和下列各区划；“本地区”的帖文由这些名称识别。
code = "{code}"
# 本地区的别名、俗称，可补充。
aliases = {aliases}

[area.localities]
# 区划代码 = [全称、简称、俗称……]。人们怎么叫就怎么写；容易与普通词混淆的简称请删去。
{localities}

# 区划表以外的本地地名：村寨、道路、小区、学校、景区、口岸等，每处一段。
# [[area.places]]
# name = "示例路"
# aliases = ["示例大道"]
# parent = "{child}"

[server]
# 默认只对本机开放；对外开放前请阅读 README 的“投入使用”一节。
host = "127.0.0.1"
port = 8460

[crawl]
# 抓取时报出的名称，请写明单位与联系方式。
user_agent = "YuqingDesk/0.1 (public affairs monitoring; obeys robots.txt)"
# 内网或本机地址一律不抓，除非列在这里。
allow_private = []

[analyze]
scorer = "ngram"

[respond]
# 通知渠道（apprise 地址），如 "wecombot://机器人key"、"dingtalk://token"、"mailto://…"。
notify_urls = []

# ---- 信源示例：去掉行首的 # 并改成真实网址后启用 ----

# 政府网站的列表页：从列表页进入每篇文章，标题、时间、正文自动抽取。
# [[source]]
# id = "gov-news"
# name = "{short}政府网 要闻"
# kind = "gov"
# spider = "site"
# url = "https://www.example.gov.cn/xwzx/index.html"
# interval_s = 300
# own = true            # 本单位自己的网站，用于核对我方发布

# 论坛的版块列表页。
# [[source]]
# id = "forum"
# name = "{short}本地论坛"
# kind = "forum"
# spider = "site"
# url = "https://bbs.example.com/list.html"
# interval_s = 120

# RSS、Atom 或 JSON Feed 订阅。
# [[source]]
# id = "paper"
# name = "{short}日报"
# kind = "news"
# spider = "feed"
# url = "https://news.example.com/rss.xml"

# 站点地图。
# [[source]]
# id = "portal"
# name = "本地门户"
# kind = "news"
# spider = "sitemap"
# url = "https://www.example.com/sitemap.xml"
# interval_s = 1800

# ---- 预警规则示例：内置规则之外再加 ----
# [[rule]]
# id = "school-water"
# name = "校园饮水"
# any_of = ["饮水", "停水", "桶装水"]
# all_of = ["学校"]
# areas = ["{code}"]
# min_count = 3          # 窗口内达到多少条
# window_min = 120       # 窗口长度（分钟），按发布时间计
# cooldown_min = 240
# heat = "yellow"        # red、orange、yellow、blue

# ---- 单位示例 ----
# [[unit]]
# id = "water"
# name = "{short}水利局"
# aliases = ["水利局"]
# head = "局长"
"""


def example_settings(area: str) -> str:
    """The text of the file. Raises InvalidInputError for a code that is in no gazetteer."""
    code = gazetteer.trim_code(area)
    divisions = list(gazetteer.load_under(code))
    own = next((division for division in divisions if division.code == code), None)
    if own is None:
        raise InvalidInputError(
            f"区划代码 {area} 不在区划表中。请填县、州（市）或省的代码，如 533100（德宏州）。"
        )
    below = [division for division in divisions if division.code != code]
    lines = []
    for division in below:
        # A county's short name is how people call it; a town's is too often an ordinary word.
        short = [division.short] if division.level in {"city", "county"} else []
        names = list(
            dict.fromkeys(
                (
                    division.name,
                    *short,
                    *_without_parent(division, divisions),
                    *gazetteer.common_names(division),
                )
            )
        )
        lines.append(f"{division.code} = {json.dumps(names, ensure_ascii=False)}")
    names = [name for name in gazetteer.common_names(own) if name != own.name]
    return _HEAD.format(
        name=own.name,
        code=code,
        short=names[0] if names else own.name,
        aliases=json.dumps(names, ensure_ascii=False),
        localities="\n".join(lines) or "# （区划表里没有下级区划）",
        child=below[0].code if below else code,
    )


def _without_parent(division: Division, divisions: Iterable[Division]) -> tuple[str, ...]:
    """芒市勐焕街道 is 勐焕街道 to its people; what is left of 东丽区开发区 names nothing."""
    for parent in divisions:
        rest = division.name.removeprefix(parent.name)
        if parent.code == division.parent and rest != division.name:
            return (rest,) if rest.endswith(_TOWN_ENDINGS) and len(rest) >= _FULL_NAME else ()
    return ()
