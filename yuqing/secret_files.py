"""Settings that stand in files of their own (口令文件): ``YUQING_…_FILE=/run/secrets/…``.

Containers and services get secrets as files. A variable with ``_FILE`` behind the name of a setting
names the file whose content, without the line break at its end, is the setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import EnvSettingsSource

from posts.errors import reason_of
from registry.errors import InvalidInputError

SUFFIX = "_FILE"
_MOST = 64 * 1024


class Variables(EnvSettingsSource):
    """The variables of the environment; where one names a file, what stands in it."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        known = tuple(f"{self.env_prefix}{name}".lower() for name in self.settings_cls.model_fields)
        variables = super()._load_env_vars()
        read: dict[str, str | None] = {}
        for name, value in variables.items():
            setting = setting_of(name, known)
            if setting is None:
                read.setdefault(name, value)
            elif value and variables.get(setting):
                raise InvalidInputError(
                    f"环境变量 {setting.upper()} 和 {name.upper()} 只能有一个：请去掉其中之一。"
                )
            elif value:
                read[setting] = _content(name, value)
        return read


def setting_of(variable: str, known: tuple[str, ...]) -> str | None:
    """The setting that a variable gives by a file, or None; ``known`` are names at the top."""
    suffix = SUFFIX if variable.isupper() else SUFFIX.lower()
    name = variable.removesuffix(suffix)
    if name == variable or variable in known:
        return None
    return name if any(name == one or name.startswith(f"{one}__") for one in known) else None


def _content(name: str, path: str) -> str:
    file = Path(path)
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(_MOST + 1)
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{name.upper()} 指的文件 {file} 不是 UTF-8 文本。") from error
    except OSError as error:
        raise InvalidInputError(
            f"{name.upper()} 指的文件 {file} 读不了：{reason_of(error)}。"
            "请检查路径，以及服务用户有没有读它的权限。"
        ) from error
    if len(text) > _MOST:
        raise InvalidInputError(f"{name.upper()} 指的文件 {file} 太大，不像一项设置。")
    return text.rstrip("\r\n")
