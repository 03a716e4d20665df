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
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource
from pydantic_settings import SettingsConfigDict as Config

from posts.errors import reason_of
from registry.errors import InvalidInputError
from yuqing.secret_files import Variables, setting_of
from yuqing.settings_elasticsearch import ElasticsearchFields
from yuqing.settings_kafka import KafkaFields

PREFIX = "YUQING_"
#: Variables with the prefix that are no settings of the service.
OTHER_VARIABLES = frozenset({"YUQING_CONFIG", "YUQING_DATA", "YUQING_EVAL_DATA"})


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Section):
    """A place of the own area with the names that people use."""

    name: str = Field(description="地点名称：村、社区、道路、小区、学校、单位驻地等")
    aliases: list[str] = Field(default=[], description="别名、简称、俗称")
    parent: str | None = Field(default=None, description="所属区划代码；不填为本地区")


class AreaSettings(_Section):
    """The own area."""

    code: str | None = Field(
        default=None, description="本地区的区划代码，如 533100（末尾的零可省）"
    )
    name: str | None = Field(
        default=None, description="区划表里没有这个代码时的名称（演示、开发区等）"
    )
    aliases: list[str] = Field(default=[], description="本地区的别名、简称")
    localities: dict[str, list[str]] = Field(
        default={},
        description="各下级区划使用的名称：区划代码 = [名称、简称、俗称]；不填则取自区划表",
    )
    places: list[Place] = Field(default=[], description="区划表以外的本地地名")


class ServerSettings(_Section):
    """Where the console answers."""

    host: str = Field(default="127.0.0.1", description="监听地址；默认只对本机开放")
    port: int = Field(default=8460, ge=0, le=65535, description="监听端口")
    allowed_hosts: list[str] = Field(
        default=[], description="浏览器地址栏里允许出现的主机名（本机名以外的）"
    )
    secure_cookies: bool = Field(
        default=False, description="经 HTTPS 反向代理访问时设为 true；设了 tls_cert 时自动为 true"
    )
    tls_cert: str = Field(
        default="", description="控制台自己终结 TLS 时的证书链文件（PEM）；不填为不加密"
    )
    tls_key: str = Field(default="", description="私钥文件（PEM，无口令）；不填则与证书同一文件")


class CrawlSection(_Section):
    """How politely sources are fetched."""

    user_agent: str = Field(
        default="YuqingDesk/0.1 (public affairs monitoring; obeys robots.txt)",
        description="抓取时报出的名称，应写明单位和联系方式",
    )
    delay_s: float = Field(default=1.0, ge=0.0, description="同一网站两次请求的最小间隔（秒）")
    timeout_s: float = Field(default=20.0, gt=0, description="单次请求超时（秒）")
    max_bytes: int = Field(
        default=8_000_000, gt=0, description="单个页面的最大字节数（解压前后都算）"
    )
    allow_private: list[str] = Field(
        default=[], description="允许抓取的内网或本机地址（IP、网段或 主机:端口）；默认一律拒绝"
    )


class AnalyzeSettings(_Section):
    """How posts are scored."""

    scorer: str = Field(default="snownlp", description="情感打分器：snownlp 或 trivial")
    batch: int = Field(default=500, ge=1, le=5000, description="每批处理的条数")


class RespondSettings(_Section):
    """How people are told."""

    repeat_min: int = Field(default=30, ge=1, description="超时后每隔多少分钟再提醒")
    rules: str = Field(
        default="",
        description="本单位的时限规则文件（TOML），按编号覆盖全国默认；用 yuqing rules check 检查",
    )
    notify_urls: list[str] = Field(
        default=[], description="通知渠道（apprise 地址）：企业微信、钉钉、飞书、邮件、网址回调"
    )
    allow_private: list[str] = Field(
        default=[],
        description="允许发往的内网或本机地址（IP、网段或 主机:端口）；默认一律拒绝",
    )
    silent_s: int = Field(
        default=60, ge=10, description="环节多少秒没有进展就算停摆：重启它，并告知备用渠道"
    )
    standby_urls: list[str] = Field(
        default=[],
        description="备用渠道：环节停摆时由守护进程直接告知。http(s):// 为签名回调，"
        "其余为 apprise 地址",
    )
    heartbeat_url: str = Field(
        default="", description="外部心跳网址：提醒正常时每分钟访问一次，停了由对方报警"
    )
    all_well_at: str = Field(
        default="",
        description="每天几点向各渠道发一条平安消息，如 08:30；不填为不发",
        pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$",
    )


class DutySettings(_Section):
    """Who is told when, and what is not sent at once."""

    day_start: str = Field(default="08:00", description="白班开始（夜班结束）的时刻")
    night_start: str = Field(default="20:00", description="夜班开始（白班结束）的时刻")
    policies: str = Field(
        default="", description="本单位的升级办法文件（TOML），按编号替换默认的升级步骤"
    )
    quiet_from: str = Field(
        default="", description="静默时段开始，如 22:00：黄色、蓝色预警只进摘要；不填为不静默"
    )
    quiet_until: str = Field(default="", description="静默时段结束，如 07:00")
    digest_only: list[str] = Field(
        default=["blue"], description="从不单独发送、只进摘要的预警颜色；红色不能列入"
    )
    digest_at: list[str] = Field(
        default=["08:00", "14:00", "20:00"], description="发摘要的时刻；空列表为不发"
    )
    handover_min: int = Field(
        default=30,
        ge=0,
        description="接班后多少分钟仍没有签收交班清单就通知（再过这么久告知带班领导）；0 为不通知",
    )
    hotter_at: dict[str, float] = Field(
        default={"orange": 5.0, "red": 20.0},
        description="条数达到规则阈值的多少倍时升为该颜色；不写则颜色只由规则决定",
    )


