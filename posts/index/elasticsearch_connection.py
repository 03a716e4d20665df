"""The connection to Elasticsearch, and its refusals told apart by what is to be done about them."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from elasticsearch import (
    ApiError,
    ConnectionTimeout,
    Elasticsearch,
    JsonSerializer,
    SerializationError,
    SSLError,
    TransportError,
)
from elasticsearch import ConnectionError as NoConnectionError
from msgspec import Struct

from posts.errors import FatalError, PostsError, RetryError

_MIME = "application/vnd.elasticsearch+json"
_LEFT_ALONE_S = 5.0
_DISK_FULL = ("flood-stage", "read-only-allow-delete", "read-only / allow delete")
_UNAUTHORIZED, _FORBIDDEN, _TOO_LARGE, _BUSY, _SERVER = 401, 403, 413, 429, 500


class ElasticsearchSettings(Struct, frozen=True, kw_only=True):
    """Where the servers are and how to sign in.

    ``url``: one address or several of one cluster, separated by commas. An API key goes before
    user and password. ``ca``: a PEM file that certificates are checked against; without it the
    system's own. ``refresh``: "interval" leaves it to the server when writes become visible (a
    second); "read" makes this adapter's own writes visible before it reads (for tests: it costs).
    ``smartcn``: index the words of that analyser too, where the server has it.
    """

    url: str
    api_key: str = ""
    username: str = ""
    password: str = ""
    ca: str = ""
    prefix: str = "yuqing"
    smartcn: bool = True
    timeout_s: float = 20.0
    refresh: Literal["interval", "read"] = "interval"


class _Json(JsonSerializer):
    """JSON by msgspec, several times as fast as the standard library."""

    def json_dumps(self, data: Any) -> bytes:
        return msgspec.json.encode(data)

    def json_loads(self, data: bytes) -> Any:
        return msgspec.json.decode(data)


class Connection:
    """One client, made at its first use and shared by all threads."""

    def __init__(self, settings: ElasticsearchSettings) -> None:
        self.settings = settings
        self.hosts = [host.strip() for host in settings.url.split(",") if host.strip()]
        self.where = f"检索服务 {'、'.join(map(_without_password, self.hosts))}"
        self._guard = threading.Lock()
        self._client: Elasticsearch | None = None
        self._away_until = 0.0

    @contextmanager
    def client(self) -> Iterator[Elasticsearch]:
        """The client; what it raises within comes out as RetryError or FatalError in Chinese.

        RetryError at once for some seconds after the servers gave no answer: pages that can do
        without them then do, and don't wait each for itself.
        """
        if time.monotonic() < self._away_until:
            raise RetryError(f"{self.where} 刚才没有回答，稍后再试。")
        try:
            yield self._made()
        except (ApiError, TransportError) as error:
            if isinstance(error, ConnectionTimeout):
                self._away_until = time.monotonic() + _LEFT_ALONE_S
            raise self.translated(error) from error

    def close(self) -> None:
        """Close the connections; the next use opens them anew."""
        with self._guard:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _made(self) -> Elasticsearch:
        with self._guard:
            if self._client is None:
                self._client = self._make()
            return self._client

    def _make(self) -> Elasticsearch:
        settings = self.settings
        access: dict[str, Any] = {}
        if settings.api_key:
            access["api_key"] = settings.api_key
        elif settings.username:
            access["basic_auth"] = (settings.username, settings.password)
        try:
            if settings.ca:
                access["ssl_context"] = ssl.create_default_context(cafile=settings.ca)
            return Elasticsearch(
                self.hosts,
                request_timeout=settings.timeout_s,
                # Whoever calls backs off and comes again; only another node is tried at once.
                max_retries=len(self.hosts) - 1,
                retry_on_status=(),
                retry_on_timeout=False,
                serializers={_MIME: _Json()},
                **access,
            )
        except (ValueError, OSError) as error:
            raise FatalError(
                f"{self.where} 的地址、登录方式或证书文件不对：{error}。"
                "地址形如 https://主机:9200，证书为 PEM 文件；请检查 YUQING_ELASTICSEARCH 各项。"
            ) from error

    def translated(self, error: ApiError | TransportError) -> PostsError:
        """What went wrong, in Chinese, as the kind that says what to do."""
        if isinstance(error, ApiError):
            return self.refused(error.status_code, *cause(error.body))
        if isinstance(error, SSLError):
            return FatalError(
                f"{self.where} 的证书不被信任：{error.message}。"
                "请在 YUQING_ELASTICSEARCH_CA 里写明签发它的证书文件（PEM）。"
            )
        if isinstance(error, ConnectionTimeout):
            return RetryError(
                f"{self.where} 在 {self.settings.timeout_s:g} 秒内没有回答。"
                "请查看它是否过载或停住；服务会自动接着做。"
            )
        if isinstance(error, NoConnectionError):
            return RetryError(f"{self.where} 连不上。请查看它是否在运行；恢复后自动接着做。")
        if isinstance(error, SerializationError):
            return RetryError(f"{self.where} 的回答读不懂，可能中间有代理。请检查地址。")
        return RetryError(f"{self.where} 出错：{error.message}。")

    def refused(self, status: int, kind: str, reason: str) -> PostsError:
        """An answer that is no success, by status, type of exception and reason."""
        if kind == "cluster_block_exception":
            sentence = f"现在{_block(reason)}"
        elif kind == "index_closed_exception":
            sentence = f"有月份的索引被关闭了（{reason}）。请打开它再试。"
        elif status == _BUSY:
            sentence = "太忙，暂时不收。稍后自动再试。"
        elif status >= _SERVER:
            sentence = f"内部出错（{status} {kind}）。稍后自动再试。"
        elif status == _TOO_LARGE:
            sentence = "不收这么大的请求。请调大 http.max_content_length。"
        elif status in (_UNAUTHORIZED, _FORBIDDEN):
            return FatalError(
                f"{self.where} 拒绝了登录，或账号没有权限：{reason}。"
                "请检查 API key 或用户名、密码，以及它对索引和索引模板的权限。"
            )
        else:
            return FatalError(
                f"{self.where} 不接受请求（{status} {kind}）：{reason}。请核对它的版本。"
            )
        return RetryError(f"{self.where} {sentence}")


def cause(body: Any) -> tuple[str, str]:
    """(type, reason) of the deepest error in an answer."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return "", str(error)[:300]
    found: dict[str, Any] = error
    for causes in (error.get("root_cause"), error.get("failed_shards")):
        if isinstance(causes, list) and causes and isinstance(causes[0], dict):
            inner = causes[0].get("reason")
            found = inner if isinstance(inner, dict) else causes[0]
            break
    return str(found.get("type", "")), str(found.get("reason", ""))[:300]


def _block(reason: str) -> str:
    if (
        "flood-stage" in reason
        or "read-only-allow-delete" in reason
        or "read-only / allow" in reason
    ):
        return "只读：它的磁盘快满了。已写入的没有丢失；请清理它的磁盘空间，腾出后自动接着写。"
    if "read-only" in reason or "write (api)" in reason:
        return (
            "只读：索引被设为不可写（index.blocks）。已写入的没有丢失；"
            "请检查磁盘空间并解除只读，解除后自动接着写。"
        )
    return f"不可用：{reason}。恢复后自动接着做。"


def _without_password(host: str) -> str:
    parts = urlsplit(host)
    return host.replace(f"{parts.netloc.rpartition('@')[0]}@", "") if "@" in parts.netloc else host
