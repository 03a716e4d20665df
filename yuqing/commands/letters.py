"""Messages that nobody could handle (死信): dead-letters list, show, replay."""

from __future__ import annotations

import base64
import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.errors import InvalidInputError, NotFoundError
from yuqing.commands.options import ConfigOption, DataOption, wire
from yuqing.commands.times import show_time

if TYPE_CHECKING:
    from posts.codec import DeadLetter
    from yuqing.wiring import Wiring

_SHOWN = 4_000
_LOOKED_AT = 10_000  # so many of the newest are looked through for a number

letters_app = typer.Typer(
    help="死信：处理不了的消息，连同原因、出处和试过的次数。",
    no_args_is_help=True,
    rich_markup_mode=None,
)

NumberArgument = Annotated[str, typer.Argument(help="死信编号，如 posts.raw/0/17，见 list")]
JsonOption = Annotated[bool, typer.Option("--json", help="每条输出一行 JSON")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    letters_app.command("list")(listed)
    letters_app.command("show")(show)
    letters_app.command("replay")(replay)
    app.add_typer(letters_app, name="dead-letters")


def listed(
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="最多几条")] = 50,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """列出死信，新的在前：编号、时间、大小、试过的次数、原因。"""
    wiring = wire(config, data)
    found = wiring.log.dead_letters(limit)
    for dead in found:
        if as_json:
            typer.echo(json.dumps(_about(dead), ensure_ascii=False))
        else:
            typer.echo(
                f"{number(dead)}  {_time(dead)}  {_size(dead)} 字节  试 {dead.attempts} 次  "
                f"{_visible(dead.reason)[:120]}"
            )
    if not as_json:
        typer.echo(f"共 {len(found)} 条。" if found else "没有死信。", err=True)
    wiring.close()


def show(
    letter: NumberArgument,
    whole: Annotated[bool, typer.Option("--whole", help="内容不论多长全部显示")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """显示一条死信的全部内容。"""
    wiring = wire(config, data)
    dead = _find(wiring, [letter])[0]
    wiring.close()
    if as_json:
        value = base64.b64encode(dead.value).decode()
        typer.echo(json.dumps({**_about(dead), "value_base64": value}, ensure_ascii=False))
        return
    typer.echo(f"编号  {number(dead)}")
    typer.echo(f"键    {_visible(dead.key)}")
    typer.echo(f"时间  {_time(dead)}")
    typer.echo(f"次数  {dead.attempts}")
    typer.echo(f"原因  {_visible(dead.reason)}")
    typer.echo(f"大小  {_size(dead)} 字节")
    if dead.size is not None:
        typer.echo(f"只留下开头 {len(dead.value)} 字节；全文的 SHA-256 为 {dead.sha256}")
    text = _visible(dead.value.decode("utf-8", "backslashreplace"))
    cut = len(text) if whole else _SHOWN
    typer.echo(f"\n{text[:cut]}")
    if len(text) > cut:
        typer.echo(f"……还有 {len(text) - cut} 字，加 --whole 全部显示。", err=True)


def replay(
    letters: Annotated[list[str] | None, typer.Argument(help="死信编号，可多个；见 list")] = None,
    everything: Annotated[bool, typer.Option("--all", help="全部重放")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """把死信放回它原来的主题，各放一次，重新处理；放回后不再列出。先排除原因，否则又成死信。"""
    from posts.errors import PoisonError
    from posts.log import letters as post_office

    if bool(letters) == everything:
        raise InvalidInputError("请写明死信编号（见 yuqing dead-letters list），或用 --all。")
    wiring = wire(config, data)
    done, failed = 0, False
    for dead in wiring.log.dead_letters(_LOOKED_AT) if everything else _find(wiring, letters or []):
        try:
            post_office.replay(wiring.log, dead)
            done += 1
        except PoisonError as error:
            sys.stderr.write(f"{number(dead)}：{error}。\n")
            failed = True
    wiring.close()
    typer.echo(f"已放回 {done} 条。")
    if failed:
        raise typer.Exit(1)


def number(dead: DeadLetter) -> str:
    """What names a letter: topic, partition and offset of its record."""
    return f"{dead.topic}/{dead.partition}/{dead.offset}"


def _find(wiring: Wiring, wanted: list[str]) -> list[DeadLetter]:
    """The letters of those numbers, each once. NotFoundError names what is not there."""
    known = {number(dead): dead for dead in wiring.log.dead_letters(_LOOKED_AT)}
    names = list(dict.fromkeys(wanted))
    missing = [name for name in names if name not in known]
    if missing:
        raise NotFoundError(
            f"没有编号为 {'、'.join(_visible(name) for name in missing)} 的死信，"
            "可能已经重放或清理。用 yuqing dead-letters list 查看现有的。"
        )
    return [known[name] for name in names]


def _about(dead: DeadLetter) -> dict[str, Any]:
    return {
        "id": number(dead),
        "topic": dead.topic,
        "partition": dead.partition,
        "offset": dead.offset,
        "key": dead.key,
        "at": dead.at,
        "attempts": dead.attempts,
        "reason": dead.reason,
        "size": _size(dead),
        "sha256": dead.sha256 or None,
        "whole": dead.size is None,
    }


def _size(dead: DeadLetter) -> int:
    return len(dead.value) if dead.size is None else dead.size


def _time(dead: DeadLetter) -> str:
    try:
        return show_time(datetime.fromisoformat(dead.at))
    except ValueError:
        return "时间不明"


def _visible(text: str) -> str:
    """The text as a terminal may show it: nothing in it moves the cursor or hides the rest."""
    return "".join(
        one if one.isprintable() or one == "\n" else f"\\u{ord(one):04x}" for one in text
    )
