"""Own names that something else bears are uncertain, unless the text tells otherwise."""

from __future__ import annotations

import pytest
from support.localities import desk

from posts.model import HitCertainty


def sure(name: str, text: str, area: str | None = None) -> list[str]:
    matcher = desk(name)
    return [
        hit.text
        for hit in matcher.find(text, area)
        if hit.certainty is HitCertainty.SURE and matcher.is_own(hit.code)
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        # Shops, firms, goods, estates, houses
        ("dehong", "那家瑞丽童装专卖店换了地方", []),
        ("dehong", "德宏商贸有限公司（东莞）招仓管", []),
        ("dehong", "在盈江佳园买了房", []),
        ("dehong", "盈江号货轮靠港", []),
        ("xinyuan", "新源大厦的电梯坏了", []),
        ("dehong", "德宏后谷咖啡又降价了", []),
        ("dehong", "盈江果农西瓜滞销，德宏后谷咖啡滞销", ["盈江", "德宏"]),
        ("dehong", "盈江小区都封了，瑞丽一小区停水", ["盈江", "瑞丽"]),
        ("dehong", "瑞丽供电公司检修，芒市某酒店着火", ["瑞丽", "芒市"]),
        ("dehong", "和朋友吃的吉野家芒市店", ["芒市"]),
        ("dehong", "瑞丽23万家政人员返岗，盈江中医药有担当", ["瑞丽", "盈江"]),
        # ... of which the text says otherwise that it is about the own area
        ("dehong", "瑞丽大酒店的电梯坏了，姐告那边也停电", ["瑞丽", "姐告"]),
        ("dehong", "云南瑞丽大酒店", ["瑞丽"]),
        ("dehong", "瑞丽大酒店的早餐，昆明也有一家", []),
        # Behind a place elsewhere in its clause
        ("dehong", "瑞丽人在成都人民南路瑞丽米线店打工", ["瑞丽"]),
        ("dehong", "杭州西湖区芒市里的咖啡馆", []),
        ("dehong", "德国汉堡的瑞丽会馆", []),
        ("dehong", "昆明到瑞丽的车，成都游客在瑞丽被宰", ["瑞丽", "瑞丽"]),
        ("dehong", "恒大盈江府延期，在昆明的瑞丽老乡", ["瑞丽"]),
        # Persons and what somebody is called
        ("qingan", "作家庆安的新书，演员庆安的戏", []),
        ("dehong", "他给女儿取名瑞丽，作者：盈江", []),
        ("dehong", "有个地方叫瑞丽，朋友叫我去芒市", ["瑞丽", "芒市"]),
        ("dehong", "台风瑞丽登陆，瑞丽（化名）报了警", []),
        ("dehong", "盈江导演！瑞丽老师好，", []),
        # By-names
        ("dehong", "清迈也叫黎明之城，西双版纳素有孔雀之乡的美誉", []),
        ("dehong", "芒市又叫黎明之城", ["芒市", "黎明之城"]),
        ("dehong", "黎明之城今天放晴了", ["黎明之城"]),
        # The last character belongs to what follows
        ("heping", "签署和平县级协议，和平县城停水", ["和平县"]),
        ("dehong", "陇川县级公路塌方，瑞丽市级医院", ["陇川", "瑞丽"]),
        ("heping", "和平县委书记来了，和平县城", ["和平县", "和平县"]),
        ("nanshan", "南山区块链公司，南山区委", ["南山区"]),
        ("zhongshan", "《关于中山市食堂的通知》", ["中山市"]),
        ("datong", "世界大同市场，大同市区", ["大同市"]),
        ("baiyun", "蓝天白云区别不大，日本白云区", []),
        # Names that people keep hold against words across their borders
        ("nanshan", "我在前海上班，深大西门堵车", ["前海", "深大"]),
        ("dehong", "芒市中心医院排队", ["芒市"]),
    ],
)
def test_what_bears_the_name_of_a_place_is_not_told_as_the_place(
    name: str, text: str, expected: list[str]
):
    assert sure(name, text) == expected


def test_a_source_of_the_own_area_means_the_firm_there():
    assert sure("dehong", "瑞丽大酒店的电梯坏了", "533102") == ["瑞丽"]
    assert sure("dehong", "成都瑞丽大酒店的电梯坏了", "533102") == []


def test_the_reader_sees_why_a_firm_is_uncertain():
    [hit] = desk("dehong").find("那家瑞丽童装专卖店换了地方")
    assert hit.certainty is HitCertainty.UNCERTAIN
    assert "店铺" in hit.why
