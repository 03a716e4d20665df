# ruff: noqa: E501  # markup and samples stand as they are written
"""P25: bombs in pages, feeds and sitemaps end in bounded time and memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.bombs import run_bounded

LIMIT_MB = 1_200  # of address space; the libraries alone map about 300
PEAK_MB = 700
DEADLINE_S = 180  # a safety net on a busy machine, many times what is needed

LAUGHS = """
entities = "".join(f'<!ENTITY l{n} "' + f"&l{n - 1};" * 10 + '">' for n in range(1, 10))
bomb = f'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY l0 "lol">{entities}]>'
data = (bomb + "<rss><channel><title>&l9;</title><item><title>&l9;</title></item></channel></rss>").encode()
"""
BOMBS = {
    "billion laughs in a feed": LAUGHS
    + "from crawlers.feeds import parse_feed\n"
    + "feed = parse_feed(data, now=NOW)\nreturn len(feed.title) + sum(len(i.title) for i in feed.items)",
    "billion laughs in a sitemap": LAUGHS
    + "from crawlers.sitemaps import parse_sitemap\n"
    + "data = data.replace(b'rss', b'urlset').replace(b'item', b'url').replace(b'title', b'loc')\n"
    + "return sum(len(e.url) for e in parse_sitemap(data, 'http://a.cn/', now=NOW).pages)",
    "billion laughs in a page": LAUGHS
    + "from crawlers.extraction import extract\nreturn len(extract(data, now=NOW).body)",
    "quadratic entities": """
from crawlers.feeds import parse_feed
data = ('<!DOCTYPE z [<!ENTITY a "' + 'a' * 90000 + '">]><rss><channel><item><title>' + '&a;' * 90000
        + '</title></item></channel></rss>').encode()
return sum(len(i.title) for i in parse_feed(data, now=NOW).items)
""",
    "an external entity": """
