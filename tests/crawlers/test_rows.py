from __future__ import annotations

import pytest
from support.crawling import NOW

from crawlers.spiders.options import Options
from crawlers.spiders.rows import rows

PAGE = "http://www.example.gov.cn/xw/list.html"
NAMES = ["0d931936", "hd-sohu", "np4k-001", "traf-xinhua", "a6e8b739", "b828b656", "c268c1b4"]


def found(body: str, options: Options | None = None) -> list[str]:
    page = f"<html><head><title>列表</title></head><body>{body}</body></html>"
    return [link.url for link in rows(page, PAGE, options or Options(), now=NOW)[0]]


@pytest.mark.parametrize(
    "row",
    [
        '<li><a href="/p/{name}.html">{name}</a></li>',
        '<a href="{name}.html">{name}.html</a><br>',
        '<a href="{name}">{number}</a> ',
        '<p><a href="/page?id={name}">第{number}篇</a></p>',
        '<a href="{name}.html">{name}.html</a>   01-Jan-2026 10:00  1024\n',
        '<tr><td>{number}</td><td><a href="/{name}/{number}.html">{number}</a></td></tr>',
    ],
)
def test_a_bare_listing_is_taken_whole(row: str) -> None:
    body = "".join(row.format(name=name, number=number) for number, name in enumerate(NAMES))
    body += "<a href='list_2.html'>下一页</a><a href='#top'>回顶</a><a href='mailto:a@b'>信</a>"
    assert len(found(body)) == len(NAMES)


def test_a_page_of_nothing_but_navigation_has_no_rows() -> None:
    menu = "".join(f"<li><a href='/col/col{n}/index.html'>栏目{n}</a></li>" for n in range(20))
    assert found(f"<div class='nav'><ul>{menu}</ul></div><div id='list'></div>") == []
    assert found(f"<nav><ul>{menu}</ul></nav>") == []


def test_a_real_list_is_not_widened_by_a_long_menu() -> None:
    menu = "".join(f"<li><a href='/c{n}.html'>栏目{n}</a></li>" for n in range(40))
    items = "".join(
        f"<li><a href='/art/2026/2/28/art_{n}.html'>关于第{n}号供水工程的公告</a>"
        "<span>2026-02-28</span></li>"
        for n in range(5)
    )
    urls = found(f"<ul class='cols'>{menu}</ul><ul class='list'>{items}</ul>")
    assert len(urls) == 5
    assert all("/art/" in url for url in urls)


def test_what_follow_names_is_taken_whatever_the_page_looks_like() -> None:
    body = "<div class='nav'><a href='/a/1.html'>1</a></div><a href='/b/2.html'>二</a>"
    assert found(body, Options(follow=r"/a/\d+\.html$")) == ["http://www.example.gov.cn/a/1.html"]


@pytest.mark.parametrize("body", ["", "plain words", "<a href='http://[bad'>x</a>", "<a>x</a>" * 5])
def test_a_page_without_links_has_no_rows(body: str) -> None:
    assert found(body) == []


def test_a_menu_of_a_site_is_no_bare_listing() -> None:
    menu = "".join(f"<li><a href='/c{n}.html'>政务公开栏目{n}</a></li>" for n in range(10))
    edge = "<div><a href='/about.html'>关于本网站</a><a href='/m.html'>网站地图</a></div>"
    assert found(f"<ul>{menu}</ul><ul></ul>{edge}") == []


def test_one_undated_row_is_found_beside_a_menu_of_the_same_frame() -> None:
    menu = "".join(f"<li><a href='/c{n}.html'>栏目{n}</a></li>" for n in range(10))
    row = "<li><a href='/same1/a0.html'>关于停水的第0号公告通知</a></li>"
    assert found(f"<ul>{menu}</ul><ul>{row}</ul>") == ["http://www.example.gov.cn/same1/a0.html"]
