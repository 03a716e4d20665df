# ruff: noqa: E501  # markup and samples stand as they are written
from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from support.pages import bigram_f1, ground_truth, page_bytes, plain

from crawlers.dates import SHANGHAI
from crawlers.extraction import Selectors, extract, to_json_line

NOW = datetime(2024, 3, 10, 4, 0, tzinfo=UTC)
PARAGRAPHS = (
    "3月4日晚，县城西路一处供水主管道破裂，造成城区部分小区停水，供水公司已组织人员连夜抢修。",
    "据供水公司负责人介绍，破损的管道建于二十年前，老化严重，预计3月5日18时前恢复供水。",
    "县应急管理局提醒居民提前储水，并安排送水车到受影响的六个小区，居民可以拨打热线咨询。",
)
MENU = "".join(f'<li><a href="/c{n}/">栏目名称{n}</a></li>' for n in range(12))
SIDE = "".join(
    f'<li><a href="/n/{n}.html">关于某某路段施工的另一条新闻{n}</a> <span>2024-02-0{n + 1}</span></li>'
    for n in range(8)
)
FOOT = (
    "<div class=footer>版权所有：某县人民政府办公室 Copyright 2009-2023 All Rights Reserved "
    "地址：某县某路1号 邮编：678400 滇ICP备05000000号 联系电话：0692-2120000</div>"
)
TITLE = "城西路供水管道破裂 预计今日恢复供水"


def page(inner: str, title: str = f"{TITLE}_某县人民政府门户网站", head: str = "") -> bytes:
    return (
        f"<html><head><title>{title}</title>{head}</head><body><div class=top>今天是2024年3月10日 星期日</div>"
        f"<ul class=nav>{MENU}</ul>{inner}<div class=side><h3>最新发布</h3><ul>{SIDE}</ul></div>{FOOT}"
        "</body></html>"
    ).encode("gb18030")


BODY = "".join(f"<p>　　{text}</p>" for text in PARAGRAPHS)
TRS = (
    f'<div class="xl_nr"><h1>{TITLE}</h1><div class="xx">发布时间：2024-03-05 09:30 来源：某县融媒体中心 '
    f'<span>浏览次数：123</span>【字体：<a>大</a> <a>中</a>】</div><div class="TRS_Editor">{BODY}</div>'
    "<p>责任编辑：张某</p><div>上一篇：<a href=/1.html>另一篇文章的题目</a></div></div>"
)
OLD = (
    f"<table width=760><tr><td><table><tr><td align=center><font size=5><b>{TITLE}</b></font></td></tr>"
    "<tr><td align=center>http://www.example.com 2024年03月05日09:30 某某日报</td></tr>"
    f"<tr><td><font>{'<br><br>　　'.join(PARAGRAPHS)}</font></td></tr></table></td>"
    f"<td width=200>{SIDE}</td></tr></table>"
)
FORUM = (
    f'<div id="postlist"><h1 class="ts"><a href="f.php">[民生]</a> <span id="thread_subject">{TITLE}</span></h1>'
    f'<div class="post"><div class="pi">楼主：热心网友 发表于 2024-3-5 09:30:12 | 只看该作者</div><div class="t_f">{"<br>".join(PARAGRAPHS)}</div></div>'
    + "".join(
        f'<div class="post"><div class="pi">发表于 2024-3-5 1{n}:10:00 | 只看该作者</div>'
        f'<div class="t_f">我们小区也停水了，楼主说得对，希望尽快修好，已经第{n}天了，大家都没有办法做饭。</div></div>'
        for n in range(6)
    )
    + "</div>"
)
PHONE = (
    f"<article><h2 class='title'>{TITLE}</h2><p class='meta'>某某发布 昨天 21:05</p>{BODY}"
    "<p>编辑：李某</p></article>"
)
CASES = {
    "government": (TRS, datetime(2024, 3, 5, 9, 30, tzinfo=SHANGHAI)),
    "old portal of tables": (OLD, datetime(2024, 3, 5, 9, 30, tzinfo=SHANGHAI)),
    "forum": (FORUM, datetime(2024, 3, 5, 9, 30, 12, tzinfo=SHANGHAI)),
    "phone page": (PHONE, datetime(2024, 3, 9, 21, 5, tzinfo=SHANGHAI)),
}


