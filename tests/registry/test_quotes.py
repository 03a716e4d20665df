"""Quotations are found again, and ordinary words are left alone."""

from __future__ import annotations

import pytest

from registry.quotes import Quotes

POST = "城东片区昨晚九点起突然停水，物业说是主管爆裂，至今没有人来修，老人孩子都没水喝。"
TITLE = "城东突然停水没人管"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (
            "网民称“突然停水，物业说是主管爆裂，至今没有人来修”，已转办",
            "网民称“已依法销毁”，已转办",
        ),
        (f"帖《{TITLE}》在查", "帖《已依法销毁》在查"),
        (f"{POST}{POST}", "已依法销毁"),
        (
            "2 小时内 5 条；最新：停水了（5 条，14:00 起）",
            "2 小时内 5 条；最新：已依法销毁（5 条，14:00 起）",
        ),
        ("2 小时内 5 条；最新：停", "2 小时内 5 条；最新：已依法销毁"),
    ],
)
def test_what_quotes_is_destroyed_and_the_rest_stays(said: str, left: str) -> None:
    quotes = Quotes([POST, TITLE], exact=["停水了"])
    assert quotes.without(said) == left
    assert quotes.within(said)


@pytest.mark.parametrize(
    "said",
    [
        "城东停水，请夜班跟进水务局的抢修进展",
        "物业说是主管爆裂",
        "停水了",
        "最新：停水了",
        "2 小时内 5 条；最新：停电了",
        "",
    ],
)
def test_ordinary_words_stay(said: str) -> None:
    assert Quotes([POST, TITLE], exact=["停水了"]).without(said) == said


def test_times_numbers_and_addresses_are_no_quotation() -> None:
    quotes = Quotes(["见 https://example.gov.cn/news/list 2026年3月2日 14:00-15:30 12345678 停水"])
    for said in ("https://example.gov.cn/news/list/1", "2026年3月2日 14:00-15:30 值班"):
        assert quotes.without(said) == said


def test_it_looks_into_lists_and_tables() -> None:
    body = {"alerts": {"total": 1, "items": [{"id": 3, "title": TITLE}]}, "on": None}
    assert Quotes([TITLE]).without(body) == {
        "alerts": {"total": 1, "items": [{"id": 3, "title": "已依法销毁"}]},
        "on": None,
    }
    assert not Quotes([])
