# ruff: noqa: E501  # markup and samples stand as they are written
from __future__ import annotations

import json
from datetime import UTC, date, datetime
from urllib.parse import urljoin

import pytest

from crawlers.lists import article_links, next_page

NOW = datetime(2024, 3, 5, 4, 0, tzinfo=UTC)
NAV = '<div class="nav"><a href="/">首页</a><a href="/xw/">新闻中心</a><a href="/zw/">政务公开栏目</a></div>'
FOOT = (
    '<div class="footer"><a href="/about.html">关于本网站的说明</a>'
    '<a href="/map.html">网站地图与导航</a><a href="http://gov.cn/">中国政府网门户</a></div>'
)


@pytest.mark.needs("eval_data")
def test_a_government_list_page_gives_its_ten_rows(eval_data):
    folder = eval_data / "pages/lists"
    base = "http://www.example.gov.cn/xxgk/nb/"
    text = (folder / "ordos-gov-xxgk-list.html").read_text(encoding="utf-8")
    truth = json.loads((folder / "ordos-gov-xxgk-list.gt.json").read_text(encoding="utf-8"))
    found = [(link.url, link.title, str(link.published)) for link in article_links(text, base)]
    assert found == [
        (urljoin(base, row["href"]), row["title"], row["date"]) for row in truth["items"]
    ]
    assert next_page(text, base) == base + "index_1.html"
    second = text.replace("currentPage = 0", "currentPage = 1")
    assert next_page(second, base + "index_1.html") is None


def test_a_plain_list_without_dates():
    rows = "".join(f'<li><a href="/n/{n}.htm">关于{n}号路施工的公告</a></li>' for n in range(5))
    page = f"<html><body>{NAV}<ul>{rows}</ul>{FOOT}</body></html>"
    links = article_links(page, "http://a.cn/")
    assert [link.url for link in links] == [f"http://a.cn/n/{n}.htm" for n in range(5)]
    assert links[0].title == "关于0号路施工的公告"


def test_a_forum_gives_threads_and_not_authors_boards_or_last_answers():
    rows = "".join(
        f'<tr><td><a href="forum-3-1.html">[求助]</a> <a href="thread-{900 + n}-1-1.html">小区停水第{n}天没人管</a>'
        f'</td><td><a href="space-uid-{n}.html">网名有点长的用户{n}</a><br>2024-03-0{n % 4 + 1} 08:1{n % 10}</td>'
        f'<td>{n}</td><td><a href="redirect.php?tid={n}">路人甲</a> 2024-03-05 09:00</td></tr>'
        for n in range(20)
    )
    page = (
        f'<html><body>{NAV}<table>{rows}</table><div class="pg"><strong>1</strong>'
        f'<a href="forum-2-2.html">2</a><a class="nxt" href="forum-2-2.html">下一页</a></div>{FOOT}'
    )
    links = article_links(page, "http://bbs.a.cn/forum-2-1.html", now=NOW)
    assert [link.url for link in links] == [
        f"http://bbs.a.cn/thread-{900 + n}-1-1.html" for n in range(20)
    ]
    assert links[1].published is not None
    assert links[1].published.isoformat() == "2024-03-02T08:11:00+08:00"
    assert next_page(page, "http://bbs.a.cn/forum-2-1.html") == "http://bbs.a.cn/forum-2-2.html"


def test_dates_before_the_links_and_without_a_year():
    rows = "".join(
        f'<li><span>[{n + 1:02}-1{n}]</span><a href="./202403/t2024030{n}_{n}1234.html">县政府召开第{n}次常务会议</a></li>'
        for n in range(6)
    )
    links = article_links(f"<ul>{rows}</ul>", "http://a.gov.cn/zwdt/", now=NOW)
    assert len(links) == 6
    assert links[0].published == date(2024, 1, 10)
    assert links[5].published == date(2023, 6, 15)  # the sixth month has not come yet


def test_titles_cut_short_are_read_from_the_attribute_and_each_address_comes_once():
    rows = "".join(
        f'<li><a href="/a/10{n}.html"><img src="x.jpg"></a>'
        f'<a href="/a/10{n}.html#c" title="关于第{n}批城镇老旧小区改造项目的公示">关于第{n}批城镇老旧…</a></li>'
        for n in range(4)
    )
    links = article_links(f"<ul>{rows}</ul>", "http://a.cn/list.html")
    assert [link.title for link in links] == [
        f"关于第{n}批城镇老旧小区改造项目的公示" for n in range(4)
    ]


