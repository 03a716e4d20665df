"""Months move to a new mapping while others write, search and erase."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from support.indexes import elasticsearch_index
from support.posts import NOON, make_scored

from posts.errors import FatalError
from posts.index.elasticsearch import ElasticsearchIndex
from posts.index.elasticsearch_migrating import Migration
from posts.index.port import Query

pytestmark = pytest.mark.needs("elasticsearch")


@pytest.fixture
def index(elasticsearch_url: str) -> Iterator[ElasticsearchIndex]:
    with elasticsearch_index(elasticsearch_url, smartcn=False) as made:
        yield made


def make_old(index: ElasticsearchIndex) -> None:
    """The months to come get a mapping that this release would not make."""
    with index.connection.client() as client:
        index.template.put(client, ())


def indices(index: ElasticsearchIndex) -> list[str]:
    with index.connection.client() as client:
        found = client.indices.get_alias(index=index.template.names.every)
        return sorted(name.rpartition("posts-")[2] for name in found)


def move_all(index: ElasticsearchIndex) -> dict[str, int]:
    migration = Migration(index)
    return {month: migration.move(month) for month in migration.months()}


def test_nothing_is_to_be_moved_where_all_is_as_this_release_makes_it(
    index: ElasticsearchIndex,
) -> None:
    assert move_all(index) == {}
    index.write([make_scored("1")])
    assert move_all(index) == {}


def test_every_month_gets_the_new_mapping_and_keeps_its_posts(index: ElasticsearchIndex) -> None:
    make_old(index)
    april = NOON.replace(month=4)
    posts = [make_scored(str(n), version=n + 1) for n in range(600)]
    posts += [make_scored("april", first_seen_at=april, published_at=NOON.replace(year=2025))]
    index.write(posts)
    assert index.erase([posts[5].post.id]) == 1
    assert move_all(index) == {"2026-03": 599, "2026-04": 1}
    assert indices(index) == ["2026-03-000002", "2026-04-000002"]
    assert move_all(index) == {}
    left = {one.post.id: one for one in posts if one is not posts[5]}
    assert index.get_many([one.post.id for one in posts]) == left
    assert index.count(Query(text="停水")) == 600
    assert index.write(posts[6:8]).stale == 2, "versions have moved too"


def test_writes_and_searches_go_on_while_a_month_moves(
    index: ElasticsearchIndex,
) -> None:
    make_old(index)
    index.write([make_scored(str(n), version=1) for n in range(1200)])
    index.refresh()
    stop, errors, newest = threading.Event(), [], {}

    def write() -> None:
        writer = ElasticsearchIndex(index.connection.settings)
        turn = 1
        try:
            while not stop.is_set():
                turn += 1
                batch = [make_scored(f"{n}", version=turn) for n in range(turn % 40, 1240, 40)]
                writer.write(batch)
                newest.update((one.post.id, turn) for one in batch)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)
        writer.close()

    def search() -> None:
        reader = ElasticsearchIndex(index.connection.settings)
        try:
            while not stop.is_set():
                assert reader.count(Query(text="停水")) >= 1200
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
        reader.close()

    threads = [threading.Thread(target=each) for each in (write, search)]
    for thread in threads:
        thread.start()
    moved = move_all(index)
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert moved["2026-03"] >= 1200
    assert indices(index) == ["2026-03-000002"]
    held = {one.post.id: one for part in index.scan(Query()) for one in part}
    assert len(held) == 1200 + len(set(newest) - {make_scored(str(n)).post.id for n in range(1200)})
    assert {post_id: held[post_id].post.version for post_id in newest} == newest


@pytest.mark.parametrize("step", ["update_aliases", "add_block", "delete"])
def test_a_migration_that_was_killed_is_ended_by_the_next(
    index: ElasticsearchIndex, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    make_old(index)
    index.write([make_scored(str(n)) for n in range(50)])

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with index.connection.client() as client, monkeypatch.context() as patch:
        patch.setattr(client.indices, step, killed)
        with pytest.raises(KeyboardInterrupt):
            move_all(index)
    assert index.count(Query()) == 50
    assert index.write([make_scored("later")]).created == 1
    move_all(index)
    assert indices(index) == ["2026-03-000002"]
    assert index.count(Query(text="停水")) == 51


def test_one_that_another_has_overtaken_changes_nothing_any_more(index: ElasticsearchIndex) -> None:
    make_old(index)
    index.write([make_scored(str(n)) for n in range(50)])

    def overtaken() -> None:
        raise FatalError("another one")

    migration = Migration(index, go_on=overtaken)
    [month] = migration.months()
    with pytest.raises(FatalError, match="another one"):
        migration.move(month)
    assert index.count(Query()) == 50
    assert indices(index) == ["2026-03-000001", "2026-03-000002"]
    assert move_all(index) == {"2026-03": 50}, "the unfinished one was dropped and made again"