@pytest.mark.parametrize("kind", CASES)
def test_title_time_and_body_of_usual_pages(kind):
    inner, when = CASES[kind]
    found = extract(page(inner), now=NOW)
    assert found.title == TITLE
    assert (found.published_at, found.certainty) == (when, "exact")
    assert found.body.replace("　", "").startswith(PARAGRAPHS[0])
    assert all(text in found.body for text in PARAGRAPHS)
    assert bigram_f1(found.body, "".join(PARAGRAPHS)) > 0.9
    assert "我们小区也停水了" not in found.body
    assert found.error is None
    assert found.encoding == "gb18030"


def test_the_table_of_a_government_document_tells_the_day_of_release():
    table = (
        "<table><tr><td>索 引 号：</td><td>015280001/2024-00123</td><td>发布日期：</td><td>2024-03-05</td></tr>"
        "<tr><td>成文日期：</td><td>2024-03-01</td><td>文 号：</td><td>某政发〔2024〕3号</td></tr></table>"
    )
    inner = (
        f"<div>{table}<h1>{TITLE}</h1><div>{BODY}<p>某县人民政府</p><p>2024年3月1日</p></div></div>"
    )
    found = extract(page(inner), now=NOW)
    assert (found.published_at, found.certainty) == (date(2024, 3, 5), "day")


def test_a_date_whose_parts_are_elements_of_their_own():
    head = (
        "<div><span><em>2024</em></span><span><em>03</em>/<em>05</em></span><span>09:30:12</span></div>"
        f"<div>来源：某某社</div><h1><span>{TITLE}</span></h1><div>{BODY}</div>"
    )
    found = extract(page(head), now=NOW)
    assert found.published_at == datetime(2024, 3, 5, 9, 30, 12, tzinfo=SHANGHAI)


def test_a_short_post_of_a_forum_is_a_body_too():
    inner = (
        "<div><h1>小区停水三天了没人管</h1><div>网友甲 发表于 2024-03-05 09:30</div><div>求助，停水三天了。</div>"
        "<div>网友乙 发表于 2024-03-05 10:30</div><div>顶</div></div>"
    )
    found = extract(page(inner, title="小区停水三天了没人管 - 某县论坛"), now=NOW)
    assert found.body == "求助，停水三天了。"
    assert found.published_at == datetime(2024, 3, 5, 9, 30, tzinfo=SHANGHAI)


def test_an_advertisement_between_paragraphs_does_not_cut_the_body():
    ads = "".join(
        f"<div>·</div><div><a href=/ad{n}>某某广告的文字链接{n}</a></div>" for n in range(4)
    )
    first, *rest = (f"<p class=text>{text}</p>" for text in PARAGRAPHS)
    found = extract(page(f"<div><h1>{TITLE}</h1>{first}{ads}{''.join(rest)}</div>"), now=NOW)
    assert found.body.split("\n") == list(PARAGRAPHS)


@pytest.mark.parametrize(
    "first",
    [
        "2024年3月4日，城西路供水管道破裂。",
        "记者从供水公司了解到，管道已修好。",
        "时间过去三天了，还是没有水。",
    ],
)
def test_a_first_sentence_with_a_date_is_no_byline(first):
    inner = f"<div><h1>{TITLE}</h1><p>发布时间：2024-03-05 09:30</p><p>{first}</p>{BODY}</div>"
    assert extract(page(inner), now=NOW).body.startswith(first)


@pytest.mark.parametrize(
    "sentence",
    ["物业未经业主同意就把绿地改成停车场，请核实。", "开发商的声明大家都看到了，没有用。", "打印店的老板也说密码锁坏了，热水也没有。"],
)  # fmt: skip
def test_words_of_notices_within_a_text_do_not_cut_it(sentence):
    inner = (
        f"<div><h1>{TITLE}</h1><p>2024-03-05</p>{BODY}<p>{sentence}</p><p>{PARAGRAPHS[0]}</p></div>"
    )
    found = extract(page(inner), now=NOW)
    assert sentence in found.body
    assert found.body.endswith(PARAGRAPHS[0])


def test_a_page_of_pictures_has_title_and_day_but_no_body():
    inner = f"<h1>{TITLE}</h1><p>发布时间：2024-03-05</p><div><img src=1.jpg></div>"
    found = extract(page(inner), now=NOW)
    assert (found.title, found.published_at, found.body) == (TITLE, date(2024, 3, 5), "")
    assert found.error is not None


