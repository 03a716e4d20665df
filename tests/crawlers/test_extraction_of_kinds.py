# ruff: noqa: E501  # pages stand as such pages are written
"""Kinds of pages that the office meets, each written after the habits of its kind."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from support.pages import bigram_f1, plain

from crawlers.dates import SHANGHAI
from crawlers.extraction import extract

NOW = datetime(2024, 3, 10, 4, 0, tzinfo=UTC)
PARAGRAPHS = (
    "3月4日晚，县城西路一处供水主管道破裂，造成城区部分小区停水，供水公司已组织人员连夜抢修。",
    "据供水公司负责人介绍，破损的管道建于二十年前，老化严重，预计3月5日18时前恢复供水。",
    "县应急管理局提醒居民提前储水，并安排送水车到受影响的六个小区，居民可以拨打热线咨询。",
)
TITLE = "城西路供水管道破裂 预计今日恢复供水"


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)


CASES: dict[str, tuple[str, str, str | None, date | None, tuple[str, ...] | None]] = {}
CASES["gbk portal tables"] = (
    f"""<html><head><meta http-equiv=Content-Type content="text/html; charset=gb2312"><title>{TITLE}-某某新闻网</title></head><body>
<table width=778 align=center><tr><td><img src=top.gif></td></tr><tr><td><a href=/>首页</a> | <a href=/xw>新闻</a> | <a href=/bbs>论坛</a></td></tr></table>
<table width=778><tr><td width=180 valign=top><table><tr><td>本类热门文章</td></tr>{"".join(f"<tr><td>·<a href=a{i}.asp>县里召开第{i}次经济工作会议的消息</a></td></tr>" for i in range(10))}</table></td>
<td valign=top><table><tr><td>您现在的位置：<a href=/>首页</a> >> <a href=/xw>新闻</a> >> 正文</td></tr><tr><td align=center class=tt><font color=red size=4><b>{TITLE}</b></font></td></tr>
<tr><td align=center>作者：张某　文章来源：县电视台　点击数：<script>x</script>　更新时间：2024-3-5 9:30:12</td></tr>
<tr><td>&nbsp;&nbsp;&nbsp;&nbsp;{"<br>&nbsp;&nbsp;&nbsp;&nbsp;".join(PARAGRAPHS)}</td></tr><tr><td align=right>文章录入：admin　责任编辑：admin</td></tr>
<tr><td>上一篇文章：<a href=1>全县召开防汛抗旱工作会议</a></td></tr><tr><td>【发表评论】【加入收藏】【告诉好友】【打印此文】【关闭窗口】</td></tr></table></td></tr></table>
<table><tr><td align=center>Copyright 2005 某某新闻网 版权所有 滇ICP备05000000号</td></tr></table></body></html>""",
    "gb18030",
    TITLE,
    at(2024, 3, 5, 9, 30, 12),
    PARAGRAPHS,
)
CASES["trs attachments"] = (
    f"""<html><head><meta charset=utf-8><title>某县人民政府关于印发《城镇供水应急预案》的通知</title><meta name="ArticleTitle" content="某县人民政府关于印发《城镇供水应急预案》的通知"><meta name="PubDate" content="2024-03-05 09:30"><meta name="ContentSource" content="县水务局"></head><body><div class="header"><div class="logo">某县人民政府</div></div>
