"""Instants and spans in Chinese words, for reasons and notices. Shown in Asia/Shanghai."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from tomllib import TOMLDecodeError

from posts.identity import SHANGHAI


def instant(at: datetime, *, end_of_day: bool = False) -> str:
    """``2026-09-30 14:05`` (seconds only where there are any); midnight as 24:00 if asked."""
    local = at.astimezone(SHANGHAI)
    if end_of_day and (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{(local - timedelta(days=1)):%Y-%m-%d} 24:00"
    return f"{local:%Y-%m-%d %H:%M:%S}" if local.second else f"{local:%Y-%m-%d %H:%M}"


def span(seconds: float, *, days: bool = False) -> str:
    """How long, without sign: ``1 小时 5 分``; hours never wrap into days unless asked."""
    left = abs(int(seconds))
    if left < 60:  # noqa: PLR2004 - a minute
        return f"{left} 秒"
    minutes = left // 60
    if days and minutes >= 24 * 60:
        whole, minutes = divmod(minutes, 24 * 60)
        return f"{whole} 天 {minutes // 60} 小时"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} 小时 {minutes} 分" if hours else f"{minutes} 分钟"


def iso(at: datetime) -> str:
    """ISO 8601 with +08:00, as machines and people here read it."""
    return at.astimezone(SHANGHAI).isoformat()


def toml_fault(error: UnicodeDecodeError | TOMLDecodeError) -> str:
    """What is wrong with a TOML file, and where; the parser itself says it in English."""
    if isinstance(error, UnicodeDecodeError):
        return "不是 UTF-8 编码，请另存为 UTF-8"
    found = re.search(r"line (\d+), column (\d+)", str(error))
    where = f"第 {found[1]} 行第 {found[2]} 列" if found else "末尾"
    return f"{where}不合 TOML 格式，常见原因是文字没有加引号或括号没有配对"