def test_a_letter_is_dated_by_its_question_and_not_by_its_answer():
    inner = (
        f"<h2>{TITLE}</h2><div>来信人：张*　来信时间：2024-03-04 08:20　办理状态：已办结</div>"
        f"<div>来信内容：{BODY}</div><div>答复单位：县住建局　答复时间：2024-03-06 10:00</div>"
        "<div>答复内容：您好，您反映的问题已收悉，经核实，供水公司已抢修完毕，感谢您的关注与支持。</div>"
    )
    found = extract(page(inner), now=NOW)
    assert found.published_at == datetime(2024, 3, 4, 8, 20, tzinfo=SHANGHAI)
    assert found.author == "张*"


def test_a_page_without_a_date_has_none():
    inner = f"<div><h1>{TITLE}</h1><div>来源：某县融媒体中心</div><div>{BODY}</div></div>"
    found = extract(page(inner), url="http://a.gov.cn/content_123.html", now=NOW)
    assert found.title == TITLE
    assert found.published_at is None
    assert found.certainty == "none"


def test_the_address_gives_the_day_where_nothing_else_does():
    inner = f"<div><h1>{TITLE}</h1><div>{BODY}</div></div>"
    for url in ("http://a.gov.cn/zw/202403/t20240305_27.html", "http://a.cn/2024-03/05/content_2.htm",
                "http://a.cn/2024/0305/c1.html"):  # fmt: skip
        found = extract(page(inner), url=url, now=NOW)
        assert (found.published_at, found.certainty) == (date(2024, 3, 5), "day")


@pytest.mark.parametrize(
    "meta",
    [
        '<meta name="PubDate" content="2024-03-05 09:30">',
        '<meta property="article:published_time" content="2024-03-05T01:30:00Z">',
        '<meta itemprop="datePublished" content="2024-03-05T09:30:00+08:00">',
        '<script type="application/ld+json">{"datePublished": "2024-03-05T09:30:00+08:00"}</script>',
    ],
)
def test_meta_tags_tell_where_the_page_does_not_show(meta):
    inner = f"<div><h1>{TITLE}</h1><div>{BODY}</div></div>"
    found = extract(page(inner, head=meta), now=NOW)
    assert found.published_at == datetime(2024, 3, 5, 9, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "line",
    ["今天是2024年3月5日 星期二", "活动时间：2024-03-05 09:30", "报名截止：2024年3月5日", "自2024年3月5日起施行",
     "最后回复 2024-03-05 09:30", "有效期至2024-03-05", "成文日期：2024年3月5日"],
)  # fmt: skip
def test_other_dates_near_the_headline_are_not_taken(line):
    inner = f"<div><h1>{TITLE}</h1><div>{line}</div><div>{BODY}</div></div>"
    assert extract(page(inner), now=NOW).published_at is None


def test_a_list_page_has_no_article():
    rows = "".join(
        f"<li><a href=/n/{n}.html>县政府召开第{n}次常务会议研究民生工作</a> <span>2024-03-0{n % 9 + 1}</span></li>"
        for n in range(20)
    )
    found = extract(
        page(
            f"<div class=list><h2>政务动态</h2><ul>{rows}</ul></div>",
            title="政务动态_某县人民政府门户网站",
        ),
        now=NOW,
    )
    assert (found.title, found.published_at, found.body) == (None, None, "")
    assert found.error is not None
    assert "正文" in found.error


def test_headings_with_the_name_of_the_site_are_not_titles():
    inner = f"<h1>某县人民政府门户网站</h1><div><h2>{TITLE}</h2><p>2024-03-05</p>{BODY}</div>"
    found = extract(page(inner), now=NOW)
    assert found.title == TITLE
    assert (found.published_at, found.certainty) == (date(2024, 3, 5), "day")


def test_a_title_in_two_lines_and_one_that_the_title_element_cuts_short():
    two = f"<div><p>提高供水保障能力</p><p>——县供水公司抢修纪实</p><p>2024-03-05</p>{BODY}</div>"
    found = extract(page(two, title="提高供水保障能力——县供水公司抢修纪实-某县新闻网"), now=NOW)
    assert plain(found.title) == "提高供水保障能力——县供水公司抢修纪实"
    inner = f"<div><h1>{TITLE}</h1><p>2024-03-05</p>{BODY}</div>"
    found = extract(page(inner, title="城西路供水管道破裂 预计..."), now=NOW)
    assert found.title == TITLE


