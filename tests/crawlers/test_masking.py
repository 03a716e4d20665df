# ruff: noqa: E501  # markup and samples stand as they are written
from __future__ import annotations

import pytest

from crawlers.masking import IDENTITY, PHONE, checksum, mask


@pytest.mark.parametrize(
    "number",
    [
        "13812345678", "138 1234 5678", "138-1234-5678", "138.1234.5678", "+8613812345678",
        "+86 138 1234 5678", "008613812345678", "１３８１２３４５６７８", "１３８－１２３４－５６７８",
        "1 3 8 1 2 3 4 5 6 7 8", "138\u200b1234\u200b5678", "0531-88886666", "0531－88886666",
        "0531—88886666", "(0531)88886666", "（0531）88886666", "010-6552 9988", "01065529988",
        "0755 26001234", "0691-2122345", "0531-88886666转801", "+86-10-65529988",
    ],
)  # fmt: skip
def test_phone_numbers_go(number):
    assert mask(f"请拨打{number}，谢谢") == f"请拨打{PHONE}，谢谢"
    assert mask(number) == PHONE


@pytest.mark.parametrize(
    "number",
    [
        "11010519491231002X", "11010519491231002x", "110105 19491231 002X", "110105-1949-1231-0021",
        "１１０１０５１９４９１２３１００２Ｘ", "533102199003071234", "130503670401001",
    ],
)  # fmt: skip
def test_identity_numbers_go(number):
    assert mask(f"身份证号{number}，本人") == f"身份证号{IDENTITY}，本人"


@pytest.mark.parametrize(
    "text",
    [
        "热线12345、110、96110，服务电话 400-812-3123",
        "投资13812345678元，预算¥13812345678，共计 13812345678 元",
        "发文字号：云政发〔2024〕12号，国办发〔2016〕61号",
        "2024-03-05 09:30:00 至 2024-03-06 10:00",
        "2024年3月5日13时12分34秒",
        "订单号2024031213800138000",
        "统一社会信用代码 91110000100006921P",
        "项目代码 2401-530102-04-01-123456",
        "邮编 678400，门牌0531号，共 1380 户 1234 人 5678 元",
        "身份证 110105194913310022 是编的",
        "增长1.3812345678个百分点，占0.755",
        "3.14159265358979",
        "http://www.example.cn/202403/t20240305_2748784.html",
        "0-10岁，020年，坐标102.7123456,25.0412345",
    ],
)
def test_amounts_dates_documents_and_service_lines_stay(text):
    assert mask(text) == text


def test_a_local_number_goes_only_after_a_word_for_it():
    assert mask("联系电话：2258659") == f"联系电话：{PHONE}"
    assert mask("共有2258659人") == "共有2258659人"
    assert mask("电话：2258659、2178595或者7179351") == f"电话：{PHONE}、{PHONE}或者{PHONE}"


def test_many_in_one_text_and_nothing_else_touched():
    text = "张某（电话13812345678、0692-2123456，证件11010519491231002X）反映停水。"
    assert mask(text) == f"张某（电话{PHONE}、{PHONE}，证件{IDENTITY}）反映停水。"
    assert mask("") == ""


def test_the_checksum_of_the_standard():
    assert checksum("11010519491231002") == "X"
