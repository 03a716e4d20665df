"""Files that are no page give no body and say what they are; texts give theirs."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from datetime import UTC, date, datetime

import pytest

from crawlers.dates import SHANGHAI
from crawlers.extraction import extract, to_json_line

NOW = datetime(2024, 3, 10, 4, 0, tzinfo=UTC)
RSS = "<rss version='2.0'><channel><title>新闻</title><item><title>停水</title><description>&lt;p&gt;停水了&lt;/p&gt;</description></item></channel></rss>"  # noqa: E501
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><title>新闻</title><entry><title>停水</title></entry></feed>"


def packed(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "停水")
    return buffer.getvalue()


KINDS = {
    "JSON feed": (
        '{"version":"https://jsonfeed.org/version/1","title":"新闻","items":[{"id":"1"}]}',
        "作为 feed 信源",
    ),
    "RSS": ("<?xml version='1.0' encoding='utf-8'?>\n<!-- 说明 -->\n" + RSS, "作为 feed 信源"),
    "RSS in GBK": (
        ("<?xml version='1.0' encoding='gbk'?>" + RSS).encode("gb18030"),
        "作为 feed 信源",
    ),
    "Atom": (ATOM, "作为 feed 信源"),
    "RSS 1.0": (
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'></rdf:RDF>",
        "作为 feed 信源",
    ),
    "sitemap": (
        "<?xml version='1.0'?><urlset><url><loc>http://a.cn/</loc></url></urlset>",
        "sitemap",
    ),
    "JSON": ('{"code": 0, "data": {"title": "停水", "content": "<p>停水了。</p>"}}', "JSON 数据"),
    "JSON list": ('[{"title": "停水"}]', "JSON 数据"),
    "JSON Lines": ('{"id": 1, "text": "停水"}\n{"id": 2, "text": "停电"}\n', "JSON Lines"),
    "XML": ("<?xml version='1.0'?><config><name>停水</name></config>", "XML 数据"),
    "noise": (random.Random(7).randbytes(20_000), "二进制"),
    "little noise": (random.Random(8).randbytes(300), "二进制"),
    "zeros": (bytes(4_000), "二进制"),
    "PDF": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj << >>", "PDF"),
    "ZIP": (packed("a.txt"), "ZIP"),
    "cut ZIP": (packed("a.txt")[:20], "ZIP"),
    "docx": (packed("[Content_Types].xml", "word/document.xml"), "docx"),
    "xlsx": (packed("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
    "OFD": (packed("OFD.xml"), "OFD"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "doc"),
    "gzip": (gzip.compress(b"<html></html>"), "gzip"),
    "PNG": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "图片"),
    "JPEG": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "图片"),
    "MP4": (b"\x00\x00\x00\x18ftypmp42", "视频"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_page_has_no_body_and_says_what_it_is(kind: str) -> None:
    data, words = KINDS[kind]
    found = extract(data.encode() if isinstance(data, str) else data, now=NOW)
    line = to_json_line(kind, found)
    assert (line["title"], line["published_at"], line["body"]) == (None, None, None)
    assert words in line["error"]
    assert "不是网页" in line["error"]


@pytest.mark.parametrize("blank", [b"", b" \r\n\t", "\ufeff".encode(), "　".encode()])
def test_an_empty_file_says_that_it_is_empty(blank: bytes) -> None:
    line = to_json_line("a", extract(blank, now=NOW))
    assert line["body"] is None
    assert "空" in line["error"]


@pytest.mark.parametrize("table", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_text_file_gives_its_first_line_as_title(table: str) -> None:
    text = "\r\n关于临时停水的通告\r\n发布时间：2024-03-05 09:30\r\n\r\n因管道抢修，城西片区3月6日停水一天。\r\n请提前储水。\r\n"  # noqa: E501
    found = extract(text.encode(table), now=NOW)
    assert found.title == "关于临时停水的通告"
    assert found.body.endswith("因管道抢修，城西片区3月6日停水一天。\n请提前储水。")
    assert found.published_at == datetime(2024, 3, 5, 9, 30, tzinfo=SHANGHAI)
    assert found.error is None


def test_a_text_that_begins_with_a_sentence_has_no_title() -> None:
    text = "停水三天了，没人管。\n物业说不知道。"
    found = extract(text.encode(), now=NOW)
    assert (found.title, found.body) == (None, text)


def test_a_signed_text_is_dated_by_its_last_line() -> None:
    text = "关于停水的通告\n城西片区停水一天，请提前储水。\n某县供水公司\n2024年3月5日\n"
    assert extract(text.encode(), now=NOW).published_at == date(2024, 3, 5)


@pytest.mark.parametrize(
    "page",
    [
        "<?xml version='1.0' encoding='utf-8'?><!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0//EN' 'x'><html xmlns='http://www.w3.org/1999/xhtml'><body>{}</body></html>",  # noqa: E501
        "<body>\x00\x01{}</body>",
        "[公告] <p>{}</p>",
        "ID3 是标签。{}",
    ],
)
def test_what_only_looks_alien_is_still_read(page: str) -> None:
    body = "因管道抢修，城西片区3月6日停水一天，请居民提前储水，供水公司将尽快恢复供水，给您带来不便敬请谅解。"  # noqa: E501
    found = extract(page.format(body * 2).encode(), now=NOW)
    assert body in found.body
    assert found.error is None
