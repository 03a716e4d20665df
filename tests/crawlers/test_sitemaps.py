from __future__ import annotations

import gzip
from datetime import UTC, date, datetime

from crawlers.dates import SHANGHAI
from crawlers.sitemaps import Entry, parse_sitemap

NOW = datetime(2024, 3, 6, tzinfo=UTC)
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
PAGES = (
    f'<?xml version="1.0" encoding="UTF-8"?><urlset {SPACE}>'
    "<url><loc> http://a.cn/1.html </loc><lastmod>2024-03-05</lastmod></url>"
    "<url><loc>/2.html</loc><lastmod>2024-03-05T09:30:00+08:00</lastmod></url>"
    "<url><loc>ftp://a.cn/3</loc></url><url><lastmod>2024-01-01</lastmod></url>"
    "<url><loc>http://a.cn/4?x=1&amp;y=2</loc><lastmod>昨天</lastmod></url></urlset>"
)


def test_pages_with_their_time_of_change():
    for data in (PAGES.encode(), gzip.compress(PAGES.encode())):
        found = parse_sitemap(data, "http://a.cn/sitemap.xml", now=NOW)
        assert found.pages == [
            Entry("http://a.cn/1.html", date(2024, 3, 5)),
            Entry("http://a.cn/2.html", datetime(2024, 3, 5, 9, 30, tzinfo=SHANGHAI)),
            Entry("http://a.cn/4?x=1&y=2", None),
        ]
        assert found.error is None


def test_an_index_lists_further_sitemaps():
    data = (
        f"<sitemapindex {SPACE}><sitemap><loc>http://a.cn/s1.xml.gz</loc>"
        "<lastmod>2024-03-01</lastmod></sitemap></sitemapindex>"
    )
    found = parse_sitemap(data.encode(), "http://a.cn/sitemap.xml", now=NOW)
    assert found.sitemaps == [Entry("http://a.cn/s1.xml.gz", date(2024, 3, 1))]
    assert found.pages == []


def test_plain_lines_and_broken_ends():
    assert [
        entry.url for entry in parse_sitemap(b"http://a.cn/1\r\nhttp://a.cn/2\n", "").pages
    ] == [
        "http://a.cn/1",
        "http://a.cn/2",
    ]
    cut = parse_sitemap(PAGES.encode()[:170], "http://a.cn/", now=NOW)
    assert [entry.url for entry in cut.pages] == ["http://a.cn/1.html"]


def test_what_lists_nothing_is_said_in_chinese():
    for data in (b"", b"<html>404</html>", b"\x1f\x8bbroken", b"<urlset>"):
        found = parse_sitemap(data, "http://a.cn/")
        assert found.pages == []
        assert found.error is not None
        assert "站点地图" in found.error
