"""The command line. Commands load what they need when they run, so that each starts quickly."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Iterable, Sequence
from importlib import import_module

import typer
from typer.main import get_group

from analyzer import word_list
from posts.errors import PostsError, reason_of
from registry.errors import DeskError
from yuqing.commands.usage import usage_sentence

COMMANDS: dict[str, tuple[str, ...]] = {
    "operating": ("up", "crawl", "ingest", "analyze", "respond", "serve", "demo-town"),
    "filtering": ("score", "extract", "clocks"),
    "duplicates": ("duplicates",),
    "events": ("events",),
    "indexing": ("index",),
    "reading": ("search",),
    "doctor": ("doctor",),
    "letters": ("dead-letters",),
    "ruling": ("rules", "replay"),
    "duty": ("duty",),
    "proving": ("export", "verify", "head", "erase"),
    "backup": ("backup", "restore"),
    "administering": ("init", "users"),
    "telling": ("notify",),
    "relaying": ("relay",),
    "train": ("train",),
    "eval": ("eval",),
    "backtest": ("backtest",),
}
"""The modules of :mod:`yuqing.commands` and what each adds to the command line, in this order."""

# Typer has its own copy of click, of which it exports this one kind of usage error.
_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]


def program(modules: Iterable[str] = tuple(COMMANDS)) -> typer.Typer:
    """The command line with the commands of those modules."""
    made = typer.Typer(
        name="yuqing",
        help="舆情台：看见本地区、本部门的舆情，研判、处置、按时回应。",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for module in modules:
        import_module(f"yuqing.commands.{module}").add_to(made)
    return made


def called(arguments: Sequence[str]) -> Iterable[str]:
    """The module of the command that is called, or all: to list them, or to say what is meant.

    Loading and building all takes longer than some commands.
    """
    name = arguments[0] if arguments else ""
    return next(([module] for module, names in COMMANDS.items() if name in names), COMMANDS)


def main() -> None:
    """Run a command; whatever goes wrong is one clear sentence and an exit status."""
    word_list.share()  # a process has one desk: one copy of the word list is enough
    try:
        _run()
    except DeskError as error:
        _end(error.message)
    except PostsError as error:
        _end(str(error))
    except KeyboardInterrupt:
        _end("已中断。", status=130)
    except BrokenPipeError:
        # The reader of our output has gone; that is its right.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except sqlite3.Error as error:
        _end(f"数据库出错：{error}。请运行 yuqing doctor 检查磁盘与权限。")
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        _end(f"读写出错{where}：{reason_of(error)}。")
    except Exception as error:  # noqa: BLE001 - the edge: a sentence, never a traceback
        _end(
            f"程序内部出错（{type(error).__name__}），"
            f"详情已写入 {_keep_traceback()}，请交给维护人员。"
        )


def _run() -> None:
    try:
        status = get_group(program(called(sys.argv[1:])))(prog_name="yuqing", standalone_mode=False)
    except _USAGE_ERROR as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(f"{error}\n")
            sys.exit(2)
        _end(usage_sentence(error), status=2)
    except typer.Abort:
        _end("已中断。", status=130)
    else:
        if isinstance(status, int):
            sys.exit(status)


def _keep_traceback() -> str:
    with tempfile.NamedTemporaryFile(
        "w", prefix="yuqing-error-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exc(file=file)
    return file.name


def _end(sentence: str, *, status: int = 1) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"错误：{sentence}\n")
    sys.exit(status)
