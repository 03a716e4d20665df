"""How the log reaches Kafka, and what its topics look like. No Kafka library is needed here."""

from __future__ import annotations

import re
import ssl
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from posts.errors import FatalError, reason_of

ERASED = "posts.erased"
"""Ids of erased posts; see posts.log.kafka_erasure."""

_PACKAGED = Path(__file__).with_name("topics.toml")
_PLAIN_MAX = 1_048_588  # the broker's own default of max.message.bytes


class KafkaSettings(Struct, frozen=True, kw_only=True):
    """Where the brokers are and how to speak to them.

    ``bootstrap``: ``host:port`` of one or more brokers, comma between. ``prefix`` stands before
    every topic and group, for several services (or tests) on one cluster. ``topics`` is a TOML
    file laid over the packaged one. Waits are seconds.
    """

    bootstrap: str
    prefix: str = ""
    topics: Path | None = None
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    username: str | None = None
    password: str | None = None
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    check_hostname: bool = True
    compression: str | None = "lz4"
    max_request_bytes: int = 32 * 1024 * 1024
    connect_timeout_s: float = 3.0
    request_timeout_s: float = 10.0
    delivery_timeout_s: float = 30.0
    session_timeout_s: float = 10.0  # so long its share waits where a scorer was killed
    max_batch_s: float = 300.0

    def servers(self) -> list[str]:
        """The brokers to begin with."""
        return [one.strip() for one in self.bootstrap.split(",") if one.strip()]

    def connection(self) -> dict[str, Any]:
        """What every client of kafka-python is given. FatalError where a certificate is bad."""
        given: dict[str, Any] = {
            "bootstrap_servers": self.servers(),
            "client_id": f"yuqing-{self.prefix}" if self.prefix else "yuqing",
            "security_protocol": self.security_protocol,
            "bootstrap_timeout_ms": int(self.connect_timeout_s * 1000),
            "request_timeout_ms": int(self.request_timeout_s * 1000),
            "reconnect_backoff_max_ms": 2000,
        }
        if self.security_protocol.startswith("SASL"):
            given |= {
                "sasl_mechanism": self.sasl_mechanism or "PLAIN",
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        if self.security_protocol.endswith("SSL"):
            given["ssl_context"] = self.tls()
        return given

    def tls(self) -> ssl.SSLContext:
        """Made here, so that a file that can't be used is told before anything is opened."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key)
        except ssl.SSLError as error:
            raise FatalError(
                f"Kafka 的证书或私钥不是可用的 PEM 文件：{error.reason or error}。"
                "请检查 kafka_ca、kafka_certificate、kafka_key。"
            ) from error
        except OSError as error:
            raise FatalError(
                f"Kafka 的证书或私钥文件读不了：{reason_of(error)}。"
                "请检查 kafka_ca、kafka_certificate、kafka_key 写的路径。"
            ) from error
        context.check_hostname = self.check_hostname
        return context


class TopicSpec(Struct, frozen=True):
    """How a topic is made."""

    partitions: int
    replication: int
    config: dict[str, str]

    @property
    def max_message_bytes(self) -> int:
        """The largest message that the broker takes for it."""
        return int(self.config.get("max.message.bytes", _PLAIN_MAX))


class TopicSpecs:
    """The packaged topics with a file of the site's own laid over them."""

    def __init__(self, own: Path | None = None) -> None:
        self._tables = _laid_over(_read(_PACKAGED), _read(own) if own else {})

    def named(self) -> list[str]:
        """The topics that have a table of their own: those of the service."""
        return [name for name in self._tables if name != "default"]

    def of(self, topic: str) -> TopicSpec:
        """The spec of a topic; ``default`` for what is named nowhere."""
        merged = _laid_over(self._tables.get("default", {}), self._tables.get(topic, {}))
        config = {key: str(value) for key, value in merged.get("config", {}).items()}
        return TopicSpec(int(merged["partitions"]), int(merged["replication"]), config)


def topic_name(prefix: str, topic: str) -> str:
    """The topic's name on Kafka, where what it does not allow is written as its code point."""
    return prefix + re.sub(r"[^A-Za-z0-9._-]", lambda found: f"_{ord(found[0]):x}_", topic)


def _laid_over(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _laid_over(below, value) if both and isinstance(below, dict) else value
    return merged


@cache
def _read(file: Path) -> dict[str, Any]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FatalError(f"Kafka 主题文件 {file} 读不了：{reason_of(error)}。") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FatalError(f"Kafka 主题文件 {file} 不合 TOML 格式：{error}。") from error
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise FatalError(f"Kafka 主题文件 {file}：{name} 应写成一节 [{name}]。")
    return tables