from crawlers.feeds import parse_feed
from crawlers.sitemaps import parse_sitemap
from crawlers.extraction import extract
data = ('<?xml version="1.0"?><!DOCTYPE z [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        '<rss><channel><item><title>&x;</title><link>http://a.cn/</link><url><loc>&x;</loc></url></item></channel></rss>').encode()
seen = repr((parse_feed(data, now=NOW), parse_sitemap(data, "http://a.cn/"), extract(data, now=NOW)))
assert "root:" not in seen, seen
return 0
""",
    "a hundred thousand nested elements": """
from crawlers.extraction import extract
from crawlers.feeds import parse_feed
from crawlers.lists import article_links, next_page
from crawlers.sitemaps import parse_sitemap
text = "<div>" * 100_000 + "<p>" + "停水通知，今晚八点开始。" * 20 + '<a href="/1.html">下一页</a>' + "</div>" * 100_000
assert "停水通知" in extract(text.encode(), now=NOW).body
article_links(text, "http://a.cn/"), next_page(text, "http://a.cn/")
parse_feed(("<rss>" + text).encode(), now=NOW), parse_sitemap(("<urlset>" + text).encode(), "http://a.cn/")
return 0
""",
    "a hundred thousand nested lists in a JSON feed": """
from crawlers.feeds import parse_feed
found = [parse_feed(('{"items":' + opening * 100_000).encode(), now=NOW) for opening in ("[", '{"items":')]
found.append(parse_feed(('{"items":[' + "[" * 100_000 + "]" * 100_000 + "]}").encode(), now=NOW))
assert all(feed.error for feed in found)
return 0
""",
    "fifty megabytes of text": """
from crawlers.decoding import decode
from crawlers.extraction import extract
data = "停水通知，今天晚上八点开始。".encode() * (50 * 1024 * 1024 // 42)
assert decode(data).encoding == "utf-8"
return len(extract(data, now=NOW).body) + len(extract(b"<html><body>" + data, now=NOW).body)
""",
    "fifty megabytes of noise": """
from crawlers.decoding import decode
from crawlers.extraction import extract
data = bytes(range(128, 256)) * (50 * 1024 * 1024 // 128)
decode(data)
return len(extract(b"<p>" + data, now=NOW).body)
""",
    "a million links": """
from crawlers.extraction import extract
from crawlers.lists import article_links, next_page
text = "".join(f"<li><a href=/n/{n}.html>关于第{n}号路的公告</a> 2024-03-05</li>" for n in range(1_000_000))
next_page(text, "http://a.cn/"), extract(text.encode(), now=NOW)
links = article_links(text, "http://a.cn/", now=NOW)
assert 0 < len(links) <= 1_000
return len(links)
""",
    "a million addresses in a sitemap": """
from crawlers.sitemaps import parse_sitemap
data = b"<urlset>" + b"<url><loc>http://a.cn/1</loc><lastmod>2024-03-05</lastmod></url>" * 1_000_000
return len(parse_sitemap(data, "http://a.cn/", now=NOW).pages)
""",
    "a sitemap that swells when unpacked": """
import gzip, io
from crawlers.sitemaps import parse_sitemap
packed = io.BytesIO()
with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as out:
    for _ in range(500):
        out.write(b" " * 1_000_000)
assert len(packed.getvalue()) < 1_000_000
return len(parse_sitemap(packed.getvalue(), "http://a.cn/", now=NOW).pages)
""",
}
# What makes a careless regular expression try again and again: 100 kB of each.
TRICKY = (
    "2024-", "0", "1", "a ", "1 ", "(", "=", '"', "\\n", " ", "　", "<", "<a", "<a href=", "<!--", "<![CDATA[",
    "<meta charset", "charset=", "createPageHTML(", "2024年1月", "<!ENTITY ", "<!DOCTYPE [", "[", "电话", "13 ",
    "12:", "&#", "&a", "，", "（", ",0", "_", "-", "来源", '{"a":', "</", "<p>2024-01-01 10:00</p>", "<td>", "<br>",
    "data:image/png;base64,", "1 - ", "+86", "十", "|", "countPage = ",
)  # fmt: skip
TRIED = f"""
from crawlers.decoding import decode
from crawlers.extraction import extract
from crawlers.feeds import parse_feed
from crawlers.lists import article_links, next_page
from crawlers.masking import mask
from crawlers.sitemaps import parse_sitemap
slowest = (0.0, "", "")
for piece in {TRICKY!r}:
    text = piece * (100_000 // len(piece))
    page = "<html><title>" + text[:5000] + "</title><body><p>" + text
    for name, call in dict(
        extract=lambda: extract(page.encode(), now=NOW), links=lambda: article_links(page, "http://a.cn/", now=NOW),
        next=lambda: next_page(page, "http://a.cn/"), mask=lambda: mask(text),
        feed=lambda: parse_feed(("<rss><channel><item><title>" + text).encode(), now=NOW),
        sitemap=lambda: parse_sitemap(("<urlset><url><loc>" + text).encode(), "http://a.cn/", now=NOW),
        decode=lambda: decode(text.encode("gb18030", "replace") + b"\\xff\\xfe\\xff", "text/html; " + text[:500]),
    ).items():
        start = time.perf_counter()
        call()
        slowest = max(slowest, (time.perf_counter() - start, name, piece))
return slowest
"""


@pytest.mark.promise("P25")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_small(name, figure: Callable[[str], None]):
    ended = run_bounded(BOMBS[name], memory_mb=LIMIT_MB, deadline_s=DEADLINE_S)
    assert ended["peak_mb"] < PEAK_MB
    assert ended["result"] <= 500_000
    if name == "billion laughs in a feed":
        figure(f"{len(BOMBS)} parser bombs under {LIMIT_MB} MB of address space")


@pytest.mark.promise("P25")
def test_no_pattern_explodes(figure: Callable[[str], None]):
    ended = run_bounded(TRIED, memory_mb=LIMIT_MB, deadline_s=600)
    seconds, name, piece = ended["result"]
    # A pattern that is quadratic in 100 kB takes minutes; linear ones take a tenth of a second.
    assert seconds < 20, (name, piece)
    figure(f"{len(TRICKY)} tricky texts of 100 kB, none explodes")
