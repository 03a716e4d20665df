"""The servers of the test run: each starts, answers, and comes back with its data."""

from __future__ import annotations

import contextlib
import urllib.request

import psycopg
import pytest


@pytest.mark.needs("postgres")
def test_a_killed_postgres_comes_back_with_what_was_committed(own_server):
    server = own_server("postgres")
    with psycopg.connect(server.address) as line:
        line.execute("create table kept (n int)")
        line.execute("insert into kept values (7)")
    server.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.address, connect_timeout=2)
    server.start()
    with psycopg.connect(server.address) as line:
        assert line.execute("select n from kept").fetchall() == [(7,)]


@pytest.mark.needs("kafka")
def test_the_broker_answers(kafka_bootstrap):
    from kafka import KafkaAdminClient

    with contextlib.closing(KafkaAdminClient(bootstrap_servers=kafka_bootstrap)) as admin:
        assert isinstance(list(admin.list_topics()), list)


@pytest.mark.needs("elasticsearch")
def test_elasticsearch_knows_the_chinese_analysers(elasticsearch_url):
    for analyser in (b"cjk", b"smartcn"):
        asked = urllib.request.Request(
            f"{elasticsearch_url}/_analyze",
            data=b'{"analyzer": "%s", "text": "\\u505c\\u6c34"}' % analyser,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked) as answer:
            assert b"\xe5\x81\x9c\xe6\xb0\xb4" in answer.read()
