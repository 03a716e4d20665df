"""yuqing doctor: what is wrong, where, what to do, in both sizes; a fault is an exit status."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from support.certificates import make_certificate
from support.service import run
from support.sizes import postgres, size
from support.stores import Postgres

from posts.findings import of_clock, of_room
from posts.index import elasticsearch_checking
from posts.index.elasticsearch_template import Names
from posts.log import kafka_checking
from posts.log.kafka_settings import TopicSpec

__all__ = ["postgres", "size"]


def findings(folder, env=None) -> tuple[int, dict[str, dict[str, str]]]:
    done = run("doctor", "--json", cwd=folder, env=env)
    assert "Traceback" not in done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for one in lines:
        assert set(one) == {"state", "what", "sentence", "where", "todo"}
        assert one["sentence"]
    return done.returncode, {one["what"]: one for one in lines}


def test_all_is_looked_at_in_both_sizes_and_an_empty_desk_has_no_fault(size, tmp_path) -> None:
    code, found = findings(tmp_path, size.env)
    assert [one for one in found.values() if one["state"] == "bad"] == []
    assert code == 0
    assert {"数据目录", "证书", "消息日志", "检索索引", "时钟", "打分器"} <= set(found)
    if size.name == "distributed":
        code, found = findings(tmp_path, size.env)  # by now the first use has made the topics
        assert code == 0
        clocks = ("数据库时钟", "Kafka 时钟", "检索服务时钟")
        assert all(found[clock]["state"] == "ok" for clock in clocks)
        disks = ("Kafka 磁盘", "检索磁盘")
        assert all("GB" in found[disk]["sentence"] for disk in disks)
        assert {"数据库版本", "数据库权限", "数据库连接", "检索集群", "索引模板"} <= set(found)
        topics = [name for name in found if name.startswith("主题 ")]
        assert len(topics) == 5
        assert "6 个分区" in found[f"主题 {size.env['YUQING_KAFKA_PREFIX']}posts.raw"]["sentence"]


def test_engines_that_are_away_are_told_once_each_and_without_passwords(tmp_path) -> None:
    env = {
        "YUQING_KAFKA": "127.0.0.1:9",
        "YUQING_ELASTICSEARCH": "http://u:hidden@127.0.0.1:9",
        "YUQING_DATABASE_URL": "postgresql://a:hidden@127.0.0.1:9/x",
    }
    done = run("doctor", cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert "hidden" not in done.stdout + done.stderr
    faults = [line for line in done.stdout.splitlines() if line.startswith("✗")]
    assert [line.split("：")[0] for line in faults] == ["✗ 关系库", "✗ 消息日志", "✗ 检索索引"]
    assert "在哪" in done.stdout


@pytest.mark.needs("postgres")
def test_a_user_who_may_not_make_tables_is_told(postgres: Postgres, tmp_path) -> None:
    from sqlalchemy import make_url

    from registry.db import Database
    from registry.db_checking import check

    url = postgres.make()
    role = f"reader_{os.getpid()}"
    try:
        owner = Database(url)
        owner.migrate()
        owner.dispose()
        postgres.tell(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        reader = Database(make_url(url).set(username=role, password="x"))
        found = {one.what: one for one in check(reader, lambda: datetime.now(UTC))}
        reader.dispose()
        assert found["数据库权限"].state == "bad"
        assert "GRANT" in found["数据库权限"].todo
        late = Database(url)
        wrong = check(late, lambda: datetime.now(UTC) - timedelta(minutes=5))
        (clock,) = [one for one in wrong if one.what == "数据库时钟"]
        late.dispose()
        assert clock.state == "bad"
        assert "快 300 秒" in clock.sentence
    finally:
        postgres.drop(url)
        postgres.tell(f"DROP ROLE IF EXISTS {role}")


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, "ok"), (-1.9, "ok"), (3, "warn"), (-59, "warn"), (60, "bad")]
)
def test_a_clock_that_is_off_says_by_how_much_and_which_way(seconds, state) -> None:
    found = of_clock("Kafka 时钟", "x", timedelta(seconds=seconds))
    assert found.state == state
    if state != "ok":
        assert ("快" if seconds > 0 else "慢") in found.sentence
        assert "NTP" in found.todo


def test_little_room_is_a_warning_and_hardly_any_a_fault() -> None:
    states = [of_room("磁盘", "x", free, 100).state for free in (15, 14, 5, 4)]
    assert states == ["ok", "warn", "warn", "bad"]


SPEC = TopicSpec(6, 3, {"cleanup.policy": "compact,delete"})


def topic(**changes):
    partition = {"partition_index": 0, "leader_id": 1, "replica_nodes": [1, 2], "isr_nodes": [1, 2]}
    rights = {"authorized_operations": ["READ", "WRITE", "DESCRIBE"]}
    of_topic = {key: value for key, value in changes.items() if key in rights}
    of_partition = {key: value for key, value in changes.items() if key in partition}
    count = changes.get("count", 6)
    return {
        "name": "posts.raw",
        "partitions": [{**partition, **of_partition}] * count,
        **rights,
        **of_topic,
    }


@pytest.mark.parametrize(
    ("about", "config", "state", "said"),
    [
        (topic(), {"cleanup.policy": "delete,compact"}, "ok", "6 个分区，2 份"),
        (topic(authorized_operations=["READ", "DESCRIBE"]), {}, "bad", "WRITE"),
        (topic(leader_id=-1), {}, "bad", "没有主副本"),
        (topic(isr_nodes=[1]), {}, "warn", "没有跟上"),
        (topic(count=2), {}, "warn", "2 个分区，设置里是 6 个"),
        (topic(), {"cleanup.policy": "delete"}, "warn", "应为 compact,delete"),
    ],
)
def test_each_fault_of_a_topic_is_told(about, config, state, said) -> None:
    found = kafka_checking._topic(about, SPEC, config, "Kafka x")
    assert found.state == state
    assert said in found.sentence
    assert bool(found.todo) == (state != "ok")


def test_rights_that_are_missing_on_the_indices_are_named() -> None:
    answer = {
        "username": "yuqing",
        "has_all_requested": False,
        "cluster": {"monitor": True, "manage_index_templates": False},
        "index": {"yuqing-posts-*": {"read": True, "manage": False}},
    }
    client = SimpleNamespace(perform_request=lambda *_a, **_k: SimpleNamespace(body=answer))
    found = elasticsearch_checking._rights(client, Names("yuqing"), "x")
    assert found.state == "bad"
    assert "manage_index_templates、manage" in found.sentence
    assert "setup.sh" in found.todo


def test_a_cluster_that_lost_data_is_a_fault_and_one_that_lacks_copies_a_warning() -> None:
    def health(status, nodes):
        said = {"status": status, "unassigned_shards": 1, "number_of_data_nodes": nodes}
        return elasticsearch_checking._health(
            SimpleNamespace(cluster=SimpleNamespace(health=lambda: said)), "x"
        ).state

    assert [health("red", 3), health("yellow", 3), health("yellow", 1), health("green", 3)] == [
        "bad",
        "warn",
        "ok",
        "ok",
    ]


def test_a_certificate_that_ends_soon_is_told(tmp_path) -> None:
    for days, state in ((20, "warn"), (40, "ok"), (-1, "bad")):
        chain, key = make_certificate(tmp_path, name=f"for{days}", days=days)
        (tmp_path / "yuqing.toml").write_text(
            f'[server]\ntls_cert = "{chain}"\ntls_key = "{key}"\n', encoding="utf-8"
        )
        code, found = findings(tmp_path)
        assert found["证书"]["state"] == state
        assert code == (1 if state == "bad" else 0)
