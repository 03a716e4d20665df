from __future__ import annotations

import pytest

from crawlers.decoding import decode

TEXT = (
    "<html><head><title>关于小区停水的通知</title></head><body><p>各位居民：因主管道维修，"
    "今天晚上八点到明天早上六点停水，请提前做好准备，给您带来不便，敬请谅解。</p></body></html>"
)
TRADITIONAL = (
    "<html><head><title>關於社區停水的通知</title></head><body><p>各位居民：因主管道維修，"
    "今天晚上八點到明天早上六點停水，請提前做好準備，造成您的不便，敬請見諒。</p></body></html>"
)


def meta(charset: str, text: str = TEXT) -> str:
    return text.replace("<head>", f'<head><meta charset="{charset}">')


@pytest.mark.parametrize(
    "header", [None, "text/html; charset=ISO-8859-1", "text/html;charset=big5"]
)
@pytest.mark.parametrize("declared", ["utf-8", "gb2312", "big5", "x-unheard-of"])
@pytest.mark.parametrize("table", ["utf-8", "gb18030"])
def test_the_text_decides_and_not_what_is_declared(header, declared, table):
    text = meta(declared)
    assert decode(text.encode(table), header).text == text


@pytest.mark.parametrize("header", [None, "text/html; charset=utf-8", "text/html; charset=gbk"])
def test_traditional_text_in_big5_is_read_as_big5(header):
    decoded = decode(meta("gb2312", TRADITIONAL).encode("big5"), header)
    assert decoded.encoding == "big5"
    assert "關於社區停水的通知" in decoded.text


def test_a_page_that_declares_gb2312_may_hold_characters_of_gbk_and_gb18030():
    text = meta("gb2312").replace("居民", "居民朱镕基、𠮷")
    decoded = decode(text.encode("gb18030"))
    assert decoded.text == text
    assert decoded.encoding == "gb18030"


def test_a_mark_at_the_beginning_wins():
    assert decode(TEXT.encode("utf-8-sig"), "text/html; charset=gbk").text == TEXT
    assert decode(TEXT.encode("utf-16")).text == TEXT
    assert decode(TEXT.encode("utf-16-le")).text == TEXT
    assert decode(TEXT.encode("utf-16-be")).encoding == "utf-16-be"


def test_a_few_characters_follow_the_declaration():
    # These two characters in GBK are valid UTF-8 as well.
    assert decode("联通".encode("gbk"), "text/html; charset=gbk").text == "联通"


def test_broken_bytes_are_replaced_and_the_rest_stays():
    before, after = TEXT.split("，请提前")
    broken = decode(before.encode("gb18030") + b"\xff\xff" + after.encode("gb18030"))
    assert broken.encoding == "gb18030"
    assert "敬请谅解" in broken.text
    cut = decode(TEXT.encode()[:-60] + b"\xe5")
    assert cut.encoding == "utf-8"
    assert "关于小区停水的通知" in cut.text


def test_nothing_and_ascii_are_utf8():
    assert decode(b"").encoding == "utf-8"
    assert decode(b"<p>plain</p>", "text/html; charset=gb2312").text == "<p>plain</p>"


def test_a_declared_other_script_is_believed_where_nothing_chinese_speaks_against_it():
    text = "Привет, это обычный текст на русском языке без китайских знаков." * 3
    assert decode(text.encode("windows-1251"), "text/html; charset=windows-1251").text == text


def test_names_that_are_no_text_tables_are_passed_over():
    for name in ("base64", "zlib", "rot13", "undefined", "idna", "unicode_escape", "\x00", "utf-7"):
        assert "停水" in decode(TEXT.encode("gbk"), f"text/html; charset={name}").text
