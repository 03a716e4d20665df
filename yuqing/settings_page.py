"""docs/settings.md from the settings themselves, so that the page can't grow stale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from yuqing.settings import PREFIX, Settings

_HEAD = """\
# 设置项

来源依次为：配置文件（`--config FILE`，不写则用当前目录的 `yuqing.toml`，没有就用默认值）、
`YUQING_*` 环境变量、命令行选项；后者覆盖前者。环境变量用两个下划线表示层级：
`server.port` 写作 `YUQING_SERVER__PORT`，列表和表写成 JSON。

口令等可以单独放在文件里：变量名后加 `_FILE`，值为文件路径，如
`YUQING_DATABASE_URL_FILE=/run/secrets/database_url`；与不加 `_FILE` 的变量只能有一个。

另有两个环境变量不是设置项：`YUQING_CONFIG`（等于 `--config`）、`YUQING_DATA`（等于 `--data`）。

本页由 `python -m yuqing.settings_page > docs/settings.md` 生成，测试会比对。
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [_HEAD, _ENGINES]
    fields = Settings.model_fields.items()
    alone = {name: field for name, field in fields if _model(field.annotation)[0] is BaseModel}
    parts.extend(_row(name, field) for name, field in alone.items())
    for name, field in fields:
        if name in alone:
            continue
        model, repeated = _model(field.annotation)
        header = f"[[{name}]]" if repeated else f"[{name}]"
        title = field.description or (model.__doc__ or "").strip().splitlines()[0]
        parts.append(f"\n## `{header}`\n\n{_SECTIONS.get(name, title)}\n")
        parts.append("\n| 设置项 | 默认值 | 说明 |\n|---|---|---|\n")
        parts.extend(_rows(model, f"{name}.", repeated=repeated))
    return "".join(parts)


_ENGINES = """
## 外部引擎

写在配置文件最前面（任何 `[…]` 之前）。都不填就是单机：三个 SQLite 文件，在数据目录里。

| 设置项 | 默认值 | 说明 |
|---|---|---|
"""
_SECTIONS = {
    "area": "本地区。",
    "server": "控制台与接口。",
    "crawl": "抓取的礼貌与界限。robots.txt 一律遵守，没有关闭它的设置。",
    "analyze": "打分。",
    "respond": "提醒与通知。",
    "keep": "保留期限。",
}


def _rows(model: type[BaseModel], prefix: str, *, repeated: bool) -> Iterator[str]:
    for name, field in model.model_fields.items():
        nested, is_list = _model(field.annotation)
        yield _row(prefix + name, field, variable=not repeated and nested is BaseModel)
        if nested is not BaseModel:
            yield from _rows(nested, f"{prefix}{name}.", repeated=is_list)


def _row(name: str, field: FieldInfo, *, variable: bool = True) -> str:
    text = field.description or ""
    if variable:
        text += f"（`{PREFIX}{name.upper().replace('.', '__')}`）"
    return f"| `{name}` | {_default(field)} | {text} |\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "必填"
    value: Any = field.default
    if value is None:
        return "无"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value in ("", [], {}):
        return "空"
    return f"`{value}`"


def _model(annotation: Any) -> tuple[type[BaseModel], bool]:
    """The section behind an annotation, and whether it is a list of them; BaseModel for none."""
    if get_origin(annotation) is list:
        inner = get_args(annotation)[0]
        return (inner, True) if _is_model(inner) else (BaseModel, False)
    return (annotation, False) if _is_model(annotation) else (BaseModel, False)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
