"""The settings of the index on Elasticsearch, and what they are to its adapter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field
from pydantic_settings import BaseSettings

from registry.errors import InvalidInputError

if TYPE_CHECKING:
    from posts.index.elasticsearch_connection import ElasticsearchSettings

_SERVER = re.compile(r"https?://[^\s/@]+(:\d{1,5})?(/\S*)?")
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


class ElasticsearchFields(BaseSettings):
    """One setting each, so that ``YUQING_ELASTICSEARCH`` alone is enough."""

    elasticsearch: str = Field(
        default="",
        description="Elasticsearch 的地址 https://主机:9200，同一集群可用逗号写多个；"
        "不填为数据目录里的 SQLite",
    )
    elasticsearch_prefix: str = Field(
        default="yuqing", description="索引、别名和模板名称的前缀，几套服务共用一个集群时各用各的"
    )
    elasticsearch_api_key: str = Field(
        default="", description="API key（编码后的那一串）；宜用环境变量或 _FILE"
    )
    elasticsearch_username: str = Field(default="", description="用户名；有 API key 时不用")
    elasticsearch_password: str = Field(default="", description="密码；宜用环境变量或 _FILE")
    elasticsearch_ca: str = Field(
        default="", description="签发服务器证书的 CA（PEM 文件）；不填用系统信任的 CA"
    )
    elasticsearch_smartcn: bool = Field(
        default=True,
        description="服务器有 smartcn 时另按词索引一份，供别的工具按词统计；"
        "本程序的检索和高频词不用它。服务器的开销是两到三倍，每天上百万条时可关；"
        "改后运行 yuqing index migrate",
    )
    elasticsearch_timeout_s: float = Field(
        default=20.0, gt=0, le=300, description="等 Elasticsearch 答复多少秒"
    )


def adapter_settings(fields: ElasticsearchFields) -> ElasticsearchSettings:
    """What the adapter is given. Raises InvalidInputError that names the setting."""
    from posts.index.elasticsearch_connection import ElasticsearchSettings

    for server in (one.strip() for one in fields.elasticsearch.split(",")):
        if not _SERVER.fullmatch(server):
            raise InvalidInputError(
                "elasticsearch（YUQING_ELASTICSEARCH）：应写成 http(s)://主机:端口，"
                "用户名和密码另填在 elasticsearch_username、elasticsearch_password。"
            )
    if not _PREFIX.fullmatch(fields.elasticsearch_prefix):
        raise InvalidInputError("elasticsearch_prefix：只能用小写字母、数字、连字符和下划线。")
    if fields.elasticsearch_ca and not Path(fields.elasticsearch_ca).is_file():
        raise InvalidInputError(
            f"elasticsearch_ca（YUQING_ELASTICSEARCH_CA）：没有这个文件：{fields.elasticsearch_ca}。"
        )
    if fields.elasticsearch_username and not fields.elasticsearch_password:
        raise InvalidInputError("填了 elasticsearch_username，还要填 elasticsearch_password。")
    return ElasticsearchSettings(
        url=fields.elasticsearch,
        prefix=fields.elasticsearch_prefix,
        api_key=fields.elasticsearch_api_key,
        username=fields.elasticsearch_username,
        password=fields.elasticsearch_password,
        ca=fields.elasticsearch_ca,
        smartcn=fields.elasticsearch_smartcn,
        timeout_s=fields.elasticsearch_timeout_s,
    )
