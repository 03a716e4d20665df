"""What is wrong with an input, in Chinese that names the field."""

from __future__ import annotations

import re
from typing import Any

_WHERE = {
    "body": "正文",
    "query": "查询参数",
    "path": "地址",
    "header": "请求头",
}
_SENTENCES = {
    "missing": "没有给出",
    "json_invalid": "不是合法的 JSON",
    "string_type": "应为文字",
    "string_too_short": "太短，至少 {min_length} 个字",
    "string_too_long": "太长，最多 {max_length} 个字",
    "string_unicode": "含有无法保存的字符",
    "string_pattern_mismatch": "格式不对",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "int_parsing_size": "数字太大",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "finite_number": "应为有限的数字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "greater_than_equal": "不能小于 {ge}",
    "greater_than": "应大于 {gt}",
    "less_than_equal": "不能大于 {le}",
    "less_than": "应小于 {lt}",
    "enum": "不在可选之列，可选：{expected}",
    "literal_error": "不在可选之列，可选：{expected}",
    "extra_forbidden": "没有这一项",
    "list_type": "应为列表",
    "too_long": "太多，最多 {max_length} 项",
    "too_short": "太少，至少 {min_length} 项",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为 JSON 对象（请求头 Content-Type 应为 application/json）",
    "datetime_type": "应为时间，如 2026-08-18T14:12:00+08:00",
    "datetime_parsing": "应为时间，如 2026-08-18T14:12:00+08:00",
    "datetime_from_date_parsing": "应为时间，如 2026-08-18T14:12:00+08:00",
    "datetime_object_invalid": "应为时间，如 2026-08-18T14:12:00+08:00",
    "timezone_aware": "缺少时区，请写成 2026-08-18T14:12:00+08:00",
    "url_parsing": "不是合法的网址",
}


def sentence_for(problem: dict[str, Any]) -> tuple[str | None, str]:
    """(field, sentence) for the first problem that pydantic names."""
    loc = [str(part) for part in problem.get("loc", ())]
    kind = str(problem.get("type", ""))
    context = problem.get("ctx") or {}
    if kind == "json_invalid":
        return None, f"正文不是合法的 JSON（第 {loc[-1]} 个字符附近），请检查后重发。"
    where, names = (loc[0], loc[1:]) if loc else ("body", [])
    field = ".".join(names) or None
    shown = f"{_WHERE.get(where, '')}“{field}”" if field else _WHERE.get(where, "输入")
    if kind == "value_error":
        return field, f"{shown}：{context.get('error') or '不正确'}"
    if "expected" in context:
        context = {**context, "expected": _choices(str(context["expected"]))}
    try:
        said = _SENTENCES.get(kind, "不正确").format(**context)
    except (KeyError, IndexError):
        said = "不正确"
    return field, f"{shown}{said}，请改正后重发。"


def _choices(expected: str) -> str:
    """``'open' or 'closed'`` as pydantic lists them, in Chinese marks."""
    return re.sub(r"'([^']*)'(?:, | or )?", r"“\1”、", expected).removesuffix("、")
