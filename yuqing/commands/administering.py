"""Setting up: init, users."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.errors import InvalidInputError, NotFoundError
from yuqing.commands.options import ConfigOption, DataOption, wire

if TYPE_CHECKING:
    from registry.users import Role


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("init")(init)
    app.add_typer(_users, name="users")


def init(
    area: Annotated[str, typer.Option("--area", help="本地区的区划代码，如 533100")],
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="写到哪个目录")] = Path(),
) -> None:
    """生成一份带注释的 yuqing.toml：本地区的地名与示例信源。"""
    from yuqing.example import example_settings

    text = example_settings(area)
    file = folder / "yuqing.toml"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError as error:
        raise InvalidInputError(
            f"{file} 已经存在，没有覆盖。要重新生成，请先改名或移走它。"
        ) from error
    typer.echo(f"已写入 {file}。请按注释补充信源，然后运行 yuqing up --config {file}")


_users = typer.Typer(help="用户与角色。", no_args_is_help=True)


@_users.command("list")
def list_users(config: ConfigOption = None, data: DataOption = None) -> None:
    """列出用户。"""
    from registry import users

    wiring = wire(config, data)
    with wiring.database.reading() as session:
        for user in users.everything(session):
            roles = "、".join(sorted(role.value for role in user.roles)) or "（无角色）"
            state = "" if user.active else "（已停用）"
            typer.echo(f"{user.name}\t{user.display_name}\t{roles}{state}")


@_users.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="登录名")],
    role: Annotated[
        list[str] | None, typer.Option("--role", help="角色，可多次，如 值班员")
    ] = None,
    display_name: Annotated[str | None, typer.Option("--display-name", help="显示的姓名")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """新建用户，并显示一次初始密码。"""
    from registry import users
    from yuqing.wiring import now

    roles = _roles(role or [])
    password = secrets.token_urlsafe(12)
    wiring = wire(config, data)
    with wiring.database.transaction() as session:
        users.create(
            session,
            name=name,
            password=password,
            roles=roles,
            display_name=display_name or name,
            must_change=True,
            now=now(),
        )
    typer.echo(f"已新建用户 {name}，初始密码（只显示这一次，登录后须修改）：{password}")


@_users.command("reset")
def reset_user(
    name: Annotated[str, typer.Argument(help="登录名")],
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """重设密码并退出其全部登录，显示一次新密码。"""
    from registry import sessions, users
    from yuqing.wiring import now

    wiring = wire(config, data)
    password = secrets.token_urlsafe(12)
    with wiring.database.transaction() as session:
        user = users.named(session, name)
        if user is None:
            raise NotFoundError(f"没有登录名为 {name} 的用户。")
        users.set_password(session, user.id, password=password, must_change=True, now=now())
        sessions.end_all(session, user.id)
    typer.echo(f"{name} 的新密码（只显示这一次，登录后须修改）：{password}")


@_users.command("token")
def new_token(
    name: Annotated[str, typer.Argument(help="登录名")],
    label: Annotated[str, typer.Option("--label", help="用在哪里，如 prometheus")],
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="几天后失效；不写为长期")
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """给程序用的令牌（权限同该用户），只显示这一次；监控、对接用。"""
    from registry import tokens, users
    from yuqing.wiring import now

    wiring = wire(config, data)
    moment = now()
    expires = None if days is None else moment + timedelta(days=days)
    with wiring.database.transaction() as session:
        user = users.named(session, name)
        if user is None:
            raise NotFoundError(f"没有登录名为 {name} 的用户。")
        token = tokens.issue_token(session, user.id, label=label, now=moment, expires_at=expires)
    typer.echo(token)


def _roles(names: list[str]) -> set[Role]:
    from registry.users import Role

    known = {role.value: role for role in Role}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidInputError(f"没有角色 {'、'.join(unknown)}。可用：{'、'.join(known)}。")
    return {known[name] for name in names}
