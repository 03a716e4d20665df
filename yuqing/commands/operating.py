"""What runs the service: up, and each stage alone."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.errors import InvalidInputError
from yuqing import stopping
from yuqing.commands.options import (
    ConfigOption,
    DataOption,
    SupervisedOption,
    config_file,
    data_folder,
    load_settings,
    wire,
)
from yuqing.listening import certificate, server_flags

if TYPE_CHECKING:
    from yuqing import stages
    from yuqing.wiring import Wiring

PortOption = Annotated[int | None, typer.Option("--port", help="监听端口；0 为任选空闲端口")]
HostOption = Annotated[str | None, typer.Option("--host", help="监听地址；默认只对本机开放")]
ListenOption = Annotated[
    str | None, typer.Option("--listen", help="监听 地址:端口，如 0.0.0.0:8443")
]
TlsOption = Annotated[
    Path | None, typer.Option("--tls", help="TLS 证书链文件（PEM）；不写为不加密")
]
TlsKeyOption = Annotated[
    Path | None, typer.Option("--tls-key", help="TLS 私钥文件；不写则与证书同一文件")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("up")(up)
    app.command("crawl")(crawl)
    app.command("ingest")(ingest)
    app.command("analyze")(analyze)
    app.command("respond")(respond)
    app.command("serve")(serve)
    app.command("demo-town", hidden=True)(demo_town)


def up(
    port: PortOption = None,
    host: HostOption = None,
    listen: ListenOption = None,
    tls: TlsOption = None,
    tls_key: TlsKeyOption = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="同时启动一座小城的示例网站（演示数据）")
    ] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """启动整个服务：抓取、分析、处置、控制台。Ctrl-C 停止。"""
    from yuqing.service import run_service

    flags = server_flags(listen=listen, host=host, port=port, tls=tls, tls_key=tls_key)
    folder = data_folder(data, default="data-demo" if demo else "data")
    if demo and config is not None:
        raise InvalidInputError(
            f"演示有自己的配置文件 {folder.path / 'demo.toml'}：请去掉 --config，"
            "把要改的（如通知渠道）写进该文件后再启动；没有该文件时，先启动一次演示。"
        )
    settings = load_settings(config, flags)
    run_service(
        settings,
        folder,
        config=config_file(config),
        demo=demo,
        stop=stopping.stop_event(supervised=False),
        say=typer.echo,
    )
    stopping.leave()


def crawl(
    source: Annotated[
        list[str] | None, typer.Argument(help="信源编号；不写为全部启用的信源")
    ] = None,
    forever: Annotated[bool, typer.Option("--forever", help="按各信源间隔一直抓取")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    supervised: SupervisedOption = False,
) -> None:
    """抓取信源：一轮，或一直抓取。"""
    from crawlers.run import crawl_forever, crawl_once
    from registry import sources

    wiring = wire(config, data, stage="crawl", level="INFO" if forever else "ERROR")
    settings = wiring.crawl_settings()
    if forever:
        stop = stopping.stop_event(supervised=supervised)
        crawl_forever(
            database=wiring.database,
            log=wiring.log,
            settings=settings,
            stop=stop,
            holder=wiring.holder,
            alive=_beat(wiring, "crawl", stop),
        )
        wiring.close()
        stopping.leave()
    with wiring.database.reading() as session:
        known = {one.id for one in sources.everything(session)}
    missing = [one for one in source or [] if one not in known]
    if missing:
        raise InvalidInputError(
            f"没有编号为 {'、'.join(missing)} 的信源。"
            f"已有：{'、'.join(sorted(known)) or '（无）'}。"
        )
    new = crawl_once(
        database=wiring.database, log=wiring.log, settings=settings, sources=source or None
    )
    from yuqing.wiring import now

    failed = False
    with wiring.database.reading() as session:
        for one, health in sources.health(session, now=now()):
            if one.enabled and (not source or one.id in source) and health.failure:
                failed = True
                sys.stderr.write(f"信源 {one.id}（{one.name}）：{health.detail}\n")
    typer.echo(json.dumps({"new": new}, ensure_ascii=False))
    wiring.close()
    if failed:
        raise typer.Exit(1)


def ingest(
    files: Annotated[list[Path], typer.Argument(help="JSON Lines（可 .gz）、CSV、XLSX 或文本文件")],
    source: Annotated[str, typer.Option("--source", help="记入哪个信源；没有则新建")] = "import",
    kind: Annotated[
        str | None, typer.Option("--kind", help="类别，如 mailbox、hotline、document")
    ] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="字段=列名，如 published_at=time；可多次")
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """导入文件；最后一行输出 JSON 汇总。"""
    from crawlers import imports
    from yuqing.wiring import now

    wiring = wire(config, data, stage="ingest")
    columns: dict[str, str] = {}
    for pair in mapping or []:
        field, equals, column = pair.partition("=")
        if not equals or not field or not column:
            raise InvalidInputError(f"--map {pair}：应写成 字段=列名，如 published_at=time。")
        columns[field.strip()] = column.strip()
    summary = imports.ingest(
        files,
        source=source,
        kind=kind,
        mapping=columns,
        admission=wiring.admission,
        database=wiring.database,
        now=now(),
        rejects_dir=wiring.folder.rejects,
    )
    wiring.close()
    line = {
        "read": summary.read,
        "accepted": summary.accepted,
        "duplicates": summary.duplicates,
        "rejected": summary.rejected,
        "rejects_file": str(summary.rejects_file) if summary.rejects_file else None,
    }
    for sentence in (*summary.failed, *summary.warnings):
        sys.stderr.write(f"{sentence}\n")
    if summary.rejected:
        sys.stderr.write(f"有 {summary.rejected} 行没有收下，原因见 {summary.rejects_file}\n")
    sys.stderr.flush()  # the summary stays last where both streams go to one place
    typer.echo(json.dumps(line, ensure_ascii=False))
    if summary.failed:
        raise typer.Exit(1)


def analyze(
    scorer: Annotated[
        str | None, typer.Option("--scorer", help="打分器：ngram、snownlp、trivial 等")
    ] = None,
    drain: Annotated[bool, typer.Option("--drain", help="把消息日志读完就结束")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    supervised: SupervisedOption = False,
) -> None:
    """打分、识别地点、写入索引，并按预警规则归并。"""
    from yuqing import stages

    wiring = wire(config, data, stage="analyze", level="ERROR" if drain else "INFO")
    stop = stopping.stop_event(supervised=supervised)
    progress = stages.Progress() if drain else _beat(wiring, "analyze", stop)
    total = stages.analyze(wiring, stop, scorer=scorer, drain=drain, progress=progress)
    wiring.close()
    if drain:
        typer.echo(json.dumps({"scored": total}))
    else:
        stopping.leave()


def respond(
    drain: Annotated[bool, typer.Option("--drain", help="处理完现有信号就结束")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    supervised: SupervisedOption = False,
) -> None:
    """把信号变成预警，计算时限，发出提醒。"""
    from yuqing import stages

    wiring = wire(config, data, stage="respond", level="ERROR" if drain else "INFO")
    stop = stopping.stop_event(supervised=supervised)
    progress = stages.Progress() if drain else _beat(wiring, "respond", stop)
    stages.respond(wiring, stop, drain=drain, progress=progress)
    wiring.close()
    if not drain:
        stopping.leave()


def serve(
    port: PortOption = None,
    host: HostOption = None,
    listen: ListenOption = None,
    tls: TlsOption = None,
    tls_key: TlsKeyOption = None,
    demo: Annotated[bool, typer.Option("--demo", hidden=True)] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    supervised: SupervisedOption = False,
) -> None:
    """控制台与接口。"""
    from api.server import serve as run_server
    from yuqing.service import check_port

    flags = server_flags(listen=listen, host=host, port=port, tls=tls, tls_key=tls_key)
    wiring = wire(config, data, stage="serve", level="INFO", flags=flags)
    stop = stopping.stop_event(supervised=supervised)
    server = wiring.settings.server
    if not supervised:
        check_port(server.host, server.port)
    _beat(wiring, "serve", stop, steps=False)
    run_server(
        wiring.app(demo=demo),
        host=server.host,
        port=server.port,
        stop=stop,
        certificate=certificate(server),
    )
    wiring.close()
    stopping.leave()


def demo_town(
    url: Annotated[str, typer.Option("--url")],
    data: DataOption = None,
    supervised: SupervisedOption = False,
) -> None:
    """The demo's sample sites, on 127.0.0.2 to 127.0.0.5, and its user 演示 at that console."""
    from yuqing import logs
    from yuqing.demo.officer import work
    from yuqing.demo.sites import serve_sites

    logs.configure("demo-town")
    folder, stop = data_folder(data), stopping.stop_event(supervised=supervised)
    threading.Thread(target=work, args=(url, folder, stop), name="officer", daemon=True).start()
    serve_sites(folder, stop)


def _beat(
    wiring: Wiring, name: str, stop: threading.Event, *, steps: bool = True
) -> stages.Progress:
    """Beat while the returned progress counts on; without ``steps`` while the process lives."""
    from yuqing import stages

    progress = stages.Progress()
    stages.heartbeat(wiring, name, stop, progress if steps else None)
    return progress
