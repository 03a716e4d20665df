"""What ``yuqing doctor`` asks Kafka: brokers, topics, rights, clock, disk."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from kafka import OffsetSpec, TopicPartition, errors
from kafka.admin import ConfigResource, ConfigResourceType

from posts.findings import Finding, of_clock, of_room
from posts.log.kafka_link import Link
from posts.log.kafka_settings import KafkaSettings, TopicSpec
from posts.log.kafka_topics import Topics

Clock = Callable[[], datetime]

PROBE = "posts.probe"
"""One record a check, dated by the broker: it proves that we may write, and shows its clock."""

_PROBE_CONFIG = {
    "message.timestamp.type": "LogAppendTime",
    "retention.ms": "3600000",
    "cleanup.policy": "delete",
}
_NEEDED = {"READ", "WRITE", "DESCRIBE"}
_COMPARED = ("cleanup.policy", "max.message.bytes", "max.compaction.lag.ms")


def check(settings: KafkaSettings, write: Any, clock: Clock) -> Iterator[Finding]:
    """Every finding in turn. ``write(topic)`` appends one record to that topic.

    Raises RetryError or FatalError where the brokers can't be reached or refuse us.
    """
    where = f"Kafka {settings.bootstrap}"
    link = Link(settings)
    topics = Topics(settings, link)
    try:
        with link.guarded():
            yield _brokers(topics, settings, where)
            yield from _topics(topics, where)
            yield from _disks(topics, where)
            yield _clock(topics, write, where, clock)
    finally:
        topics.close()


def _brokers(topics: Topics, settings: KafkaSettings, where: str) -> Finding:
    about = topics.admin().describe_cluster()
    alive = [one for one in about["brokers"] if not one.get("is_fenced")]
    sentence = f"{len(alive)} 个代理在线，集群 {about['cluster_id']}"
    if settings.security_protocol == "PLAINTEXT" and not _all_local(settings):
        todo = "经过别的机器时请用 SASL_SSL（kafka_security_protocol 等设置）"
        return Finding("warn", "Kafka 集群", f"{sentence}，连接没有加密", where, todo)
    return Finding("ok", "Kafka 集群", sentence, where)


def _topics(topics: Topics, where: str) -> Iterator[Finding]:
    named = {topics.name(one): one for one in topics.named()}
    there = set(topics.admin().list_topics())
    missing = sorted(set(named) - there)
    if missing:
        todo = "首次使用时自动建立；一直缺少说明用户没有建主题的权限，请管理员代建（topics.toml）"
        yield Finding("warn", "主题", f"还没有 {'、'.join(missing)}", where, todo)
    found = topics.admin().describe_topics(sorted(set(named) & there)) if there else []
    for about in found:
        name = about["name"]
        yield _topic(about, topics.spec(named[name]), _config(topics, name), where)


def _topic(about: Any, spec: TopicSpec, config: dict[str, str], where: str) -> Finding:
    what, count = f"主题 {about['name']}", len(about["partitions"])
    may = set(about.get("authorized_operations") or _NEEDED)
    if not may >= _NEEDED:
        lacks = "、".join(sorted(_NEEDED - may))
        return Finding(
            "bad", what, f"没有权限：{lacks}", where, "请管理员给这个用户补上权限（ACL）"
        )
    homeless = [one["partition_index"] for one in about["partitions"] if one["leader_id"] < 0]
    if homeless:
        sentence = f"{len(homeless)} 个分区没有主副本，读写停着"
        return Finding("bad", what, sentence, where, "启动停掉的代理，或请管理员重选主副本")
    thin = [one for one in about["partitions"] if len(one["isr_nodes"]) < len(one["replica_nodes"])]
    if thin:
        sentence = f"{len(thin)} 个分区的副本没有跟上"
        return Finding("warn", what, sentence, where, "看停掉或过慢的代理；再坏一个可能丢数据")
    if count < spec.partitions:
        sentence = f"{count} 个分区，设置里是 {spec.partitions} 个"
        return Finding("warn", what, sentence, where, "不够用时由管理员增加分区；不能减少")
    other = [
        f"{key}={config[key]}（应为 {spec.config[key]}）"
        for key in _COMPARED
        if key in config and key in spec.config and _parts(config[key]) != _parts(spec.config[key])
    ]
    if other:
        todo = "请管理员用 kafka-configs 改成设置里的值；已有主题本程序不改"
        return Finding("warn", what, "，".join(other), where, todo)
    copies = len(about["partitions"][0]["replica_nodes"])
    return Finding("ok", what, f"{count} 个分区，{copies} 份", where)


def _config(topics: Topics, name: str) -> dict[str, str]:
    with contextlib.suppress(errors.KafkaError):  # describing may be forbidden: nothing to compare
        asked = [ConfigResource(ConfigResourceType.TOPIC, name)]
        answer = topics.admin().describe_configs(asked, config_filter="all")
        return _values(answer, name)
    return {}


def _values(answer: Any, name: str) -> dict[str, str]:
    of_topic = next(iter(answer.values())).get(name, {}) if isinstance(answer, dict) else {}
    return {
        key: str(one.get("value") if isinstance(one, dict) else one)
        for key, one in of_topic.items()
    }


def _disks(topics: Topics, where: str) -> Iterator[Finding]:
    with contextlib.suppress(errors.KafkaError):  # older brokers and other users say nothing
        for broker in topics.admin().describe_log_dirs():
            for one in broker.get("log_dirs", broker.get("results", [])):
                total, free = one.get("total_bytes", -1), one.get("usable_bytes", -1)
                if total > 0:
                    name = f"代理 {broker.get('broker', broker.get('node_id', ''))}".strip()
                    yield of_room("Kafka 磁盘", f"{where}，{name}", free, total)


def _clock(topics: Topics, write: Any, where: str, clock: Clock) -> Finding:
    name = topics.name(PROBE)
    if name not in topics.admin().list_topics():
        spec = {"num_partitions": 1, "replication_factor": -1, "configs": _PROBE_CONFIG}
        topics.admin().create_topics({name: spec}, raise_errors=False)
        topics.admin().wait_for_topics([name])
    write(PROBE)
    partition = TopicPartition(name, 0)
    found = topics.admin().list_partition_offsets({partition: OffsetSpec.MAX_TIMESTAMP})
    dated = datetime.fromtimestamp(found[partition].timestamp / 1000, tz=UTC)
    return of_clock("Kafka 时钟", where, min(dated - clock(), timedelta(days=9999)))


def _parts(value: str) -> set[str]:
    return set(value.split(","))


def _all_local(settings: KafkaSettings) -> bool:
    hosts = {one.rpartition(":")[0].strip("[]") for one in settings.servers()}
    return hosts <= {"127.0.0.1", "::1", "localhost"}