<div class="BreadcrumbNav">当前位置：<a href=/>首页</a>&gt;<a href=/zwgk/>政务公开</a></div><div class="article"><h1>某县人民政府关于印发《城镇供水应急预案》的通知</h1><div class="info"><span>发布时间：2024-03-05 09:30</span><span>来源：县水务局</span><span>浏览量：<i id=hits>33</i> 次</span></div>
<div id="UCAP-CONTENT" class="TRS_Editor view"><p>各乡镇人民政府，县直各部门：</p><p>　　{PARAGRAPHS[0]}</p><p>　　{PARAGRAPHS[1]}</p><p>　　{PARAGRAPHS[2]}</p><p align=right>某县人民政府</p><p align=right>2024年3月1日</p><p>（此件公开发布）</p></div>
<div class="fujian"><p>附件：</p><ul><li><a href="P020240305.docx">1.城镇供水应急预案.docx</a></li><li><a href="P020240305.xlsx">2.供水应急物资清单.xlsx</a></li></ul></div>
<div class="share">分享到：<a>微信</a><a>微博</a></div><div>【打印】【关闭】</div></div><div class=footer>主办：某县人民政府办公室 网站标识码：5331000001</div></body></html>""",
    "utf-8",
    "某县人民政府关于印发《城镇供水应急预案》的通知",
    at(2024, 3, 5, 9, 30),
    (
        "各乡镇人民政府，县直各部门：",
        *PARAGRAPHS,
        "某县人民政府",
        "2024年3月1日",
        "（此件公开发布）",
    ),
)
CASES["discuz"] = (
    f"""<!DOCTYPE html><html><head><meta charset="gbk"><title>小区停水三天了，有没有人管 - 百姓话题 -  某县论坛 -  Powered by Discuz!</title><meta name=keywords content="小区停水三天了，有没有人管"><meta name="description" content="小区停水三天了"></head><body><div id=toptb><a>设为首页</a><a>收藏本站</a></div>
<div id="hd"><div id=nv><ul><li><a href=forum.php>论坛</a></li></ul></div></div><div id="wp"><div id="pt">论坛 › <a>百姓话题</a> › <a href=thread-1-1-1.html>小区停水三天了，有没有人管</a></div>
<div id="postlist" class="pl bm"><table><tr><td class="pls">查看: <span>1234</span>|回复: <span>5</span></td><td class="plc"><h1 class="ts"><a href=x>[投诉]</a> <span id="thread_subject">小区停水三天了，有没有人管</span></h1><span>[复制链接]</span></td></tr></table>
<div id="post_1"><table><tr><td class=pls rowspan=2><div class=authi><a>热心市民小李</a></div><div>12 主题 34 帖子 156 积分</div><p>注册会员</p><dl><dt>注册时间</dt><dd>2019-5-6</dd></dl></td><td class="plc"><div class="pi"><strong>楼主</strong><div class="authi"><em id="authorposton1">发表于 2024-3-5 09:30:12</em> | <a>只看该作者</a></div></div><div class="pct"><div class="t_fsz"><table><tr><td class="t_f" id="postmessage_1"><i class="pstatus"> 本帖最后由 热心市民小李 于 2024-3-5 10:00 编辑 </i><br><br>{"<br>".join(PARAGRAPHS)}</td></tr></table></div></div></td></tr><tr><td class="plc plm"><div>收藏 分享 支持 反对</div></td></tr></table></div>
{"".join(f'<div id="post_{n}"><table><tr><td class=pls><div class=authi><a>网友{n}</a></div></td><td class=plc><div class=pi><em>发表于 2024-3-5 1{n}:20:00</em></div><td class=t_f>同感，我们这边也是一样的情况，希望有关部门尽快解决，天天打电话都没有用，真是让人失望，大家一起来反映。第{n}楼</td></td></tr></table></div>' for n in range(2, 9))}
</div></div></body></html>""",
    "gb18030",
    "小区停水三天了，有没有人管",
    at(2024, 3, 5, 9, 30, 12),
    PARAGRAPHS,
)
CASES["wechat"] = (
    f"""<!DOCTYPE html><html><head><meta charset="utf-8"><meta property="og:title" content="{TITLE}" /><meta property="og:site_name" content="微信公众平台"/><title></title></head><body id="activity-detail"><div id="js_article"><div class="rich_media_area_primary"><h1 class="rich_media_title" id="activity-name">{TITLE}</h1><div id="meta_content"><span class="rich_media_meta rich_media_meta_text">某县发布</span><a id="js_name">某县发布</a><em id="publish_time" class="rich_media_meta"></em></div>
