"""What looks and changes nothing: search."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import structs

from posts.identity import SHANGHAI
from registry.errors import InvalidInputError
from yuqing.commands.options import ConfigOption, DataOption, wire
from yuqing.commands.times import read_time, show_time

if TYPE_CHECKING:
    from posts.model import ScoredPost

_PAGE = 20


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("search")(search)


def search(
    query: Annotated[str, typer.Argument(help="词之间空格为“且”，引号内为整句，减号为排除")] = "",
    count: Annotated[bool, typer.Option("--count", help="只输出条数")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="每条输出一行 JSON")] = False,
    area: Annotated[str | None, typer.Option("--area", help="区划代码，含下级")] = None,
    sentiment: Annotated[
        str | None, typer.Option("--sentiment", help="negative、neutral、positive、uncertain")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="信源编号")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="类别")] = None,
    since: Annotated[str | None, typer.Option("--since", help="发布时间不早于")] = None,
    until: Annotated[str | None, typer.Option("--until", help="发布时间早于")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="最多几条；不写为 20 条，--json 时为全部")
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """检索已入库的帖文。"""
    from posts.index.port import Query

    wiring = wire(config, data)
    wanted = Query(
        text=query,
        area=_area(area),
        sentiment=_sentiment(sentiment),
        source=source,
        kind=kind,
        since=_time(since, "--since"),
        until=_time(until, "--until"),
    )
    if count:
        typer.echo(str(wiring.index.count(wanted)))
        return
    # A person reads the newest; a program that asks for JSON wants what matches.
    most = limit or (sys.maxsize if as_json else _PAGE)
    shown = 0
    cursor: str | None = None
    total = 0
    while shown < most:
        page = wiring.index.search(wanted, limit=min(200, most - shown), cursor=cursor)
        total = page.total
        for hit in page.items:
            typer.echo(_json_line(hit.scored) if as_json else _line(hit))
        shown += len(page.items)
        cursor = page.next
        if cursor is None or not page.items:
            break
    if not as_json:
        typer.echo(f"共 {total} 条，显示 {shown} 条。", err=True)
    wiring.close()


def _area(text: str | None) -> str | None:
    from registry import gazetteer

    if not text:
        return None
    # The office's own places have codes of their own (533102-p1).
    return gazetteer.area_code(text) if "-" in text else gazetteer.trim_code(text)


def _sentiment(text: str | None) -> Any:
    from posts.model import Sentiment

    if text is None:
        return None
    try:
        return Sentiment(text)
    except ValueError as error:
        names = "、".join(one.value for one in Sentiment)
        raise InvalidInputError(f"--sentiment {text}：应为 {names} 之一。") from error


def _time(text: str | None, option: str) -> datetime | None:
    return None if text is None else read_time(text, option)


def _json_line(scored: ScoredPost) -> str:
    """The post in one level, every key present, as the API shows it; instants in +08:00."""
    post, score = scored.post, scored.score
    return json.dumps(
        {
            "id": post.id,
            "source": post.source,
            "kind": post.kind,
            "url": post.url,
            "title": post.title,
            "text": post.text,
            "published_at": post.published_at.astimezone(SHANGHAI).isoformat(),
            "certainty": str(post.certainty),
            "first_seen_at": post.first_seen_at.astimezone(SHANGHAI).isoformat(),
            "engagement": structs.asdict(post.engagement),
            "sentiment": str(score.sentiment),
            "p_negative": score.p_negative,
            "p_positive": score.p_positive,
            "p_appeal": score.p_appeal,
            "scorer": score.scorer,
            "localities": [structs.asdict(hit) for hit in scored.localities],
            "areas": scored.areas,
            "units": scored.units,
        },
        ensure_ascii=False,
    )


def _line(hit: Any) -> str:
    post = hit.scored.post
    fragment = "".join(text for text, _ in hit.fragments).replace("\n", " ")
    title = post.title or "（无标题）"
    return f"{show_time(post.published_at)}  {post.source}  {title}\n    {fragment}"
