"""What was typed wrong, in Chinese: Typer's own sentences are English."""

from __future__ import annotations

import re
from typing import Any

_FORMS: tuple[tuple[str, str], ...] = (
    (r"No such command '(.+?)'\.?(.*)", "没有命令 {0}{1}"),
    (r"No such option: (\S+)(.*)", "没有选项 {0}{1}"),
    (r"Option '(.+?)' requires .*", "选项 {0} 后面缺少值"),
    (r"Option '(.+?)' does not take a value.*", "选项 {0} 后面不带值"),
    (r"Got unexpected extra argument\S* \((.+)\)", "多出了：{0}"),
    (r"Missing option '(.+?)'.*", "缺少选项 {0}"),
    (r"Missing argument '(.+?)'.*", "缺少参数 {0}"),
    (r"Missing command.*", "后面要写一个命令"),
    (r"Invalid value for '?(.+?)'?: .*integer.*", "{0} 应为整数"),
    (r"Invalid value for '?(.+?)'?: .*valid (?:number|float).*", "{0} 应为数字"),
    (r"Invalid value for '?(.+?)'?: .*greater than or equal to (\S+)", "{0} 应不小于 {1}"),
    (r"Invalid value for '?(.+?)'?: .*less than or equal to (\S+)", "{0} 应不大于 {1}"),
    (r"Invalid value for '?(.+?)'?: (.+)", "{0} 的值不对（{1}）"),
)
_MEANT = re.compile(r"(?:Did you mean|Possible options?:?|\(Possible options?:)\s*([^)?]+)")


def usage_sentence(error: Any) -> str:
    """The sentence for a usage error of Typer, with where to find the usage."""
    said = error.format_message().strip()
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "yuqing"
    what = _translated(said)
    return f"{what}{'' if what.endswith('？') else '。'}用法见 {path} --help。"


def _translated(said: str) -> str:
    for form, sentence in _FORMS:
        found = re.fullmatch(form, said, re.DOTALL)
        if found:
            return sentence.format(*map(_plain, found.groups()))
    return f"命令写法有误（{said}）"


def _plain(part: str) -> str:
    meant = _MEANT.search(part)
    if not meant:
        return part.strip()
    return f"，是不是 {meant[1].replace(chr(39), '').replace(', ', '、').strip()}？"
