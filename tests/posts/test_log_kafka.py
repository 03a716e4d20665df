"""What only the log on Kafka does: shared groups, foreign hands, refusals, waits when away."""

from __future__ import annotations

import contextlib
import gc
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer, errors
from kafka.admin import ConfigResource, ConfigResourceType
from services import servers
from support.kafka_logs import kafka_log
from support.kafka_secure import PASSWORD, USER, SecureKafka, certificate
from support.posts import NOON

from posts.errors import FatalError, PoisonError, RetryError
from posts.log.kafka import KafkaLog
from posts.log.kafka_settings import ERASED, KafkaSettings, TopicSpecs, topic_name
from posts.log.port import DEAD, RAW, SCORED, SIGNALS, Consumer, Record

needs_kafka = pytest.mark.needs("kafka")


@pytest.fixture
def log(kafka_bootstrap: str, tmp_path: Path) -> Iterator[KafkaLog]:
    with kafka_log(kafka_bootstrap, tmp_path) as made:
        yield made


@needs_kafka
class TestGroups:
    def test_two_members_share_the_records_and_lose_none(self, log: KafkaLog) -> None:
        sent = [(f"post {n % 300}", str(n).encode()) for n in range(3000)]
        read: dict[str, list[Record]] = {"one": [], "two": []}
        met, done = threading.Barrier(2, timeout=90), threading.Event()

        def member(name: str) -> None:
            reader = log.consumer(RAW, "g")
            read[name] += reader.poll(1, timeout=0.1)
            met.wait()
            while not done.is_set():
                try:
                    read[name] += reader.poll(50, timeout=0.1)
                    reader.commit()
                except RetryError:
                    reader.rewind()
            reader.close()

        members = [threading.Thread(target=member, args=(name,)) for name in read]
        for one in members:
            one.start()
        log.append(RAW, sent)
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and not (log.lag(RAW, "g") == 0 and all(read.values())):
            # Until both have a share there must be something to share.
            if log.lag(RAW, "g") == 0:
                log.append(RAW, sent[:600])
            time.sleep(0.05)
        done.set()
        for one in members:
            one.join()
        assert all(read.values()), "both had a share"
        assert {r.value for some in read.values() for r in some} == {value for _, value in sent}
        assert log.lag(RAW, "g") == 0
        assert log.rebalances(RAW, "g") >= 1

    def test_what_a_member_holds_uncommitted_when_it_is_dealt_out_is_read_again(
        self, log: KafkaLog
    ) -> None:
        log.append(RAW, [(f"{n}", b"x") for n in range(60)])
        holder, other = log.consumer(RAW, "g"), log.consumer(RAW, "g")
        held: list[Record] = []
        while len(held) < 60:
            held += holder.poll(100)
        seen: set[str] = set()
        done = threading.Event()

        def join() -> None:
            while not done.is_set():
                try:
                    seen.update(r.key for r in other.poll(100, timeout=0.1))
                    other.commit()
                except RetryError:  # dealt out anew in between
                    other.rewind()

        thread = threading.Thread(target=join)
        thread.start()
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and not seen:  # nothing is left but what comes again
            seen.update(r.key for r in holder.poll(100, timeout=0.1))
        while time.monotonic() < deadline and log.lag(RAW, "g"):
            try:
                holder.commit()
                seen.update(r.key for r in holder.poll(100, timeout=0.1))
            except RetryError:
                holder.rewind()
        done.set()
        thread.join()
        assert seen == {f"{n}" for n in range(60)}

    def test_a_group_that_another_broker_has_taken_over_is_looked_for_anew(
        self, log: KafkaLog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log.append(RAW, [("a", b"1")])
        assert log.lag(RAW, "g") == 1
        moved, asked = log._topics.admin(), []

        def refuse(_: Any) -> Any:
            asked.append(1)
            raise errors.NotCoordinatorError

        monkeypatch.setattr(moved, "list_group_offsets", refuse)
        assert log.lag(RAW, "g") == 1
        assert len(asked) == 1, "the client that remembers the old one is not asked again"


@needs_kafka
class TestForeignHands:
    def test_records_of_any_key_are_shown_and_tombstones_passed_over(
        self, log: KafkaLog, kafka_bootstrap: str
    ) -> None:
        log.append(RAW, [("first", b"1")])
        name = log._topics.name(RAW)
        foreign = KafkaProducer(bootstrap_servers=kafka_bootstrap)
        for key, value in ((b"", b"no key"), (b"\xff\xfe", b"no text"), (b"gone", None)):
            foreign.send(name, key=key, value=value).get(10)
        foreign.close()
        reader = log.consumer(RAW, "g")
        found = {record.key: record.value for record in reader.poll()}
        assert found == {"first": b"1", "": b"no key", "\\xff\\xfe": b"no text"}
        for record in [Record(RAW, 1, key, value) for key, value in found.items()]:
            log.bury(record, reason="x", attempts=1, at=NOON)
        reader.commit()
        assert log.lag(RAW, "g") == 0

    def test_a_topic_that_takes_less_than_we_think_refuses_with_a_typed_error(
        self, kafka_bootstrap: str, tmp_path: Path
    ) -> None:
        small = '["posts.raw".config]\n"max.message.bytes" = "20000"\n'
        with kafka_log(kafka_bootstrap, tmp_path, topics=small) as log:
            noise = bytes(range(256)) * 400
            with pytest.raises(PoisonError, match="上限"):
                log.append(RAW, [("ok", b"1"), ("big", noise)])
            assert log.lag(RAW, "g") == 0, "nothing of the batch is written"
            log._topics._specs = TopicSpecs()  # a file that says more than the topic has
            noise = random.Random(1).randbytes(100_000)
            with pytest.raises(PoisonError, match="收不下"):
                log.append(RAW, [("big", noise)])
            log.append(RAW, [("next", b"1")])
            assert [r.key for r in log.consumer(RAW, "g").poll()] == ["next"]


@needs_kafka
class TestErasure:
    def test_tombstones_reach_the_compacted_topics_and_notes_hold_no_text(
        self, log: KafkaLog, kafka_bootstrap: str
    ) -> None:
        log.append(RAW, [("p", "某某的电话".encode())])
        log.erase(["p"])
        for topic in (RAW, SCORED):
            assert _values(log, topic)[-1] == (b"p", None)
        assert [key for key, _ in _values(log, ERASED)] == [b"p"]
        assert "某某".encode() not in b"".join(v or b"" for _, v in _values(log, ERASED))
        about = log._topics.admin().describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, log._topics.name(RAW))], config_filter="all"
        )
        config = str(about)
        assert "compact,delete" in config
        assert "86400000" in config, "max.compaction.lag.ms bounds how long the text stays"
        assert "lz4" in config, "what others send in zstd is stored so that we can read it"

    def test_another_process_learns_of_it(self, log: KafkaLog, kafka_bootstrap: str) -> None:
        log.append(RAW, [("p", b"1"), ("q", b"2")])
        other = KafkaLog(log._settings)
        try:
            early = other.consumer(RAW, "early")
            assert len(early.poll()) == 2
            log.erase(["p"])
            early.rewind()
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                keys = {record.key for record in early.poll()}
                early.rewind()
                if keys == {"q"}:
                    break
            assert keys == {"q"}
        finally:
            other.close()


