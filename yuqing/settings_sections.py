"""The tables of the settings: what can be set, its default, and its line in docs/settings.md."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A table of the file; what it does not know is a mistake that is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(Section):
    """A place of the own area with the names that people use."""

    name: str = Field(description="地点名称：村、社区、道路、小区、学校、单位驻地等")
    aliases: list[str] = Field(default=[], description="别名、简称、俗称")
    parent: str | None = Field(default=None, description="所属区划代码；不填为本地区")


class AreaSettings(Section):
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


class ServerSettings(Section):
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


class CrawlSection(Section):
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


class AnalyzeSettings(Section):
    """How posts are scored."""

    scorer: str = Field(
        default="ngram",
        description="情感打分器：ngram、stack（慢而更准）、snownlp、snownlp-retrained 或 trivial",
    )
    model_folder: str = Field(
        default="", description="自行训练的模型目录（yuqing train 的 --out）；不写则用随程序的模型"
    )
    negative_from: float = Field(
        default=0.7, gt=0.5, le=1, description="负面概率达到多少才判为负面；不到则为不确定或中性"
    )
    positive_from: float = Field(
        default=0.7, gt=0.5, le=1, description="正面概率达到多少才判为正面"
    )
    neutral_below: float = Field(
        default=0.3, ge=0, lt=0.5, description="负面概率低于多少、且非正面时判为中性"
    )
    appeal_from: float = Field(
        default=0.5, gt=0, le=1, description="诉求概率达到多少才在早期预警里算作一条诉求"
    )
    batch: int = Field(default=2000, ge=1, le=5000, description="每批最多处理的条数")
    early_warning: float = Field(
        default=1.0,
        ge=0,
        le=100,
        description="早期预警：每地每天可以容忍多少次误报（按往常同一时段的水平推算）；0 为不用",
    )


class RespondSettings(Section):
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


class DutySettings(Section):
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
    alerts_per_shift: int = Field(
        default=30,
        ge=0,
        le=10_000,
        description="每班最多单独发送多少条预警，其余进摘要；三分之一留给橙色，红色不计；0 为不限",
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


class ChannelSettings(Section):
    """A channel by which people are told."""

    name: str = Field(
        description="渠道名称，唯一；改名即是另一个渠道", pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$"
    )
    kind: Literal["apprise", "webhook", "sms", "command"] = Field(
        description="种类：apprise（企业微信、钉钉、飞书、邮件等）、webhook 签名回调、sms 短信、"
        "command 本机命令"
    )
    url: str = Field(default="", description="webhook、sms 的网址")
    urls: list[str] = Field(
        default=[], description="apprise 地址，可多个；各成一个渠道：名称、名称-2……"
    )
    secret: str = Field(
        default="", description="签名密钥；不填则自动生成，用 yuqing notify secret 渠道 查看"
    )
    phones: list[str] = Field(default=[], description="sms：接收号码；只存在配置里，不进日志")
    template: str = Field(default="", description="sms：模板编号")
    templates: dict[
        Literal["alert", "reminder", "escalation", "duty", "handover", "digest", "clock", "test"],
        str,
    ] = Field(
        default={},
        description="sms：各类通知自己的模板编号（alert 预警、reminder 时限提醒、escalation 升级、"
        "duty 值班空缺、handover 交接、digest 摘要、clock 时钟、test 试发）；没写的用 template",
    )
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
    max_chars: int | None = Field(
        default=None,
        ge=70,
        description="一条消息最多多少字；不填为短信 500、其余 2000。企业微信（2048 字节）、钉钉、"
        "飞书（2 万字节）另按其规定截短",
    )
    bundle_s: float = Field(
        default=5.0, ge=0, le=300, description="一条发出后多少秒内到期的并作下一条"
    )
    bundle_most: int = Field(default=20, ge=1, le=200, description="一条消息最多并入几条提醒")
    rate_per_min: int = Field(
        default=20,
        ge=0,
        description="每分钟最多几条；0 为不限（企业微信、钉钉 20 条，飞书 100 条，是其规定）",
    )
    timeout_s: float = Field(default=10.0, gt=0, le=60, description="等接收方答复多少秒")


class KeepSettings(Section):
    """How long things are kept."""

    log_days: int = Field(default=30, ge=1, description="消息日志保留天数（已处理的才会清理）")
    post_days: int | None = Field(
        default=None,
        ge=1,
        description="帖文保存天数，自首次收录起；到期依法销毁（未办结事件的除外）；不填为一直保存",
    )


class SourceSettings(Section):
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


class RuleSettings(Section):
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


class UnitSettings(Section):
    """A unit that the file seeds."""

    id: str = Field(description="单位编号，唯一")
    name: str = Field(description="单位名称")
    aliases: list[str] = Field(default=[], description="简称、俗称")
    head: str = Field(default="", description="主要负责人职务（第一新闻发言人），不写姓名也可")
