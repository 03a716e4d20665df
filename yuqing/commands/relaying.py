"""Posts between two networks by a one-way folder: relay out, relay in, relay again."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from registry.errors import InvalidInputError
from yuqing.commands.options import ConfigOption, DataOption, wire

_relay = typer.Typer(
    help="单向摆渡：外侧写成文件，经单向导入的文件夹，内侧收下。", no_args_is_help=True
)
FolderArgument = Annotated[Path, typer.Argument(help="单向导入系统的文件夹")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(_relay, name="relay")


@_relay.command("out")
def out(folder: FolderArgument, config: ConfigOption = None, data: DataOption = None) -> None:
    """外侧：把新收录的帖文写成编号连续的文件；做完就结束，用定时任务反复运行。"""
    from crawlers import relay
    from yuqing.wiring import now

    _must_exist(folder)
    wiring = wire(config, data)
    sent = relay.send(
        folder,
        posts_log=wiring.log,
        database=wiring.database,
        state=wiring.folder.state,
        now=now(),
        keep=timedelta(days=wiring.settings.keep.log_days),
    )
    if sent.files:
        wiring.prune_log()  # the side that only crawls has no other stage that does
    wiring.close()
    if sent.buried:
        sys.stderr.write(f"有 {sent.buried} 条消息读不懂，已放入死信，其余照常。\n")
    typer.echo(json.dumps({"files": sent.files, "posts": sent.posts}))


@_relay.command("in")
def bring_in(folder: FolderArgument, config: ConfigOption = None, data: DataOption = None) -> None:
    """内侧：收下文件夹里的文件，移入 done；不合格的移入 rejected 并写明原因。"""
    from crawlers import relay
    from yuqing.wiring import now

    _must_exist(folder)
    wiring = wire(config, data)
    found = relay.receive(
        folder,
        posts_log=wiring.log,
        database=wiring.database,
        state=wiring.folder.state,
        now=now(),
    )
    wiring.close()
    for file, reason in found.rejected:
        sys.stderr.write(f"{file} 没有收下：{reason}。已移入 {folder / 'rejected'}。\n")
    for stream, numbers in found.missing:
        sys.stderr.write(
            f"来自 {stream} 的文件缺第 {_spans(numbers)} 个：请看单向导入系统里有没有滞留；"
            "没有就在外侧运行 yuqing relay again 重发。\n"
        )
    sys.stderr.flush()
    line = {
        "files": found.files,
        "read": found.read,
        "accepted": found.accepted,
        "duplicates": found.duplicates,
        "rejected": len(found.rejected),
        "missing": sum(len(numbers) for _, numbers in found.missing),
    }
    typer.echo(json.dumps(line))
    if found.rejected or found.missing:
        raise typer.Exit(1)


@_relay.command("again")
def once_more(
    folder: FolderArgument,
    first: Annotated[int, typer.Option("--from", min=1, help="从第几个文件")],
    last: Annotated[int | None, typer.Option("--to", help="到第几个；不写为只此一个")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """外侧：把发过的文件再放一次，对侧缺号或损坏时用。"""
    from crawlers import relay

    _must_exist(folder)
    end = first if last is None else last
    if end < first:
        raise InvalidInputError(f"--to {end} 不能小于 --from {first}。")
    wiring = wire(config, data)
    count = relay.again(folder, state=wiring.folder.state, first=first, last=end)
    wiring.close()
    typer.echo(json.dumps({"files": count}))


def _must_exist(folder: Path) -> None:
    if not folder.is_dir():
        raise InvalidInputError(f"没有文件夹 {folder}。请检查路径，以及单向导入的共享有没有挂上。")


def _spans(numbers: tuple[int, ...]) -> str:
    """3、5 到 7."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return "、".join(f"{a}" if a == b else f"{a} 到 {b}" for a, b in spans)
