"""Poison on each topic of the whole service, in both sizes: buried, told, put back by commands."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer, errors
from support.engines import READERS
from support.faults import write_posts
from support.posts import make_post
from support.service import run
from support.sizes import Size

from posts.codec import encode
from posts.errors import PoisonError
from posts.log.kafka import KafkaLog
from posts.log.kafka_settings import KafkaSettings
from posts.log.port import RAW, SCORED, SIGNALS, PostLog
from posts.log.sqlite import SqliteLog

GOOD = 20
HUGE = 50_000_000
POISON = {
    "json": b'{"v":1,"type":"post","body":{',
    "future": encode(make_post("f")).replace(b'"v":1', b'"v":2'),
    "surrogate": encode(make_post("s", text="〇")).replace("〇".encode(), b"\\ud800"),
}


@contextlib.contextmanager
def log_of(size: Size, data: Path) -> Iterator[PostLog]:
    """The log of that service, as another program would open it."""
    if size.name == "embedded":
        made: PostLog = SqliteLog(data / "log.db")
    else:
        env = size.env
        made = KafkaLog(
            KafkaSettings(bootstrap=env["YUQING_KAFKA"], prefix=env["YUQING_KAFKA_PREFIX"])
        )
    yield made
    made.close()


def put_huge(log: PostLog, size: Size) -> int:
    """A message of 50 MB on the raw topic; how many stand there afterwards."""
    if size.name == "embedded":
        log.append(RAW, [("huge", b"x" * HUGE)])
        return 1
    with pytest.raises(PoisonError, match="上限"):
        log.append(RAW, [("huge", b"x" * HUGE)])
    # What another program sends is refused by the broker itself.
    producer = KafkaProducer(
        bootstrap_servers=size.env["YUQING_KAFKA"],
        max_request_size=HUGE * 2,
    )
    with pytest.raises(errors.MessageSizeTooLargeError):
        producer.send(size.env["YUQING_KAFKA_PREFIX"] + RAW, b"x" * HUGE).get(60)
    producer.close()
    return 0


@pytest.mark.promise("P18")
def test_poison_on_each_topic_is_buried_told_and_put_back_by_commands(
    tmp_path: Path, size: Size, figure: Callable[[str], None]
) -> None:
    data = tmp_path / "data"
    env = {"YUQING_ANALYZE__SCORER": "trivial", **size.env}

    def command(*arguments: str, status: int = 0):
        done = run(*arguments, "--data", str(data), cwd=tmp_path, env=env)
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def handled(*stages: str) -> list[dict[str, object]]:
        """These stages read to the end; the letters that there are then."""
        for stage in stages:
            command(stage, "--drain")
        assert [log.lag(topic, group) for topic, group in READERS] == [0, 0, 0]
        listed = command("dead-letters", "list", "--json").stdout
        return [json.loads(line) for line in listed.splitlines()]

    file = write_posts(tmp_path / "posts.jsonl", range(GOOD))
    with file.open("a", encoding="utf-8") as out:
        too_long = {"id": "long", "title": "长文", "text": "停" * 1_000_000}
        out.write(json.dumps(too_long, ensure_ascii=False) + "\n")
    summary = json.loads(command("ingest", str(file)).stdout.splitlines()[-1])
    assert (summary["accepted"], summary["rejected"]) == (GOOD, 1)
    [refused] = Path(summary["rejects_file"]).read_text(encoding="utf-8").splitlines()
    assert "标题和正文共" in json.loads(refused)["reason"]
    with log_of(size, data) as log:
        for topic, _ in READERS:
            log.append(topic, list(POISON.items()))
        wanted = len(READERS) * len(POISON) + put_huge(log, size)
        letters = handled("analyze", "respond")
        assert len(letters) == wanted
        assert {(one["topic"], one["key"]) for one in letters} >= {
            (topic, key) for topic in (RAW, SCORED) for key in POISON
        }
        assert all(1 <= int(str(one["attempts"])) <= 3 for one in letters)
        assert sum(one["topic"] == SIGNALS for one in letters) == len(POISON)
        assert size.indexed(data) in {0, GOOD}  # Elasticsearch shows it within a second

        number = next(
            str(one["id"]) for one in letters if (one["topic"], one["key"]) == (RAW, "future")
        )
        shown = command("dead-letters", "show", number).stdout
        assert '"v":2' in shown
        assert "原因" in shown
        assert command("dead-letters", "replay", number).stdout == "已放回 1 条。\n"
        again = handled("analyze")
        assert len(again) == wanted, "still nobody can read it: buried once more"
        assert number not in {str(one["id"]) for one in again}
    found = command("search", "--json").stdout.splitlines()
    assert len(found) == GOOD
    figure(
        f"{size.name}: {wanted} of {wanted} bad messages on 3 topics buried, 50 MB "
        f"{'too' if size.name == 'embedded' else 'refused by the broker'}, "
        f"lag 0 on each, {GOOD} of {GOOD} good posts searchable, one put back and buried again"
    )
