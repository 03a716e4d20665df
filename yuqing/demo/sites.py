"""The sample sites: a government site in GB18030, a forum, a paper's feed, a hotline export.

Each has an address of its own in 127.0.0.2 to 127.0.0.5, so that politeness per host is real.
Pages are drawn from the story at each request; what lies in the future is not there yet. Lines of
``extra.jsonl`` in the demo's folder are shown as further posts of the forum.
"""

from __future__ import annotations

import csv
import html
import io
import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import structlog

from yuqing.demo.story import FORUM, GOV, HOTLINE, PAPER, Told, tell
from yuqing.folder import DataFolder

log = structlog.get_logger()

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOSTS = {GOV: "127.0.0.2", FORUM: "127.0.0.3", PAPER: "127.0.0.4", HOTLINE: "127.0.0.5"}
PAGE_SIZE = 15
LIST_PATH = {GOV: "/xwzx/", FORUM: "/board/", PAPER: "/feed.xml", HOTLINE: "/feed.json"}


def serve_sites(folder: DataFolder, stop: threading.Event) -> None:
    """Serve all sites until ``stop``; port and epoch stand in ``demo.json`` of the folder."""
    plan = json.loads((folder.path / "demo.json").read_text(encoding="utf-8"))
    epoch = datetime.fromisoformat(plan["epoch"])
    extra = folder.path / "extra.jsonl"
    servers = []
    for site, host in HOSTS.items():
        handler = type("Handler", (_Handler,), {"site": site, "epoch": epoch, "extra": extra})
        server = ThreadingHTTPServer((host, plan["port"]), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.2,), daemon=True).start()
        servers.append(server)
    log.info("demo_sites_ready", port=plan["port"])
    stop.wait()
    for server in servers:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    site: ClassVar[str]
    epoch: ClassVar[datetime]
    extra: ClassVar[Path]
    server_version = "demo"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        shown = self._shown()
        match (self.site, path):
            case (_, "/robots.txt"):
                self._send("User-agent: *\nDisallow: /admin/\n", "text/plain; charset=utf-8")
            case (_, "/"):
                self.send_response(302)
                self.send_header("Location", LIST_PATH[self.site])
                self.send_header("Content-Length", "0")
                self.end_headers()
            case ("paper", "/feed.xml"):
                self._send(_rss(shown, self._base()), "application/rss+xml; charset=utf-8")
            case ("hotline", "/feed.json"):
                self._send(_json_feed(shown, self._base()), "application/feed+json")
            case ("hotline", "/export.csv"):
                self._send(_csv(shown), "text/csv; charset=utf-8")
            case _:
                self._list_or_article(path, shown)

    def _list_or_article(self, path: str, shown: list[Told]) -> None:
        number = _list_number(self.site, path) if self.site in (GOV, FORUM) else None
        one = next((post for post in shown if path == _article_path(self.site, post)), None)
        if number is not None:
            self._page(_listing(self.site, shown, number))
        elif one is not None:
            self._page(_article(self.site, one))
        else:
            self._send("没有这个页面", "text/plain; charset=utf-8", status=404)

    def _shown(self) -> list[Told]:
        now = datetime.now(UTC)
        told = [p for p in tell(self.epoch) if p.site == self.site and p.at <= now]
        if self.site == FORUM and self.extra.exists():
            for number, line in enumerate(self.extra.read_text("utf-8").splitlines(), 90_000):
                row: dict[str, Any] = json.loads(line)
                at = datetime.fromisoformat(row["at"])
                if at <= now:
                    told.append(Told(FORUM, number, at, "演示", row["title"], row["text"]))
        return sorted(told, key=lambda post: post.at, reverse=True)

    def _base(self) -> str:
        return f"http://{self.headers.get('Host', HOSTS[self.site])}"

    def _page(self, text: str) -> None:
        encoding = "gb18030" if self.site == GOV else "utf-8"
        # As on many old portals, the government site's header names no charset.
        kind = "text/html" if self.site == GOV else "text/html; charset=utf-8"
        self._send(text, kind, encoding=encoding)

    def _send(self, text: str, kind: str, *, encoding: str = "utf-8", status: int = 200) -> None:
        data = text.encode(encoding)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the crawler's own log tells what was fetched."""


