"""Backups: backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yuqing.commands.options import ConfigOption, DataOption, wire


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    destination: Annotated[Path, typer.Argument(help="放备份的目录；每次在里面新建一个子目录")],
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """备份：服务不用停；数据库、内置的日志和索引、数据目录里的其他文件。"""
    from yuqing import backup as backups
    from yuqing.wiring import now

    wiring = wire(config, data)
    folder, made = backups.make(wiring, destination, now=now())
    wiring.close()
    size = sum(size for size, _ in made.files.values())
    typer.echo(f"已备份到 {folder}（{sum(made.rows.values())} 行，{size / 1e6:.1f} MB）")
    typer.echo(f"审计链头 {made.audit_head}")
    typer.echo("里面有密钥和密码的摘要，请像数据目录一样保管；销毁清单与备份放在一起，不要分开。")
    if not made.log or not made.index:
        typer.echo("！ 不含外部的消息日志或检索索引：帖文请用 Kafka、Elasticsearch 自己的快照。")


def restore(
    source: Annotated[Path, typer.Argument(help="一份备份，或放备份的目录（取最新的一份）")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="替换现有数据；内置的旧文件移到旁边保留")
    ] = False,
    erasures: Annotated[
        list[Path] | None,
        typer.Option("--erasures", help="别处保存的销毁清单（erasures.jsonl）；可多次"),
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """恢复：先停服务；备份之后依法销毁的内容会重新销毁。"""
    from yuqing import backup as backups
    from yuqing import restoring
    from yuqing.wiring import now

    wiring = wire(config, data)
    done = restoring.restore(
        wiring,
        backups.newest(source),
        overwrite=overwrite,
        ledgers=tuple(erasures or ()),
        now=now(),
    )
    wiring.close()
    made = done.manifest
    typer.echo(f"已恢复 {made.made_at:%Y-%m-%d %H:%M} UTC 的备份，{sum(made.rows.values())} 行。")
    same = (
        "与备份时相同"
        if done.audit_head == made.audit_head
        else "与备份时不同！请运行 yuqing verify"
    )
    typer.echo(f"审计链头 {done.audit_head}（{same}）")
    if done.again:
        typer.echo(f"备份之后依法销毁的 {done.again} 次内容已重新销毁，审计链已记明。")
    if done.aside:
        typer.echo(f"原来的文件移到了 {done.aside}；确认无误后请自行删除。")
    typer.echo("所有人需要重新登录；备份之后发出的提醒可能再发一次，编号相同。")
