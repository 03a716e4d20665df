"""The options that every command shares, and what they give: settings and DATA."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yuqing.folder import DataFolder

if TYPE_CHECKING:
    from yuqing.settings import Settings
    from yuqing.wiring import Wiring

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="配置文件；不写时用当前目录的 yuqing.toml，没有则用内置默认值"),
]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="数据目录；不写时为当前目录下的 data")
]
SupervisedOption = Annotated[bool, typer.Option("--supervised", hidden=True)]

DEFAULT_FILE = Path("yuqing.toml")


def config_file(config: Path | None) -> Path | None:
    """The file that was named, by flag or variable, or the one in this folder, or None."""
    if config is not None:
        return config
    if named := os.environ.get("YUQING_CONFIG"):
        return Path(named)
    return DEFAULT_FILE if DEFAULT_FILE.is_file() else None


def data_folder(data: Path | None, *, default: str = "data") -> DataFolder:
    """DATA by flag, variable or default."""
    return DataFolder(data or Path(os.environ.get("YUQING_DATA") or default))


def load_settings(config: Path | None, flags: dict[str, Any] | None = None) -> Settings:
    """The settings; variables that look like slips of the pen are told on standard error."""
    from yuqing import settings  # a tenth of a second, which --help should not take

    for name in settings.unknown_variables():
        sys.stderr.write(f"提醒：环境变量 {name} 不是任何设置项，已忽略；请检查拼写。\n")
    return settings.load(config_file(config), flags)


def wire(
    config: Path | None,
    data: Path | None,
    *,
    stage: str = "cli",
    flags: dict[str, Any] | None = None,
    level: str = "ERROR",
) -> Wiring:
    """Everything that a command works with; log lines go to standard error.

    At a terminal what goes wrong is told in sentences: log lines are for the stages.
    """
    from yuqing import logs
    from yuqing.wiring import Wiring

    logs.configure(stage, level=level)
    return Wiring(load_settings(config, flags), data_folder(data))