def _shanghai(at: datetime, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return at.astimezone(SHANGHAI).strftime(form)


def _article_path(site: str, post: Told) -> str:
    if site == GOV:
        return (
            f"/xwzx/{_shanghai(post.at, '%Y%m')}/t{_shanghai(post.at, '%Y%m%d')}_{post.number}.html"
        )
    return f"/thread/{post.number}.html" if site == FORUM else f"/item/{post.number}.html"


def _list_number(site: str, path: str) -> int | None:
    stem, start = ("/xwzx/index", 0) if site == GOV else ("/board/page", 0)
    if path in (LIST_PATH[site], f"{stem}.html"):
        return start
    if path.startswith(f"{stem}_") and path.endswith(".html"):
        number = path[len(stem) + 1 : -len(".html")]
        return int(number) if number.isdecimal() else None
    return None


def _listing(site: str, shown: list[Told], page: int) -> str:
    pages = max(1, -(-len(shown) // PAGE_SIZE))
    rows = shown[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]
    if site == GOV:
        items = "\n".join(
            f'<li><a href=".{_article_path(site, post).removeprefix("/xwzx")}" '
            f'title="{html.escape(post.title)}">{html.escape(post.title)}</a>'
            f"<span>{_shanghai(post.at, '%Y-%m-%d')}</span></li>"
            for post in rows
        )
        pager = f'<script>createPageHTML({pages}, {page}, "index", "html");</script>'
        return _GOV_PAGE.format(title="要闻动态", body=f'<ul class="list">{items}</ul>{pager}')
    items = "\n".join(
        f'<tr><td><a href="{_article_path(site, post)}">{html.escape(post.title)}</a></td>'
        f"<td>{html.escape(post.author)}</td><td>{_shanghai(post.at, '%m-%d %H:%M')}</td></tr>"
        for post in rows
    )
    more = (
        f'<a class="next" href="/board/page_{page + 1}.html">下一页</a>' if page + 1 < pages else ""
    )
    body = f"<table><tbody>{items}</tbody></table><p class=pager>{more}</p>"
    return _FORUM_PAGE.format(title="岚江茶馆", body=body)


def _article(site: str, post: Told) -> str:
    paragraphs = f"<p>{html.escape(post.text)}</p>"
    title = html.escape(post.title)
    if site == GOV:
        body = (
            f"<h1>{title}</h1><div class='info'>发布时间：{_shanghai(post.at)}　"
            "来源：岚江县人民政府</div>"
            f"<div class='content TRS_Editor'>{paragraphs}</div>"
        )
        return _GOV_PAGE.format(title=title, body=body)
    body = (
        f"<h1>{title}</h1><div class='post-meta'>发表于 {_shanghai(post.at)}　作者："
        f"{html.escape(post.author)}</div><article class='post-body'>{paragraphs}</article>"
    )
    return _FORUM_PAGE.format(title=title, body=body)


_GOV_PAGE = """<!DOCTYPE html>
<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312">
<title>{title}_岚江县人民政府（演示）</title></head>
<body><div class="header">岚江县人民政府门户网站（演示，内容均为虚构）</div>
<div class="main">{body}</div>
<div class="footer">主办：岚江县人民政府办公室（演示）</div></body></html>
"""

_FORUM_PAGE = """<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title} - 岚江论坛（演示）</title></head>
<body><header><a href="/board/">岚江论坛（演示，内容均为虚构）</a></header>
<main>{body}</main>
<footer>岚江论坛（演示）</footer></body></html>
"""


def _rss(shown: list[Told], base: str) -> str:
    items = "".join(
        f"<item><guid isPermaLink='false'>paper-{post.number}</guid>"
        f"<title>{html.escape(post.title)}</title>"
        f"<link>{base}{_article_path(PAPER, post)}</link>"
        f"<pubDate>{post.at.astimezone(UTC).strftime('%a, %d %b %Y %H:%M:%S GMT')}</pubDate>"
        f"<description>{html.escape(post.text)}</description></item>"
        for post in shown
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>岚江融媒（演示）</title><link>{base}/</link><description>演示</description>"
        f"{items}</channel></rss>"
    )


def _json_feed(shown: list[Told], base: str) -> str:
    return json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "岚江县12345热线导出（演示）",
            "items": [
                {
                    "id": f"hotline-{post.number}",
                    "url": f"{base}{_article_path(HOTLINE, post)}",
                    "title": post.title,
                    "content_text": post.text,
                    "date_published": post.at.astimezone(SHANGHAI).isoformat(),
                }
                for post in shown
            ],
        },
        ensure_ascii=False,
    )


def _csv(shown: list[Told]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["工单号", "标题", "内容", "受理时间"])
    for post in shown:
        writer.writerow([post.number, post.title, post.text, _shanghai(post.at)])
    return "\ufeff" + out.getvalue()
