"""The settings of the log on Kafka, and what they are to its adapter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from registry.errors import InvalidInputError

if TYPE_CHECKING:
    from posts.log.kafka_settings import KafkaSettings

_SERVER = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:,/\[\]]+):\d{1,5}")


class KafkaFields(BaseSettings):
    """One setting each, so that ``YUQING_KAFKA`` alone is enough."""

    kafka: str = Field(
        default="", description="Kafka 的地址 主机:端口，可用逗号写多个；不填为数据目录里的 SQLite"
    )
    kafka_prefix: str = Field(
        default="", description="主题和读者组名称的前缀，几套服务共用一个集群时用", max_length=60
    )
    kafka_topics: str = Field(
        default="",
        description="主题设置文件（TOML）：分区数、副本数、保留与压实，按项覆盖默认的 topics.toml；"
        "只在主题新建时用",
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="协议：PLAINTEXT、SSL、SASL_PLAINTEXT、SASL_SSL"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="SASL 机制：PLAIN、SCRAM-SHA-256、SCRAM-SHA-512"
    )
    kafka_username: str = Field(default="", description="SASL 用户名")
    kafka_password: str = Field(default="", description="SASL 密码；宜用环境变量或 _FILE")
    kafka_ca: str = Field(
        default="", description="签发代理证书的 CA（PEM 文件）；不填用系统信任的 CA"
    )
    kafka_certificate: str = Field(default="", description="客户端证书（PEM 文件），双向认证时用")
    kafka_key: str = Field(default="", description="客户端证书的私钥（PEM 文件）")
    kafka_check_hostname: bool = Field(
        default=True, description="核对代理证书里的主机名；除非证书里写不了主机名，不要关"
    )
    kafka_compression: Literal["lz4", "none"] = Field(
        default="lz4", description="消息压缩：lz4 或 none"
    )
    kafka_max_request_bytes: int = Field(
        default=33_554_432,
        ge=1_048_576,
        le=100_000_000,
        description="一次发送的最大字节数；单条上限另由各主题的 max.message.bytes 定",
    )


def adapter_settings(fields: KafkaFields) -> KafkaSettings:
    """What the adapter is given. Raises InvalidInputError that names the setting."""
    from posts.log.kafka_settings import KafkaSettings

    servers = [one.strip() for one in fields.kafka.split(",") if one.strip()]
    for server in servers:
        if not _SERVER.fullmatch(server):
            raise InvalidInputError(f"kafka（YUQING_KAFKA）：“{server}”应写成 主机:端口。")
    if re.search(r"[^A-Za-z0-9._-]", fields.kafka_prefix):
        raise InvalidInputError("kafka_prefix：只能用字母、数字、点、连字符和下划线。")
    for name in ("kafka_topics", "kafka_ca", "kafka_certificate", "kafka_key"):
        given = getattr(fields, name)
        if given and not Path(given).is_file():
            raise InvalidInputError(f"{name}（YUQING_{name.upper()}）：没有这个文件：{given}。")
    sasl = fields.kafka_security_protocol.startswith("SASL")
    if sasl and not (fields.kafka_username and fields.kafka_password):
        raise InvalidInputError(
            f"kafka_security_protocol 为 {fields.kafka_security_protocol} 时，"
            "要填 kafka_username 和 kafka_password。"
        )
    return KafkaSettings(
        bootstrap=",".join(servers),
        prefix=fields.kafka_prefix,
        topics=Path(fields.kafka_topics) if fields.kafka_topics else None,
        security_protocol=fields.kafka_security_protocol,
        sasl_mechanism=fields.kafka_sasl_mechanism if sasl else None,
        username=fields.kafka_username or None,
        password=fields.kafka_password or None,
        ca=fields.kafka_ca or None,
        certificate=fields.kafka_certificate or None,
        key=fields.kafka_key or None,
        check_hostname=fields.kafka_check_hostname,
        compression=None if fields.kafka_compression == "none" else fields.kafka_compression,
        max_request_bytes=fields.kafka_max_request_bytes,
    )