class TestAway:
    @pytest.fixture
    def nobody(self) -> str:
        return f"127.0.0.1:{servers.free_ports(1)[0]}"

    def test_every_call_says_later_and_says_it_at_once(self, nobody: str) -> None:
        log = KafkaLog(KafkaSettings(bootstrap=nobody))
        reader = log.consumer(SIGNALS, "responder", alone=True)
        for call in (
            lambda: log.append(RAW, [("a", b"1")]),
            lambda: log.lag(RAW, "g"),
            lambda: log.written(RAW),
            log.dead_letters,
            lambda: log.erase(["a"]),
            lambda: log.prune(before=NOON),
            lambda: log.bury(Record(RAW, 0, "a", b"1"), reason="x", attempts=1, at=NOON),
            reader.poll,
        ):
            start = time.monotonic()
            with pytest.raises(RetryError, match=f"{nobody}.*请检查"):
                call()
            assert time.monotonic() - start < 8, "not as long as a broker has for an answer"
        reader.rewind()
        reader.commit()
        reader.close()
        log.close()

    def test_a_certificate_that_is_not_there_is_named(self, nobody: str, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", int(nobody.rpartition(":")[2]))):
            log = KafkaLog(
                KafkaSettings(
                    bootstrap=nobody, security_protocol="SSL", ca=str(tmp_path / "none.pem")
                )
            )
            with pytest.raises(FatalError, match="证书"):
                log.lag(RAW, "g")
            log.close()


@needs_kafka
class TestBrokerFails:
    def test_what_was_acknowledged_outlives_a_kill_and_readers_go_on_by_themselves(
        self, own_server: Callable[[str], Any]
    ) -> None:
        broker = own_server("kafka")
        log = KafkaLog(KafkaSettings(bootstrap=broker.address, delivery_timeout_s=15))
        shared, alone = log.consumer(RAW, "shared"), log.consumer(RAW, "alone", alone=True)
        log.append(RAW, [(f"{n}", b"before") for n in range(50)])
        read: dict[str, set[str]] = {"shared": set(), "alone": set()}

        def look(name: str, reader: Consumer) -> None:
            try:
                read[name] |= {record.key for record in reader.poll()}
                reader.commit()
            except RetryError:
                reader.rewind()

        look("shared", shared)
        look("alone", alone)

        def poll_until_refused() -> None:  # what the client has fetched already it may still give
            for _ in range(20):
                alone.poll()

        broker.freeze()
        start = time.monotonic()
        with pytest.raises(RetryError):
            poll_until_refused()
        assert time.monotonic() - start < 30, "a tick of the responder is not held up for long"
        start = time.monotonic()
        for call in (alone.poll, lambda: log.lag(RAW, "alone")):
            with pytest.raises(RetryError):
                call()
        assert time.monotonic() - start < 8, "and the next ones not at all"
        broker.thaw()
        broker.kill()
        broker.start()

        sent = {f"{n}" for n in range(50)}
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and "after" not in sent:
            with contextlib.suppress(RetryError):
                log.append(RAW, [("after", b"x")])
                sent.add("after")
        while time.monotonic() < deadline and not all(sent <= some for some in read.values()):
            look("shared", shared)
            look("alone", alone)
        assert {name: sent - some for name, some in read.items()} == {
            "shared": set(),
            "alone": set(),
        }
        while log.lag(RAW, "shared") + log.lag(RAW, "alone") and time.monotonic() < deadline:
            look("shared", shared)
            look("alone", alone)
        assert log.lag(RAW, "shared") == log.lag(RAW, "alone") == 0
        log.close()
        gc.collect()  # a socket that was left open would be told of


@needs_kafka
class TestSecurity:
    @pytest.fixture
    def broker(self, servers_folder: Path) -> Iterator[SecureKafka]:
        server = SecureKafka(servers_folder / "secure-kafka")
        try:
            server.start()
            server.add_user()
            yield server
        finally:
            server.remove()

    def test_the_log_works_over_tls_with_a_password_and_says_what_is_wrong_without(
        self, broker: SecureKafka, tmp_path: Path
    ) -> None:
        def settings(**given: str) -> KafkaSettings:
            return KafkaSettings(
                **{
                    "bootstrap": broker.secure,
                    "security_protocol": "SASL_SSL",
                    "sasl_mechanism": "SCRAM-SHA-512",
                    "username": USER,
                    "password": PASSWORD,
                    "ca": str(broker.ca),
                    **given,
                }
            )

        log = KafkaLog(settings())
        log.append(RAW, [("a", b"1")])
        reader = log.consumer(RAW, "g")
        assert [record.key for record in reader.poll()] == ["a"]
        reader.commit()
        log.erase(["a"])
        assert log.dead_letters() == []
        log.close()
        stranger, _ = certificate(tmp_path, "stranger")
        for wrong, said in (({"password": "wrong"}, "密码"), ({"ca": str(stranger)}, "证书")):
            log = KafkaLog(settings(**wrong))
            with pytest.raises((FatalError, RetryError), match=said):
                log.append(RAW, [("b", b"1")])
            log.close()


class TestSettings:
    def test_tls_and_sasl_go_to_every_client(self, tmp_path: Path) -> None:
        ca, _ = certificate(tmp_path)
        given = KafkaSettings(
            bootstrap="a:1, b:2",
            security_protocol="SASL_SSL",
            sasl_mechanism="SCRAM-SHA-512",
            username="u",
            password="p",
            ca=str(ca),
        ).connection()
        assert given["bootstrap_servers"] == ["a:1", "b:2"]
        assert given["sasl_mechanism"] == "SCRAM-SHA-512"
        assert (given["sasl_plain_username"], given["sasl_plain_password"]) == ("u", "p")
        tls = given["ssl_context"]
        assert tls.check_hostname
        assert tls.verify_mode is ssl.CERT_REQUIRED
        assert len(tls.get_ca_certs()) == 1, "only the one that was named"
        assert "ssl_context" not in KafkaSettings(bootstrap="a:1").connection()

    def test_a_file_of_ones_own_lies_over_the_packaged_one(self, tmp_path: Path) -> None:
        file = tmp_path / "topics.toml"
        file.write_text('["posts.raw"]\npartitions = 24\n[default]\nreplication = 3\n')
        raw, plain = TopicSpecs(file).of(RAW), TopicSpecs().of(RAW)
        assert (raw.partitions, raw.replication) == (24, 3)
        assert raw.config == plain.config
        assert TopicSpecs().of(DEAD).max_message_bytes > plain.max_message_bytes * 4 / 3
        broken = tmp_path / "broken.toml"
        broken.write_text("partitions = ")
        with pytest.raises(FatalError, match=r"broken\.toml"):
            TopicSpecs(broken)

    def test_names_are_such_as_kafka_takes(self) -> None:
        assert topic_name("t.", RAW) == "t.posts.raw"
        assert topic_name("", 'odd "名"') == "odd_20__22__540d__22_"


def _values(log: KafkaLog, topic: str) -> list[tuple[bytes, bytes | None]]:
    from posts.log.kafka_reading import all_of

    return [(one.key, one.value) for one in all_of(log._settings, log._topics, topic)]