@pytest.mark.parametrize(
    "page", ["", "<", "没有标记的文字", f"<body>{NAV}{FOOT}</body>", "\x00<a href=x>"]
)
def test_pages_without_a_list_give_nothing(page):
    assert article_links(page, "http://a.cn/") == []


@pytest.mark.parametrize(
    ("script", "url", "wanted"),
    [
        ('createPageHTML(5, 0, "index", "html");', "http://a.cn/b/", "http://a.cn/b/index_1.html"),
        ('createPageHTML(5,1,"index","shtml")', "http://a.cn/b/index_1.shtml", "http://a.cn/b/index_2.shtml"),
        ("createPageHTML('page_div',50, 3,'list','html',986);", "http://a.cn/list_3.html", "http://a.cn/list_4.html"),
        ('createPageHTML(4, 3, "index", "html");', "http://a.cn/index_3.html", None),
        ('createPageHTML(1, 0, "index", "html");', "http://a.cn/", None),
        ("var countPage = 3; var currentPage = 0;", "http://a.cn/b/index.htm", "http://a.cn/b/index_1.htm"),
    ],
)  # fmt: skip
def test_pagers_that_a_script_draws(script, url, wanted):
    page = f"<html><body><ul></ul><script>{script}</script></body></html>"
    assert next_page(page, url) == wanted


@pytest.mark.parametrize(
    ("pager", "wanted"),
    [
        ('<a href="list.asp?page=2">下一页</a>', "http://a.cn/list.asp?page=2"),
        ('<a href="list.asp?page=2">下页 ></a>', "http://a.cn/list.asp?page=2"),
        ('<link rel="next" href="/p/2">', "http://a.cn/p/2"),
        ('<b>1</b><a href="?page=2">2</a><a href="?page=3">3</a>', "http://a.cn/list.asp?page=2"),
        (
            '<a href="#" onclick="location.href=\'list_2.html\'">下一页</a>',
            "http://a.cn/list_2.html",
        ),
        ('<a href="javascript:void(0)">下一页</a>', None),
        ('<a href="http://elsewhere.cn/2">下一页</a>', None),
        ('<a href="/2.html">尾页</a>', None),
    ],
)
def test_pagers_of_links(pager, wanted):
    page = f"<html><head></head><body>{pager}</body></html>"
    assert next_page(page, "http://a.cn/list.asp") == wanted


SIDE = (
    '<div class="right"><h3>热点文章</h3><ul>'
    + "".join(
        f'<li><a href="/hot/20240101/{n}99.html">这是一个比较长的热门文章的标题共{n}个</a></li>'
        for n in range(10)
    )
    + "</ul></div>"
)


def listed(main: str, url: str = "http://a.gov.cn/x/"):
    return article_links(
        f"<html><body>{NAV}<div class=main>{main}</div>{SIDE}{FOOT}</body></html>", url, now=NOW
    )


def test_one_dated_row_is_a_list_beside_a_longer_list_of_hot_articles():
    row = (
        '<ul><li><a href="/n/202403/t20240301_1.html">停水通知</a><span>2024-03-01</span></li></ul>'
    )
    assert [link.title for link in listed(row)] == ["停水通知"]


def test_cards_with_a_picture_a_summary_and_a_word_for_more():
    cards = "".join(
        f'<div class="item i{n}"><a href="/p/{n}00123"><img src=a.jpg></a><h3><a href="/p/{n}00123">某地发生交通事故第{n}起</a></h3>'
        f'<p>这是摘要文字。<a href="/p/{n}00123">[详细]</a></p><span>{n + 1}小时前</span></div>'
        for n in range(9)
    )
    links = listed(cards)
    assert [link.title for link in links] == [f"某地发生交通事故第{n}起" for n in range(9)]
    assert links[0].published is not None
    assert links[0].published.isoformat() == "2024-03-05T11:00:00+08:00"


def test_links_that_hold_the_whole_row():
    rows = "".join(
        f'<a href="/news/{n}123.html"><p>经济工作会议第{n}次召开</p><span>2024-03-0{n + 1}</span></a>'
        for n in range(5)
    )
    links = listed(f"<div>{rows}</div>")
    assert [link.title for link in links] == [f"经济工作会议第{n}次召开" for n in range(5)]
    assert links[4].published == date(2024, 3, 5)