class ChannelSettings(_Section):
    """A channel by which people are told."""

    name: str = Field(
        description="渠道名称，唯一；改名即是另一个渠道", pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$"
    )
    kind: Literal["apprise", "webhook", "sms", "command"] = Field(
        description="种类：apprise（企业微信、钉钉、飞书、邮件等）、webhook 签名回调、sms 短信、"
        "command 本机命令"
    )
    url: str = Field(default="", description="webhook、sms 的网址")
    urls: list[str] = Field(default=[], description="apprise 地址，可多个")
    secret: str = Field(
        default="", description="签名密钥；不填则自动生成，用 yuqing notify secret 渠道 查看"
    )
    phones: list[str] = Field(default=[], description="sms：接收号码；只存在配置里，不进日志")
    template: str = Field(default="", description="sms：模板编号")
    sign: str = Field(default="", description="sms：短信签名")
    fields: dict[str, str] = Field(
        default={},
        description="sms：平台的字段名，可改 phones、template、params、sign、key、title、text",
    )
    ok_field: str = Field(default="", description="sms：答复里表示成败的字段；不填只看 HTTP 状态")
    ok_value: str = Field(default="", description="sms：该字段成功时的值，如 0 或 OK")
    argv: list[str] = Field(default=[], description="command：程序及参数，不经过 shell")
    to: list[str] = Field(
        default=[],
        description="只通知这些对象：在班:值班员、在班:带班领导、角色:分管领导、用户:登录名、"
        "单位:编号；不填为所有人",
    )
    heats: list[Literal["red", "orange", "yellow", "blue"]] = Field(
        default=[], description="只收这些颜色的预警；不填为全部"
    )
    levels: list[str] = Field(
        default=[], description="只收这些级别的事件（未定级的照收）；不填为全部"
    )
    max_chars: int = Field(default=2000, ge=70, description="一条消息最多多少字")
    bundle_s: float = Field(
        default=5.0, ge=0, le=300, description="一条发出后多少秒内到期的并作下一条"
    )
    bundle_most: int = Field(default=20, ge=1, le=200, description="一条消息最多并入几条提醒")
    rate_per_min: int = Field(default=20, ge=0, description="每分钟最多几条；0 为不限")
    timeout_s: float = Field(default=10.0, gt=0, le=60, description="等接收方答复多少秒")


class KeepSettings(_Section):
    """How long things are kept."""

    log_days: int = Field(default=30, ge=1, description="消息日志保留天数（已处理的才会清理）")
    post_days: int | None = Field(
        default=None,
        ge=1,
        description="帖文保存天数，自首次收录起；到期依法销毁（未办结事件的除外）；不填为一直保存",
    )


class SourceSettings(_Section):
    """A source that the file seeds."""

    id: str = Field(
        description="信源编号，唯一，字母数字与连字符", pattern=r"^[a-z0-9][a-z0-9_-]*$"
    )
    name: str = Field(description="信源名称")
    kind: str = Field(
        default="news", description="类别：news、forum、mailbox、hotline、document 等"
    )
    spider: Literal["site", "feed", "sitemap", "manual"] = Field(
        default="site",
        description="抓取方式：site 列表页、feed 订阅、sitemap 站点地图、manual 人工",
    )
    url: str = Field(default="", description="列表页、订阅或站点地图的网址")
    interval_s: int = Field(default=300, ge=5, description="抓取间隔（秒）")
    own: bool = Field(default=False, description="是否本单位自己的网站（用于核对我方发布）")
    area: str | None = Field(default=None, description="信源所属区划代码")
    enabled: bool = Field(default=True, description="是否启用")
    options: dict[str, Any] = Field(default={}, description="选择器、翻页等细节，见 README")


class RuleSettings(_Section):
    """An alert rule that the file seeds."""

    id: str = Field(description="规则编号，唯一")
    name: str = Field(description="规则名称")
    any_of: list[str] = Field(default=[], description="命中任一词")
    all_of: list[str] = Field(default=[], description="必须同时出现的词")
    none_of: list[str] = Field(default=[], description="出现即排除的词")
    areas: list[str] = Field(default=[], description="限定区划代码")
    kinds: list[str] = Field(default=[], description="限定信源类别")
    sources: list[str] = Field(default=[], description="限定信源编号")
    sentiments: list[str] = Field(
        default=[], description="限定情感：negative、neutral、positive、uncertain"
    )
    min_count: int = Field(default=3, ge=1, description="窗口内达到多少条报警")
    window_min: int = Field(default=120, ge=1, description="窗口长度（分钟），按发布时间计")
    cooldown_min: int = Field(default=240, ge=0, description="同一事项再次报警的最短间隔（分钟）")
    heat: Literal["red", "orange", "yellow", "blue"] = Field(
        default="yellow", description="预警颜色：red、orange、yellow、blue"
    )


class UnitSettings(_Section):
    """A unit that the file seeds."""

    id: str = Field(description="单位编号，唯一")
    name: str = Field(description="单位名称")
    aliases: list[str] = Field(default=[], description="简称、俗称")
    head: str = Field(default="", description="主要负责人职务（第一新闻发言人），不写姓名也可")


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
    return sorted(
        name
        for name in names
        if name.startswith(PREFIX)
        and name not in OTHER_VARIABLES
        and not any(name == one or name.startswith(f"{one}__") for one in known)
        and not setting_of(name, known)
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