<div class="rich_media_content" id="js_content" style="visibility: hidden; opacity: 0;"><section><span>{PARAGRAPHS[0]}</span></section><section><p><span>{PARAGRAPHS[1]}</span></p></section><section><p>{PARAGRAPHS[2]}</p></section></div></div></div><script nonce="1">var biz = "x"; var ct = "1709602200"; var oriCreateTime = '1709602200'; var createTime = '2024-03-05 09:30';</script></body></html>""",
    "utf-8",
    TITLE,
    at(2024, 3, 5, 9, 30),
    PARAGRAPHS,
)
CASES["wechat ct only"] = (
    CASES["wechat"][0]
    .replace("var createTime = '2024-03-05 09:30';", "")
    .replace("var oriCreateTime = '1709602200';", ""),
    "utf-8",
    TITLE,
    at(2024, 3, 5, 9, 30),
    PARAGRAPHS,
)
CASES["wechat publish_time var"] = (
    CASES["wechat"][0]
    .replace("var createTime = '2024-03-05 09:30';", 'var publish_time = "2024-03-05" || "";')
    .replace("var oriCreateTime = '1709602200';", "")
    .replace('var ct = "1709602200";', ""),
    "utf-8",
    TITLE,
    date(2024, 3, 5),
    PARAGRAPHS,
)
CASES["mobile"] = (
    f"""<!DOCTYPE html><html><head><meta charset=utf-8><meta name=viewport content="width=device-width"><title>{TITLE}</title></head><body><header><a href=/>某县融媒</a><a>打开APP</a></header><div class="article-box"><div class="art-title">{TITLE}</div><div class="art-info"><span class=from>某县融媒</span><span class=time>03-05 09:30</span></div><div class=art-con>{"".join(f"<p>{p}</p>" for p in PARAGRAPHS)}</div><div class=open>打开APP阅读全文，体验更佳</div></div><div class=rec><h3>猜你喜欢</h3>{"".join(f"<a href=/{i}><div class=t>关于某件事情的推荐文章之{i}</div><div>03-0{i} 10:00</div></a>" for i in range(1, 6))}</div></body></html>""",
    "utf-8",
    TITLE,
    at(2024, 3, 5, 9, 30),
    PARAGRAPHS,
)


def comments(cls: str) -> str:
    return "".join(
        f'<div class="{cls}"><b>网友{n}</b><span>2024-03-0{n % 4 + 5} 1{n % 10}:00</span><p>这件事情我觉得应该好好查一查，管道老化不是一天两天了，为什么没有人管？第{n}条评论，大家来说说自己的看法，我们这里已经停了很多次水了。</p></div>'
        for n in range(15)
    )


for cls in ("comment-item", "pl-con", "ly"):
    CASES[f"comments {cls}"] = (
        f"""<html><head><meta charset=utf-8><title>{TITLE}_某某网</title></head><body><div class=main><h1>{TITLE}</h1><div class=info>2024-03-05 09:30 来源：某某网</div><div class=content>{"".join(f"<p>{p}</p>" for p in PARAGRAPHS)}</div><div class="box"><h3>网友评论</h3>{comments(cls)}</div></div></body></html>""",
        "utf-8",
        TITLE,
        at(2024, 3, 5, 9, 30),
        PARAGRAPHS,
    )
CASES["multipage"] = (
    f"""<html><head><meta charset=utf-8><title>{TITLE}(2)_某某网</title></head><body><div class=main><h1>{TITLE}(2)</h1><div class=info>2024年03月05日 09:30　来源：某某网</div><div class=content>{"".join(f"<p>{p}</p>" for p in PARAGRAPHS)}<p align=center><a href=a.html>上一页</a> <a href=a.html>1</a> <b>2</b> <a href=a_3.html>3</a> <a href=a_3.html>下一页</a> 共3页</p></div></div></body></html>""",
    "utf-8",
    None,
    at(2024, 3, 5, 9, 30),
    PARAGRAPHS,
)
QA = [
    x
    for n in range(14)
    for x in (f"记者：请问第{n}个小区什么时候来水？", "李局长：今天下午。", "记者：还有吗？")
]
CASES["transcript"] = (
    f"""<html><head><meta charset=utf-8><title>城西路停水事件新闻发布会实录-某县人民政府新闻办公室</title></head><body><div class=nav><a>首页</a></div><div class=wz><div class=wz_title>城西路停水事件新闻发布会实录</div><div class=wz_info>时间：2024-03-05 09:30　来源：县新闻办</div><div class=wz_con><p>主持人：大家上午好。</p>{"".join(f"<p>{q}</p>" for q in QA)}<p>主持人：谢谢大家。</p></div></div><div class=foot>主办：某县新闻办</div></body></html>""",
    "utf-8",
    "城西路停水事件新闻发布会实录",
    at(2024, 3, 5, 9, 30),
    ("主持人：大家上午好。", *QA, "主持人：谢谢大家。"),
)


def index(rows: str) -> str:
    return f"<table class=xxgk>{rows}</table>"


ROWS = "<tr><td>索引号</td><td>015280001/2024-00123</td><td>主题分类</td><td>城乡建设</td></tr><tr><td>发文机关</td><td>某县人民政府</td><td>成文日期</td><td>2024年03月01日</td></tr><tr><td>标题</td><td colspan=3>某县人民政府关于印发供水应急预案的通知</td></tr><tr><td>发文字号</td><td>某政发〔2024〕3号</td><td>发布日期</td><td>2024年03月05日</td></tr><tr><td>有效性</td><td>有效</td><td>废止日期</td><td></td></tr>"
GT = "某县人民政府关于印发供水应急预案的通知"
GB = f"<div class=zw><h1>{GT}</h1><p>某政发〔2024〕3号</p><p>各乡镇人民政府：</p>{''.join(f'<p>{p}</p>' for p in PARAGRAPHS)}<p>某县人民政府</p><p>2024年3月1日</p></div>"
CASES["index table"] = (
    f"<html><head><meta charset=utf-8><title>{GT}_政府信息公开_某县人民政府</title></head><body>{index(ROWS)}{GB}</body></html>",
    "utf-8",
    GT,
    date(2024, 3, 5),
    ("各乡镇人民政府：", *PARAGRAPHS, "某县人民政府", "2024年3月1日"),
)
R2 = ROWS.replace("发布日期", "发文日期")
CASES["index table fawen"] = (
    f"<html><head><meta charset=utf-8><title>{GT}_政府信息公开_某县人民政府</title></head><body>{index(R2)}{GB}</body></html>",
    "utf-8",
    GT,
    date(2024, 3, 5),
    ("各乡镇人民政府：", *PARAGRAPHS, "某县人民政府", "2024年3月1日"),
)
R3 = (
    "<tr><th>索 引 号：</th><td>015280001/2024-00123</td><th>公开日期：</th><td>2024-03-05</td></tr><tr><th>发布机构：</th><td>县政府办</td><th>生成日期：</th><td>2024-03-01</td></tr><tr><th>文　　号：</th><td>某政发〔2024〕3号</td><th>信息名称：</th><td>"
    + GT
    + "</td></tr>"
)
CASES["index table shengcheng"] = (
    f"<html><head><meta charset=utf-8><title>{GT}</title></head><body>{index(R3)}{GB}</body></html>",
    "utf-8",
    GT,
    date(2024, 3, 5),
    ("各乡镇人民政府：", *PARAGRAPHS, "某县人民政府", "2024年3月1日"),
)
R4 = (
    "<ul class=xxgk><li><b>索引号：</b>015280001/2024-00123</li><li><b>发文机关：</b>县政府办</li><li><b>成文日期：</b>2024-03-01</li><li><b>发布日期：</b>2024-03-05</li><li><b>文号：</b>某政发〔2024〕3号</li><li><b>名称：</b>"
    + GT
    + "</li></ul>"
)
CASES["index ul"] = (
    f"<html><head><meta charset=utf-8><title>{GT}</title></head><body>{R4}{GB}</body></html>",
    "utf-8",
    GT,
    date(2024, 3, 5),
    ("各乡镇人民政府：", *PARAGRAPHS, "某县人民政府", "2024年3月1日"),
)
CASES["index table only chengwen"] = (
    f"<html><head><meta charset=utf-8><title>{GT}</title></head><body>{index(ROWS.replace('<td>发布日期</td><td>2024年03月05日</td>', ''))}{GB}</body></html>",
    "utf-8",
    GT,
    None,
    ("各乡镇人民政府：", *PARAGRAPHS, "某县人民政府", "2024年3月1日"),
)
BT = "城西路水管破裂　預計今日恢復供水"
BP = (
    "記者昨日從自來水公司獲悉，城西路一處主水管發生破裂，造成部分社區停水，公司已派員連夜搶修。",
    "負責人表示，破損的水管建於二十年前，老化嚴重，預計今日下午六時前恢復供水，請市民耐心等候。",
    "有關部門提醒居民提前儲水，並安排送水車前往受影響的六個社區，市民可致電熱線查詢。",
)
CASES["big5"] = (
    f"""<html><head><meta http-equiv="Content-Type" content="text/html; charset=big5"><title>{BT} | 某某日報</title></head><body><div id=menu><a>首頁</a><a>新聞</a><a>財經</a></div><div id=story><h2>{BT}</h2><div class=date>2024年3月5日 上午09:30</div><div>{"".join(f"<p>{p}</p>" for p in BP)}</div><div>相關新聞：<a href=1>另一則新聞標題</a></div></div><div>版權所有 不得轉載</div></body></html>""",
    "big5",
    BT,
    at(2024, 3, 5, 9, 30),
    BP,
)
CASES["big5 nometa table"] = (
    CASES["big5"][0]
    .replace("charset=big5", "charset=utf-8")
    .replace("年3月5日 上午09:30", "/03/05 09:30"),
    "big5",
    BT,
    at(2024, 3, 5, 9, 30),
    BP,
)
CASES["div spans br"] = (
    f"""<html><head><meta charset=utf-8><title>{TITLE}</title></head><body><div>{TITLE}</div><div>2024-03-05 09:30:00</div><div>{"<br/><br/>".join(PARAGRAPHS)}</div></body></html>""",
    "utf-8",
    TITLE,
    at(2024, 3, 5, 9, 30, 0),
    PARAGRAPHS,
)
CASES["json-ld newsarticle"] = (
    f"""<html><head><meta charset=utf-8><title>{TITLE} - 某某客户端</title><script type="application/ld+json">{{"@type":"NewsArticle","pubDate":"2024-03-05T09:30:00","upDate":"2024-03-06T09:30:00"}}</script></head><body><h1>{TITLE}</h1>{"".join(f"<p>{p}</p>" for p in PARAGRAPHS)}</body></html>""",
    "utf-8",
    TITLE,
    at(2024, 3, 5, 9, 30),
    PARAGRAPHS,
)
CASES["letter"] = (
    f"""<html><head><meta charset=utf-8><title>县长信箱-信件详情-某县人民政府</title></head><body><div class=nav><a>首页</a></div><table><tr><td>信件标题</td><td>城西路小区停水多日无人处理</td></tr><tr><td>写信时间</td><td>2024-03-05 09:30</td></tr><tr><td>信件内容</td><td>{PARAGRAPHS[0]}{PARAGRAPHS[1]}</td></tr><tr><td>办理单位</td><td>县水务局</td></tr><tr><td>答复时间</td><td>2024-03-08 10:00</td></tr><tr><td>答复内容</td><td>您好，您反映的问题已收悉，经核实，供水公司已抢修完毕，感谢您的关注与支持。</td></tr></table></body></html>""",
    "utf-8",
    "城西路小区停水多日无人处理",
    at(2024, 3, 5, 9, 30),
    None,
)


@pytest.mark.parametrize("kind", CASES)
def test_title_time_and_body_of_a_kind_of_page(kind: str) -> None:
    markup, table, title, when, paragraphs = CASES[kind]
    found = extract(markup.encode(table), now=NOW)
    assert found.encoding == table
    assert found.published_at == when
    if title is not None:
        assert plain(found.title) == plain(title)
    if paragraphs is not None:
        assert bigram_f1(found.body, "".join(paragraphs)) > 0.93
        assert all(plain(text) in plain(found.body) for text in paragraphs)