def test_two_lists_of_one_page_both_count():
    halves = "".join(
        f"<div><h3>{name}</h3><ul>"
        + "".join(
            f'<li><a href="/{name}/202403/t2024030{n + 1}_1{n}.html">关于第{n}次{name}的消息</a><i>03-0{n + 1}</i></li>'
            for n in range(4)
        )
        + "</ul></div>"
        for name in ("tz", "dt")
    )
    assert len(listed(halves)) == 8


EDGE = (
    '<div><a href="/about.html">关于本网站的说明</a> <a href="/map.html">网站地图与导航帮助</a> '
    '<a href="http://www.gov.cn/">中华人民共和国中央人民政府门户网站</a> '
    '<a href="http://www.beian.gov.cn/portal/registerSystemInfo?recordcode=53310302000011">'
    "滇公网安备 53310302000011号</a></div>"
)


def notices(count: int) -> str:
    return "".join(
        f'<li><a href="/same1/a{n}.html">关于停水的第{n}号公告通知</a></li>' for n in range(count)
    )


def menu(form: str, label: str, count: int = 10) -> str:
    return "".join(
        f'<li><a href="{form.format(n)}">{label.format(n)}</a></li>' for n in range(count)
    )


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("around", [("", ""), (NAV, FOOT), (NAV, EDGE), ("", EDGE)])
def test_a_list_of_few_undated_rows_is_a_list(count, around):
    page = f"<html><body>{around[0]}<ul>{notices(count)}</ul>{around[1]}</body></html>"
    links = article_links(page, "http://a.gov.cn/tz/")
    assert [link.url for link in links] == [
        f"http://a.gov.cn/same1/a{n}.html" for n in range(count)
    ]


MENUS = ["/c{}/", "/c{}.html", "/list{}.html", "/col/col1234{}/index.html", "/list.php?id={}",
         "/same1/c{}.html", "/channel/1234{}.html"]  # fmt: skip


@pytest.mark.parametrize("frames", ['<ul class="a">|<ul class="b">', '<ul class="u1">|<ul class="u2">', "<ul>|<ul>"])  # fmt: skip
@pytest.mark.parametrize("form", MENUS)
@pytest.mark.parametrize("label", ["栏目{}", "政务公开栏目{}"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_menu_in_the_same_kind_of_frame_is_not_the_list(frames, form, label, count):
    one, two = frames.split("|")
    page = (
        f"<html><body>{one}{menu(form, label)}</ul>{two}{notices(count)}</ul>{EDGE}</body></html>"
    )
    links = article_links(page, "http://a.gov.cn/tz/")
    assert [link.title for link in links] == [f"关于停水的第{n}号公告通知" for n in range(count)]


@pytest.mark.parametrize("form", [form for form in MENUS if "same1" not in form])
@pytest.mark.parametrize("edge", [FOOT, EDGE])
def test_a_menu_and_a_footer_alone_are_an_empty_list(form, edge):
    page = f"<html><body><ul>{menu(form, '政务公开栏目{}')}</ul><ul></ul>{edge}</body></html>"
    assert article_links(page, "http://a.gov.cn/tz/") == []


def test_two_rivals_of_one_title_each_are_no_list():
    page = (
        '<div class="a"><a href="/x/one.html">一个不短的题目在这里</a></div>'
        '<p><a href="/y/two.html">另一个不短的题目在那里</a></p>'
    )
    assert article_links(page, "http://a.gov.cn/tz/") == []


def test_a_row_whose_label_is_a_number_belongs_to_the_list_and_a_pager_does_not() -> None:
    rows = "".join(
        f'<li><a href="/pages/{n}.html">{"关于第几号停水检修的公告通知" if n % 3 else n}</a></li>'
        for n in range(1, 13)
    )
    pager = "".join(f'<li><a href="/pages/{n}.html">{n}</a></li>' for n in range(90, 96))
    found = article_links(f"<ul>{rows}{pager}</ul>", "http://example.com/list.html")
    assert [link.url for link in found] == [
        f"http://example.com/pages/{n}.html" for n in range(1, 12)
    ]
