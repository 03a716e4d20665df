"""How the console says times, spans, states and kinds (界面用语).

Instants come in aware; they are said in Asia/Shanghai. Spans are seconds.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_WEEKDAYS = "一二三四五六日"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400

LEVELS = {"特别重大": (1, "Ⅰ"), "重大": (2, "Ⅱ"), "较大": (3, "Ⅲ"), "一般": (4, "Ⅳ")}
HEAT = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝"}
TONES = {
    "negative": ("t-neg", "负面"),
    "neutral": ("t-neu", "中性"),
    "positive": ("t-pos", "正面"),
    "uncertain": ("t-unk", "不确定"),
}
KINDS = {
    "news": "新闻",
    "forum": "论坛",
    "microblog": "微博",
    "video": "短视频",
    "wechat": "公众号",
    "government": "政府网站",
    "gov": "政府网站",
    "hotline": "热线",
    "mailbox": "信箱",
    "lead": "线索",
    "document": "文件",
    "feed": "订阅源",
    "site": "网站",
    "page": "网页",
}
FAILURES = {
    "not_found": "页面不存在（404）",
    "forbidden": "对方拒绝访问（403）",
    "blocked": "对方拦截了访问",
    "login_page": "返回登录页",
    "captcha": "要求输验证码",
    "empty_list": "列表为空",
    "layout_changed": "页面改版，认不出列表",
    "robots": "robots.txt 不允许",
    "timeout": "超时未答",
    "connection": "连不上",
    "refused_address": "内网地址，未获管理员许可",
    "too_large": "内容过大",
    "decode": "编码认不出",
    "other": "其他错误",
}
CERTAINTY = {"exact": "", "day": "只知日期", "estimated": "时间按首见估计"}


def local(at: datetime) -> datetime:
    """The instant in Asia/Shanghai."""
    return at.astimezone(SHANGHAI)


def iso(at: datetime) -> str:
    """ISO 8601 with +08:00, to the second: what the page's ticker reads."""
    return local(at).isoformat(timespec="seconds")


def clock(at: datetime) -> str:
    """``13:48``."""
    return local(at).strftime("%H:%M")


def stamp(at: datetime) -> str:
    """``2026-08-15（周六）13:48:26``."""
    here = local(at)
    return f"{here:%Y-%m-%d}（周{_WEEKDAYS[here.weekday()]}）{here:%H:%M:%S}"


def when(at: datetime, now: datetime, *, end: bool = False) -> str:
    """今天 14:12, 昨天, 明天, else 8 月 18 日（周二） 14:12; the year where it is another.

    With ``end``, midnight is the 24:00 of the day that ends there.
    """
    here, today = local(at), local(now).date()
    time = here.strftime("%H:%M")
    day = here.date()
    if end and time == "00:00" and here.second == 0:
        day, time = day - timedelta(days=1), "24:00"
    return f"{_day(day, today)} {time}"


def _day(day: date, today: date) -> str:
    near = {0: "今天", -1: "昨天", 1: "明天"}.get((day - today).days)
    if near:
        return near
    year = "" if day.year == today.year else f"{day.year} 年 "
    return f"{year}{day.month} 月 {day.day} 日（周{_WEEKDAYS[day.weekday()]}）"


def day(at: datetime, now: datetime) -> str:
    """The day alone, where only the day is known."""
    return _day(local(at).date(), local(now).date())


def span(seconds: float) -> str:
    """An age or a margin in words: 22 分钟, 2 小时 11 分, 3 天 4 小时."""
    whole = int(abs(seconds))
    if whole < _MINUTE:
        return f"{whole} 秒"
    if whole < _HOUR:
        return f"{whole // _MINUTE} 分钟"
    if whole < 2 * _DAY:
        minutes = whole % _HOUR // _MINUTE
        return f"{whole // _HOUR} 小时" + (f" {minutes} 分" if minutes else "")
    hours = whole % _DAY // _HOUR
    return f"{whole // _DAY} 天" + (f" {hours} 小时" if hours else "")


def face(seconds: float) -> str:
    """``26:31:34``: hours never wrap into days; the sign is left to the state's word."""
    whole = int(abs(seconds))
    return f"{whole // _HOUR:02}:{whole % _HOUR // _MINUTE:02}:{whole % _MINUTE:02}"


def margin(seconds: float) -> str:
    """``2:26`` (hours and minutes), or ``42 秒`` below a minute."""
    whole = int(abs(seconds))
    if whole < _MINUTE:
        return f"{whole} 秒"
    return f"{whole // _HOUR}:{whole % _HOUR // _MINUTE:02}"


def count(number: int) -> str:
    """``6,218``."""
    return f"{number:,}"


def safe_url(url: str | None) -> str | None:
    """The address if it may be a link: http or https with a host; None for anything else.

    Control characters and white space are what browsers strip before they look at the scheme, so
    an address that holds any is no link.
    """
    if not url or any(character <= " " or character == "\x7f" for character in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc else None


def kind(name: str) -> str:
    """The kind of a source, in Chinese where we have a word for it."""
    return KINDS.get(name, name)
