"""Channels from the command line: list, test, secret."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.errors import NotFoundError
from yuqing.commands.options import ConfigOption, DataOption, wire


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(_notify, name="notify")


_notify = typer.Typer(help="通知渠道。", no_args_is_help=True)


@_notify.command("list")
def list_channels(config: ConfigOption = None, data: DataOption = None) -> None:
    """列出渠道和上次的结果。"""
    from registry import channels
    from yuqing.channels import limits

    wiring = wire(config, data)
    with wiring.database.reading() as session:
        known = {one.name: one for one in channels.everything(session)}
    words = {"ok": "正常", "failing": "发不出", "untried": "还没发过"}
    for name, limit in limits(wiring.settings).items():
        one = known.get(name)
        state = words.get(one.state, one.state) if one else "还没启用（重启服务后生效）"
        detail = f"\t{one.detail}" if one and one.detail else ""
        typer.echo(f"{name}\t{limit.kind}\t{state}{detail}")
    wiring.close()


@_notify.command("test")
def try_out(
    channel: Annotated[str | None, typer.Argument(help="渠道名称；不写为全部")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """向渠道直接发一条测试消息，不经过待发箱；有一个不通就以状态 1 结束。"""
    from responder.notify import Notice, NotifyError
    from yuqing.channels import notifiers
    from yuqing.wiring import now

    wiring = wire(config, data)
    made = notifiers(wiring.settings, wiring.database, now)
    wanted = [one for one in made if one.name == channel or (not channel and one.name != "console")]
    if not wanted:
        names = "、".join(one.name for one in made)
        missing = f"没有名为“{channel}”的通知渠道" if channel else "还没有设置通知渠道"
        raise NotFoundError(f"{missing}。已有：{names}。")
    key = f"test:{now():%Y%m%dT%H%M%S}"
    failed = False
    for one in wanted:
        notice = Notice(
            key=f"{key}:{one.name}",
            keys=(key,),
            title="舆情台测试消息",
            text=f"【测试】收到说明渠道“{one.name}”是通的，不需要处置。",
        )
        try:
            typer.echo(f"{one.name}\t已发\t{one.send(notice)}")
        except NotifyError as error:
            failed = True
            typer.echo(f"{one.name}\t没有送达\t{error.reason}")
    wiring.close()
    if failed:
        raise typer.Exit(1)


@_notify.command("secret")
def secret(
    channel: Annotated[str, typer.Argument(help="webhook 或 sms 渠道的名称，或 standby")],
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """显示渠道的签名密钥，交给接收方核对签名。"""
    from yuqing.channels import secret_of
    from yuqing.guards import standby_secret

    wiring = wire(config, data)
    if channel == "standby":
        found = standby_secret(wiring.database)
    else:
        one = next((one for one in wiring.settings.channel if one.name == channel), None)
        if one is None or one.kind not in ("webhook", "sms"):
            raise NotFoundError(f"配置里没有名为“{channel}”的 webhook 或 sms 渠道。")
        found = secret_of(one, wiring.database)
    typer.echo(found.decode())
    wiring.close()
