"""How a fetch fails, told apart by what a person is to do about it; one place for all of them.

The codes are those that the registry keeps for a source's health.
"""

from __future__ import annotations

import gzip
import re
import zlib
from http import HTTPStatus
from urllib.parse import urlsplit

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadTimeoutError,
    IgnoreRequest,
)

NOT_FOUND = "not_found"
FORBIDDEN = "forbidden"
BLOCKED = "blocked"
LOGIN_PAGE = "login_page"
CAPTCHA = "captcha"
EMPTY_LIST = "empty_list"
LAYOUT_CHANGED = "layout_changed"
ROBOTS = "robots"
TIMEOUT = "timeout"
CONNECTION = "connection"
REFUSED_ADDRESS = "refused_address"
TOO_LARGE = "too_large"
DECODE = "decode"
OTHER = "other"

_BLOCKED_STATUS = frozenset({418, 429, 432, 503, 521})
_LOGIN_PATH = re.compile(
    r"(?:^|[/_.\-])(?:login|signin|sign-in|passport|sso|cas|logon|denglu|authorize)(?:[/_.\-?]|$)",
    re.IGNORECASE,
)
_PASSWORD_FIELD = re.compile(r"<input[^>]{0,300}type\s*=\s*[\"']?password", re.IGNORECASE)
_CAPTCHA_WORDS = re.compile(
    "滑动验证|拖动滑块|安全验证|人机验证|图形验证码|请输入验证码|请完成验证|访问过于频繁"
    "|访问太频繁|您的访问行为异常|异常访问|captcha|verify you are human",
    re.IGNORECASE,
)
_SCANNED = 200_000


class CrawlFailure(IgnoreRequest):
    """A fetch that gave nothing: a code of the registry and a Chinese sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def of_status(status: int, url: str) -> CrawlFailure | None:
    """The failure that an HTTP status means; None for success."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return CrawlFailure(
            NOT_FOUND, f"{url} 返回 {status}，页面不存在：请核对地址，网站可能已改版"
        )
    if status in _BLOCKED_STATUS:
        return CrawlFailure(
            BLOCKED, f"{url} 返回 {status}，网站在限制访问：请放宽采集间隔，或联系网站开放采集"
        )
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return CrawlFailure(FORBIDDEN, f"{url} 返回 {status}，网站拒绝访问：可能需要授权或登录")
    return CrawlFailure(OTHER, f"{url} 返回 {status}，网站出错：稍后会自动重试")


def of_exception(error: BaseException, url: str, *, timeout_s: float) -> CrawlFailure:
    """The failure that an exception of the download means."""
    if isinstance(error, CrawlFailure):
        return error
    said = str(error)
    if isinstance(error, DownloadTimeoutError | TimeoutError):
        found = (TIMEOUT, f"{url} 在 {timeout_s:g} 秒内没有给完内容")
    elif isinstance(error, DownloadCancelledError):
        found = (TOO_LARGE, f"{url} 的内容超过大小上限，已中止下载")
    elif isinstance(error, CannotResolveHostError):
        found = (CONNECTION, f"找不到主机 {urlsplit(url).hostname}，请检查地址和网络")
    elif isinstance(error, zlib.error | EOFError | gzip.BadGzipFile):
        found = (DECODE, f"{url} 的压缩内容已损坏，解不开")
    elif isinstance(error, IgnoreRequest) and "redirect" in said.lower():
        found = (OTHER, f"{url} 跳转次数过多，可能在循环跳转")
    elif isinstance(error, IgnoreRequest) and "size" in said.lower():
        found = (TOO_LARGE, f"{url} 解压后超过大小上限，已中止")
    elif isinstance(error, IgnoreRequest):
        found = (OTHER, f"{url} 没有取到（{said[:200]}）")
    else:
        found = (CONNECTION, f"连接 {url} 失败（{said[:200] or type(error).__name__}）")
    return CrawlFailure(*found)


def of_page(text: str, url: str, asked: str) -> CrawlFailure | None:
    """Why a page that gave neither rows nor an article is none; None where nothing explains it.

    ``url`` is where it came from after redirects, ``asked`` what was asked for.
    """
    head = text[:_SCANNED]
    path = urlsplit(url).path
    if url != asked and _LOGIN_PATH.search(path) and not _LOGIN_PATH.search(urlsplit(asked).path):
        return CrawlFailure(LOGIN_PAGE, f"{asked} 跳转到了登录页 {url}：网站要求登录后才能看")
    if _CAPTCHA_WORDS.search(head):
        return CrawlFailure(CAPTCHA, f"{asked} 给出的是验证码页：请放宽采集间隔，或联系网站")
    if _PASSWORD_FIELD.search(head):
        return CrawlFailure(LOGIN_PAGE, f"{asked} 给出的是登录页：网站要求登录后才能看")
    return None
