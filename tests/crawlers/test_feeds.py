from __future__ import annotations

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
