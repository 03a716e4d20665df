# ruff: noqa: E501  # markup and samples stand as they are written
"""P21: pages decode right whatever they declare, and no broken byte raises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.pages import ground_truth, page_bytes

from crawlers.decoding import decode
from crawlers.extraction import extract
from crawlers.feeds import parse_feed
from crawlers.lists import article_links, next_page
from crawlers.sitemaps import parse_sitemap

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TABLES = {
    "utf-8": "utf-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5",
}
CLAIMS = (
    None,
    "text/html",
    "text/html; charset=ISO-8859-1",
    "text/html; charset=utf-8",
    "text/html; charset=gb2312",
    "text/html; charset=big5",
    "text/html; charset=none",
)
SEED = (
    '<?xml version="1.0" encoding="gb2312"?><html><head><meta charset="gb2312"><title>停水通知_某县政府网</title>'
    "</head><body><h1>停水通知</h1><p>发布时间：2024-03-05 09:30</p><p>各位居民，因管道抢修，今晚八点起停水。</p>"
    '<a href="/1.html">下一页</a><item><title>公告</title><link>http://a.cn/</link></item></body></html>'
)


@pytest.mark.promise("P21")
@pytest.mark.needs("eval_data")
def test_the_saved_pages_decode_right_under_every_header(eval_data, figure: Callable[[str], None]):
    rows = ground_truth(eval_data)
    right = 0
    for row in rows:
        data = page_bytes(eval_data, row)
        truth = data.decode(row["actual_encoding"], "replace").removeprefix("\ufeff")
        wrong = [
            claim
            for claim in CLAIMS
            if (found := decode(data, claim)).text != truth
            or found.encoding != row["actual_encoding"]
        ]
        assert not wrong, (row["id"], wrong)
        right += 1
    figure(f"{right} of {len(rows)} saved pages under {len(CLAIMS)} headers")


@pytest.mark.promise("P21")
@pytest.mark.needs("eval_data")
def test_pages_written_in_every_table_decode_right(eval_data, figure: Callable[[str], None]):
    """Each page in each encoding, with its own meta element (right for one of them) and 7 headers.

    What a table cannot write stands as a character reference, so that the text can be compared.
    """
    tried = 0
    for row in ground_truth(eval_data):
        text = page_bytes(eval_data, row).decode(row["actual_encoding"], "replace")
        text = text.removeprefix("\ufeff")
        for table, name in TABLES.items():
            data = text.encode(table, "xmlcharrefreplace")
            truth = data.decode(table)
            for claim in CLAIMS:
                found = decode(data, claim)
                assert (found.encoding, found.text == truth) == (name, True), (
                    row["id"],
                    table,
                    claim,
                )
                tried += 1
    figure(f"{tried} of {tried} re-encoded pages")


@pytest.mark.promise("P21")
@pytest.mark.needs("eval_data")
def test_a_page_with_broken_bytes_keeps_its_text(eval_data):
    (path,) = (eval_data / "pages/broken").iterdir()
    found = decode(path.read_bytes())
    assert found.encoding == "gb18030"
    assert 0 < found.text.count("\ufffd") < 50
    assert extract(path.read_bytes(), now=NOW).body


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A page in some table with bytes cut off, turned over, taken out or put in."""
    table = draw(st.sampled_from(["utf-8", "gb18030", "big5", "utf-16", "utf-16-le", "utf-8-sig"]))
    data = bytearray(SEED.encode(table, "xmlcharrefreplace"))
    for _ in range(draw(st.integers(0, 8))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.sampled_from(["flip", "insert", "delete", "cut", "repeat"])):
            case "flip" if data:
                data[place] ^= draw(st.integers(1, 255))
            case "insert":
                data[place:place] = draw(st.binary(max_size=12))
            case "delete":
                del data[place : place + draw(st.integers(1, 40))]
            case "cut":
                del data[place:]
            case "repeat":
                data[place:place] = data[place : place + 60] * draw(st.integers(1, 20))
    return bytes(data)


@pytest.mark.promise("P21")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=damaged() | st.binary(max_size=400), claim=st.sampled_from(CLAIMS) | st.text(max_size=30)
)
def test_no_damaged_bytes_raise(data: bytes, claim: str | None):
    text = decode(data, claim).text
    found = extract(data, content_type=claim, url="http://a.cn/1.html", now=NOW)
    assert found.certainty in ("exact", "day", "none")
    article_links(text, "http://a.cn/", now=NOW)
    next_page(text, "http://a.cn/")
    parse_feed(data, content_type=claim, now=NOW)
    parse_sitemap(data, "http://a.cn/", now=NOW)


@pytest.mark.promise("P21")
def test_the_number_of_mutations_is_said(figure: Callable[[str], None]):
    figure("300 mutations, 0 exceptions")
