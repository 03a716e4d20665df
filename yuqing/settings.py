"""The settings: file, then ``YUQING_*`` variables, then flags; the only place that reads them.

Every field has its line in docs/settings.md; a test compares the two. A nested field's variable
joins the names with two underscores: ``server.port`` is ``YUQING_SERVER__PORT``.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource
from pydantic_settings import SettingsConfigDict as Config

from posts.errors import reason_of
from registry.errors import InvalidInputError
from yuqing.secret_files import Variables, setting_of
from yuqing.settings_elasticsearch import ElasticsearchFields
from yuqing.settings_kafka import KafkaFields
from yuqing.settings_sections import (
    AnalyzeSettings,
    AreaSettings,
    ChannelSettings,
    CrawlSection,
    DutySettings,
    KeepSettings,
    Place,
    RespondSettings,
    RuleSettings,
    ServerSettings,
    SourceSettings,
    UnitSettings,
)

__all__ = [
    "OTHER_VARIABLES",
    "PREFIX",
    "AnalyzeSettings",
    "AreaSettings",
    "ChannelSettings",
    "CrawlSection",
    "DutySettings",
    "KeepSettings",
    "Place",
    "RespondSettings",
    "RuleSettings",
    "ServerSettings",
    "Settings",
    "SourceSettings",
    "UnitSettings",
    "load",
    "unknown_variables",
]

PREFIX = "YUQING_"
#: Variables with the prefix that are no settings of the service.
OTHER_VARIABLES = frozenset({"YUQING_CONFIG", "YUQING_DATA", "YUQING_EVAL_DATA"})


class Settings(KafkaFields, ElasticsearchFields):
    """All settings of the service; without a file the defaults hold."""

    model_config = Config(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    database_url: str = Field(
        default="",
        description="PostgreSQL 的地址：postgresql://用户:密码@主机:5432/库名；"
        "不填为数据目录里的 SQLite。含密码，宜用环境变量",
    )
    area: AreaSettings = AreaSettings()
    server: ServerSettings = ServerSettings()
    crawl: CrawlSection = CrawlSection()
    analyze: AnalyzeSettings = AnalyzeSettings()
    respond: RespondSettings = RespondSettings()
    duty: DutySettings = DutySettings()
    keep: KeepSettings = KeepSettings()
    source: list[SourceSettings] = Field(default=[], description="首次启动时登记的信源")
    channel: list[ChannelSettings] = Field(default=[], description="通知渠道")
    rule: list[RuleSettings] = Field(default=[], description="首次启动时登记的预警规则")
    unit: list[UnitSettings] = Field(default=[], description="首次启动时登记的单位")


def load(file: Path | None = None, flags: dict[str, Any] | None = None) -> Settings:
    """The settings from file, variables and flags (nested as the file is).

    Raises InvalidInputError in Chinese that names file, line, key and what is expected.
    """
    text, data = _read(file) if file is not None else ("", {})

    class _Loaded(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del env_settings, dotenv_settings, file_secret_settings
            from_file = InitSettingsSource(settings_cls, init_kwargs=data)
            return (init_settings, Variables(settings_cls), from_file)

    try:
        return _Loaded(**(flags or {}))
    except ValidationError as error:
        raise InvalidInputError(_explain(error, file, text)) from error
    except InvalidInputError:
        raise
    except Exception as error:  # pydantic-settings wraps JSON faults of variables in its own type
        if type(error).__name__ != "SettingsError":
            raise
        raise InvalidInputError(f"环境变量 {PREFIX}* 的内容读不懂：{error}") from error


def unknown_variables(environ: Iterable[str] | None = None) -> list[str]:
    """Names with our prefix that are no setting: most likely a slip of the pen."""
    names = os.environ if environ is None else environ
    known = tuple(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)
    tables = tuple(
        f"{PREFIX}{name.upper()}__"
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    )
    return sorted(
        name
        for name in names
        if name.startswith(PREFIX)
        and name not in OTHER_VARIABLES
        and (plain := setting_of(name, known) or name) not in known
        and not plain.startswith(tables)
    )


def _read(file: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InvalidInputError(
            f"配置文件不存在：{file}。请检查 --config 后面的路径，或用 yuqing init 生成一份。"
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"配置文件 {file} 不是 UTF-8 编码，请另存为 UTF-8。") from error
    except OSError as error:
        raise InvalidInputError(f"配置文件 {file} 读不了：{reason_of(error)}。") from error
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+), column (\d+)", str(error))
        where = f"第 {found[1]} 行第 {found[2]} 列" if found else "文件末尾"
        raise InvalidInputError(
            f"配置文件 {file} {where}不合 TOML 格式：{error}。"
            "常见原因：文字没有加引号，或括号没有配对。"
        ) from error


_EXPECTED = {
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "float_parsing": "应为数字",
    "float_type": "应为数字",
    "bool_parsing": "应为 true 或 false",
    "bool_type": "应为 true 或 false",
    "string_type": "应为带引号的文字",
    "list_type": "应为方括号括起的列表",
    "dict_type": "应为表",
    "string_pattern_mismatch": "格式不符，应只用小写字母、数字、连字符和下划线",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "不应小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "不应大于 {le}",
    "literal_error": "应为其中之一：{expected}",
    "missing": "缺少这一项",
    "extra_forbidden": "没有这个设置项，请检查拼写（全部设置见 docs/settings.md）",
}


def _explain(error: ValidationError, file: Path | None, text: str) -> str:
    sentences = []
    for fault in error.errors():
        line = _line_of(text, fault["loc"]) if text else None
        place = f"{file} 第 {line} 行：" if line else ""
        path = ".".join(str(part) for part in fault["loc"])
        expected = _EXPECTED.get(fault["type"], fault["msg"]).format(**fault.get("ctx", {}))
        given = (
            ""
            if fault["type"] in ("missing", "extra_forbidden")
            else f"；现在是 {fault['input']!r:.60}"
        )
        sentences.append(f"{place}{path}：{expected}{given}")
    return "配置有误。\n" + "\n".join(sentences)


def _line_of(text: str, path: tuple[int | str, ...]) -> int | None:
    """The line of a key, or of the table it should stand in; None where neither is in the file."""
    names = [part for part in path if isinstance(part, str)]
    index = next((part for part in path if isinstance(part, int)), 0)
    tables_seen = -1
    header = ""
    table_line: int | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("["):
            header = line.split("#")[0].strip("[] ")
            if header == names[0]:
                tables_seen += 1
                if tables_seen == index:
                    table_line = number
        elif tables_seen in (index, -1):
            key = line.split("=")[0].strip(" \"'")
            if (f"{header}.{key}" if header else key) == ".".join(names[:2]):
                return number
    return table_line
