from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest

from crawlers.dates import SHANGHAI
from crawlers.feeds import parse_feed

NOW = datetime(2024, 3, 6, tzinfo=UTC)
RSS = """<?xml version="1.0" encoding="{encoding}"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>德宏新闻</title>
<link>http://a.cn/</link>
<item><title>瑞丽市通报停水&amp;抢修</title><link>http://a.cn/1.html</link><guid>g-1</guid>
<description>摘要</description><content:encoded><![CDATA[<p>第一段，正文。</p><p>第二段&nbsp;正文。</p>]]></content:encoded>
<pubDate>Tue, 05 Mar 2024 01:30:00 GMT</pubDate><dc:creator>张某</dc:creator></item>
<item><title>无标识的条目</title><link>/2.html</link><description>只有摘要&nbsp;。</description>
<pubDate>2024-03-05 09:30:00</pubDate></item>
</channel></rss>"""
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>公告</title>
<entry><id>urn:1</id><title type="html">&lt;b&gt;停电&lt;/b&gt;公告</title>
<link rel="self" href="http://a.cn/self"/><link rel="alternate" href="http://a.cn/a.html"/>
<published>2024-03-05T09:30:00+08:00</published><updated>2024-03-06T00:00:00Z</updated>
<author><name>李某</name></author>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>全县<b>停电</b>两小时。</p></div></content>
</entry></feed>"""


@pytest.mark.parametrize("declared", ["utf-8", "gb2312", "big5"])
@pytest.mark.parametrize("table", ["utf-8", "gb18030"])
@pytest.mark.parametrize(
    "header", [None, "text/xml; charset=iso-8859-1", "application/xml; charset=utf-8"]
)
def test_rss_is_read_whatever_encoding_it_claims(declared, table, header):
    data = RSS.format(encoding=declared).encode(table)
    feed = parse_feed(data, base_url="http://a.cn/rss.xml", content_type=header, now=NOW)
    assert (feed.title, feed.error, feed.encoding) == ("德宏新闻", None, table)
    first, second = feed.items
    assert (first.id, first.url, first.author) == ("g-1", "http://a.cn/1.html", "张某")
    assert first.title == "瑞丽市通报停水&抢修"
    assert first.text == "第一段，正文。\n第二段 正文。"
    assert first.published == datetime(2024, 3, 5, 9, 30, tzinfo=SHANGHAI)
    # No zone is Shanghai, no identifier is the address.
    assert second.id == second.url == "http://a.cn/2.html"
    assert second.published == datetime(2024, 3, 5, 9, 30, tzinfo=SHANGHAI)


def test_atom_with_markup_of_its_own():
    (entry,) = parse_feed(ATOM.encode(), now=NOW).items
    assert (entry.id, entry.url, entry.title) == ("urn:1", "http://a.cn/a.html", "停电公告")
    assert entry.text == "全县停电两小时。"
    assert entry.author == "李某"
    assert entry.published == datetime(2024, 3, 5, 9, 30, tzinfo=SHANGHAI)


def test_rss_of_the_first_kind_keeps_its_items_beside_the_channel():
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        "<channel><title>论坛</title></channel><item><title>帖子</title><link>http://a.cn/t/1</link>"
        "<dc:date>2024-03-05</dc:date></item></rdf:RDF>"  # the prefix dc was never declared
    )
    feed = parse_feed(rdf.encode(), now=NOW)
    assert feed.title == "论坛"
    assert feed.items[0].published == date(2024, 3, 5)


def test_json_feed():
    body = (
        '{"version":"https://jsonfeed.org/version/1.1","title":"热线","items":[{"id":7,"url":"/7",'
        '"title":"停水","content_html":"<p>停水了。</p>","date_published":"2024-03-05T09:30:00+08:00",'
        '"authors":[{"name":"王某"}]},{"id":"8","content_text":"只有文字"},"坏的",{}]}'
    )
    feed = parse_feed(body.encode("gb18030"), base_url="http://a.cn/feed.json", now=NOW)
    assert [item.id for item in feed.items] == ["7", "8"]
    assert feed.items[0].url == "http://a.cn/7"
    assert feed.items[0].text == "停水了。"
    assert feed.items[0].author == "王某"


def test_a_feed_that_is_cut_off_gives_what_it_has():
    data = RSS.format(encoding="utf-8").encode()
    feed = parse_feed(data[: data.index("无标识".encode())], now=NOW)
    assert feed.items[0].id == "g-1"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><body>404</body></html>",
        b"{",
        b"[1]",
        b"{}",
        b'{"items": 3}',
        b"hello",
        b"\xff\xfe",
    ],
)
def test_what_is_no_feed_is_said_in_chinese(data):
    feed = parse_feed(data, now=NOW)
    assert feed.items == []
    assert feed.error is not None
    assert "订阅源" in feed.error


@pytest.mark.parametrize(
    "data",
    [
        b"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>a</title></feed>",
        b"<rss version='2.0'><channel><title>a</title></channel></rss>",
        b"<rss></rss>",
        b'{"version": "https://jsonfeed.org/version/1.1", "title": "a", "items": []}',
    ],
)
def test_a_valid_feed_without_entries_is_said_to_be_valid_and_empty(data):
    feed = parse_feed(data, now=NOW)
    assert (feed.items, feed.error) == ([], None)
    assert feed.note is not None
    assert "格式正确" in feed.note
    assert "没有条目" in feed.note


@pytest.mark.parametrize(
    ("declared", "header", "wanted"),
    [
        (None, None, "utf-8"),
        ("gb2312", None, "gb18030"),
        ("gb2312", "application/atom+xml", "gb18030"),
        ("utf-8", "application/atom+xml; charset='gb2312'", "gb18030"),
        (None, "application/atom+xml;charset='gb2312'", "gb18030"),
        ("big5", None, "big5"),
        ("no-such-table", None, "utf-8"),
    ],
)
def test_a_feed_in_ascii_has_the_encoding_that_it_claims(declared, header, wanted):
    claim = f" encoding='{declared}'" if declared else ""
    data = f"<?xml version='1.0'{claim}?><feed xmlns='http://www.w3.org/2005/Atom'/>"
    assert parse_feed(data.encode(), content_type=header, now=NOW).encoding == wanted


@pytest.mark.needs("eval_data")
def test_the_saved_feeds_give_their_entries_and_encodings(eval_data):
    found = {}
    for path in sorted((eval_data / "pages/feeds").iterdir()):
        data = path.read_bytes()
        header = re.search(rb"Header:\s+Content-type:\s*([^\n]+)", data)
        feed = parse_feed(data, content_type=header[1].decode() if header else None, now=NOW)
        found[path.name] = (feed.encoding, len(feed.items))
        assert bool(feed.note) == (not feed.items), path.name
    http = "fp-encoding-http_application_atom_xml_gb2312_"
    assert found == {
        "fp-encoding-big5.xml": ("big5", 0),
        f"{http}charset.xml": ("gb18030", 0),
        f"{http}charset_overrides_encoding.xml": ("gb18030", 0),
        f"{http}encoding.xml": ("gb18030", 0),
        "fp-illformed-chardet-big5.xml": ("big5", 0),
        "fp-illformed-chardet-gb2312.xml": ("gb18030", 1),
        "traf-feed.json": ("utf-8", 25),
        "traf-feed1.atom": ("utf-8", 2),
        "traf-feed2.rss": ("utf-8", 1),
    }


@pytest.mark.needs("eval_data")
def test_feeds_with_conflicting_encodings(eval_data):
    folder = eval_data / "pages/feeds"
    for path in sorted(folder.iterdir()):
        feed = parse_feed(path.read_bytes(), base_url="http://a.cn/", now=NOW)
        assert feed.error is None, path.name
        assert "\ufffd" not in feed.title, path.name
    chinese = parse_feed((folder / "fp-illformed-chardet-gb2312.xml").read_bytes(), now=NOW)
    assert chinese.items[0].title == "不归移民漫画系列：专业工作"
    assert len(parse_feed((folder / "traf-feed.json").read_bytes(), now=NOW).items) == 25