def test_without_a_title_element_the_heading_before_the_body_counts():
    inner = f"<h1>导航</h1><div class=post><div class=postTitle>{TITLE}</div><div>{BODY}</div><p>发表于 2024-03-05 09:30</p></div>"
    data = page(inner).replace(
        f"<title>{TITLE}_某县人民政府门户网站</title>".encode("gb18030"), b""
    )
    found = extract(data, now=NOW)
    assert found.title == TITLE
    assert found.published_at == datetime(2024, 3, 5, 9, 30, tzinfo=SHANGHAI)


def test_selectors_override_and_wrong_ones_are_named():
    inner = f"<div id=a><b>真题目</b><i>2024/3/1 08:00</i><u>作者甲</u><div class=t>真正文，只有一句。</div></div>{TRS}"
    found = extract(
        page(inner),
        selectors=Selectors(
            title="#a b", published="//div[@id='a']/i", body=".t", author="#a u/text"
        ),
        now=NOW,
    )
    assert found.title == "真题目"
    assert found.published_at == datetime(2024, 3, 1, 8, 0, tzinfo=SHANGHAI)
    assert found.body == "真正文，只有一句。"
    assert found.error is not None
    assert "作者选择器“#a u/text”" in found.error
    gone = extract(page(TRS), selectors=Selectors(body="#gone", published="h1"), now=NOW)
    assert PARAGRAPHS[0] in gone.body
    assert gone.error is not None
    assert "没有选中内容" in gone.error
    assert "不是时间" in gone.error


def test_nothing_and_text_without_markup():
    assert extract(b"", now=NOW).error is not None
    found = extract("只有文字，没有标记。".encode(), now=NOW)
    assert found.body == "只有文字，没有标记。"


def test_a_page_that_never_closes_its_font_elements_is_read_to_its_end():
    inner = f"<div><h1>{TITLE}</h1><p>2024-03-05</p>" + "<font><b>" * 400 + BODY + "</div>"
    found = extract(page(inner), now=NOW)
    assert PARAGRAPHS[-1] in found.body


def test_the_line_of_the_filter():
    found = extract(page(TRS), now=NOW)
    line = json.loads(json.dumps(to_json_line("a.html", found)))
    assert line["file"] == "a.html"
    assert line["published_at"] == "2024-03-05T09:30:00+08:00"
    assert set(line) == {"file", "title", "published_at", "certainty", "body", "encoding", "error"}
    empty = to_json_line("b.html", extract(b"<p></p>", now=NOW))
    assert (empty["title"], empty["published_at"], empty["certainty"], empty["body"]) == (
        None,
        None,
        "none",
        None,
    )


@pytest.mark.needs("eval_data")
def test_the_saved_pages(eval_data, record_property):
    rows = ground_truth(eval_data)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    titles = days = minutes = encodings = 0
    scores: list[float] = []
    invented: list[str] = []
    for row in rows:
        found = extract(page_bytes(eval_data, row), url=row["url"], now=now)
        stamp = to_json_line("", found)["published_at"] or ""
        encodings += found.encoding == row["actual_encoding"]
        titles += bool(row["title"]) and plain(found.title) == plain(row["title"])
        days += bool(row["date"]) and stamp[:10] == row["date"]
        minutes += bool(row["datetime"]) and stamp[:16] == row["datetime"][:16]
        if row["date"] is None and stamp:
            invented.append(row["id"])
        if row["body"] is not None:
            scores.append(bigram_f1(found.body, row["body"]))
        for text in row.get("must_contain", ()):
            assert plain(text) in plain(found.body), row["id"]
        for text in row.get("must_not_contain", ()):
            assert plain(text) not in plain(found.body), row["id"]
    assert encodings == len(rows)
    assert titles == sum(bool(row["title"]) for row in rows)
    assert days == sum(bool(row["date"]) for row in rows)
    assert minutes == sum(bool(row["datetime"]) for row in rows)
    assert sum(scores) / len(scores) > 0.955
    assert sum(score >= 0.9 for score in scores) >= 28
    # The one page counted here shows "2005-01-06 08:13更新" below its headline; its row says none.
    assert invented == ["c268c1b4"]
