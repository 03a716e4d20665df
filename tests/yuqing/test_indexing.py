"""yuqing index: filled again from the log, moved to a new mapping; what the settings refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.indexes import elasticsearch_index
from support.posts import make_scored

from posts.codec import encode
from posts.index.port import Query
from posts.index.sqlite import SqliteIndex
from posts.log.port import SCORED
from posts.log.sqlite import SqliteLog
from registry.db import Database
from registry.errors import InvalidInputError
from registry.lease import Tenure
from yuqing.commands.indexing import LEASE
from yuqing.settings import Settings
from yuqing.settings_elasticsearch import adapter_settings

POSTS = [make_scored(str(n), version=n + 1) for n in range(30)]


def yuqing(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("YUQING_")
    }
    return subprocess.run(
        [sys.executable, "-m", "yuqing", *words, "--data", str(folder)],
        env={**environment, **{f"YUQING_{name}": value for name, value in settings.items()}},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    log = SqliteLog(tmp_path / "log.db")
    log.append(SCORED, [(one.post.id, encode(one)) for one in POSTS])
    log.append(SCORED, [("x", b"no message"), (POSTS[0].post.id, encode(POSTS[0]))])
    log.close()
    return tmp_path


def test_a_lost_index_is_filled_again_and_nothing_newer_is_overwritten(folder: Path) -> None:
    newer = make_scored("3", version=99, text="更新的正文")
    index = SqliteIndex(folder / "index.db")
    index.write([newer])
    done = yuqing(folder, "index", "rebuild")
    assert done.returncode == 0, done.stderr
    assert "补上 29 条" in done.stdout
    assert "1 条读不出或存不下" in done.stderr
    assert index.count(Query()) == 30
    assert index.get(newer.post.id) == newer
    index.close()
    refused = yuqing(folder, "index", "migrate")
    assert refused.returncode == 1
    assert "YUQING_ELASTICSEARCH" in refused.stderr


@pytest.mark.needs("elasticsearch")
def test_both_work_on_elasticsearch_which_is_searched_then(
    folder: Path, elasticsearch_url: str
) -> None:
    with elasticsearch_index(elasticsearch_url) as index:
        settings = {
            "ELASTICSEARCH": elasticsearch_url,
            "ELASTICSEARCH_PREFIX": index.connection.settings.prefix,
        }
        with index.connection.client() as client:
            index.template.put(client, ())
        done = yuqing(folder, "index", "rebuild", **settings)
        assert done.returncode == 0, done.stderr
        assert "补上 30 条" in done.stdout
        database = Database(f"sqlite:///{folder}/registry.db")
        database.migrate()
        other = Tenure(LEASE, holder="host-b:7", ttl_s=600)
        assert other.hold(database, datetime.now(UTC))
        refused = yuqing(folder, "index", "migrate", **settings)
        assert refused.returncode == 1
        assert "已有一个索引迁移在运行（host-b:7）" in refused.stderr
        assert "Traceback" not in refused.stderr
        other.give_back(database)
        moved = yuqing(folder, "index", "migrate", **settings)
        assert "2026-03：已迁移，复制 30 条" in moved.stdout, moved.stderr
        assert other.hold(database, datetime.now(UTC)), "it was given back"
        other.give_back(database)
        database.dispose()
        again = yuqing(folder, "index", "migrate", **settings)
        assert "各月的索引都是本版本的结构" in again.stdout
        found = yuqing(folder, "search", "停水", "--json", **settings)
        assert len([json.loads(line) for line in found.stdout.splitlines()]) == 30
        assert not (folder / "index.db").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"": "127.0.0.1:9200"}, "主机:端口"),
        ({"": "http://u:p@127.0.0.1:9"}, "elasticsearch_username"),
        ({"_prefix": "A*"}, "小写字母"),
        ({"_ca": "/no"}, "没有这个文件"),
        ({"_username": "u"}, "elasticsearch_password"),
    ],
)
def test_wrong_settings_are_told_by_their_names(settings: dict[str, str], words: str) -> None:
    given = {"elasticsearch": "https://127.0.0.1:9"}
    given |= {f"elasticsearch{name}": value for name, value in settings.items()}
    with pytest.raises(InvalidInputError, match=words):
        adapter_settings(Settings(**given))


def test_a_server_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    done = yuqing(tmp_path, "search", "停水", ELASTICSEARCH="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "连不上" in done.stderr
    assert "Traceback" not in done.stderr
