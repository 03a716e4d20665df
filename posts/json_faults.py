"""What a JSON parser found, in words for the person who gave the text; it speaks English."""

from __future__ import annotations

import re


def json_fault(error: Exception) -> str:
    """Where the text stops being JSON, counted in bytes from 1, and the likeliest causes."""
    if isinstance(error, RecursionError):
        return "嵌套太深"
    said = str(error)
    if "truncated" in said:
        return "到末尾还没有写完，像是被截断了，或少了引号、括号"
    found = re.search(r"\(byte (\d+)\)", said)
    where = f"从第 {int(found[1]) + 1} 个字节起读不懂，" if found else ""
    if "trailing" in said:
        return f"{where}前面已经是完整的一条，一行只能有一条"
    return f"{where}常见原因是少了引号、逗号或括号"
