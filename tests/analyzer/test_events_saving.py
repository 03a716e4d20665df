"""The book of events on disk: whole once, then what changed; a crash or hand-over loses nothing."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
import pytest
from support.posts import NOON, make_post
from support.registry import make_database

from analyzer.grouping.events_book import Book
from analyzer.grouping.events_saving import Keeper, decode, encode
from analyzer.grouping.memory import FileStore, TableStore
from posts.errors import RetryError
from registry import lease

PLANT = (
    "云溪花园小区东侧新开的混凝土搅拌站昼夜施工，粉尘和噪音让人睡不着",
    "投诉云溪花园旁边的混凝土搅拌站，粉尘飘进窗户，噪音到凌晨",
    "混凝土搅拌站离云溪花园不到百米，粉尘噪音扰民，请环保局查处",
    "云溪花园门口的混凝土搅拌站又在半夜开工，粉尘噪音没人管",
)
SCHOOL = ("明德双语学校乱收服务费三千元，家长要求退费", "明德双语学校的服务费三千元是什么名目")
WORDS = [
    first + second
    for first in ("公交", "学校", "医院", "菜场", "电梯", "路灯", "水管", "河道")
    for second in ("晚点", "停课", "漏水", "涨价", "关门", "拆迁", "堵塞", "失火")
]


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path / "events.bin")


def read(book, texts, *, first=0):
    book.read(
        [
            make_post(
                id=f"post-{first + n}",
                title="",
                text=text,
                published_at=NOON + timedelta(minutes=first + n),
                first_seen_at=NOON + timedelta(minutes=first + n),
            )
            for n, text in enumerate(texts)
        ]
    )
    book.merge_near()


def seen(book):
    """What the book says of its events."""
    records = sorted([book.grown(one) for one in book.records], key=lambda one: one.key)
    return [(one.key, one.posts, one.copies, one.newest, one.words()) for one in records]


def test_after_the_first_time_only_what_changed_is_written(store):
    keeper, book = Keeper(store), Book()
    rng = random.Random(1)
    read(book, ["，".join(rng.sample(WORDS, 5)) for _ in range(200)])
    whole = keeper.save(book)
    read(book, PLANT[:2], first=200)
    added = keeper.save(book)
    read(book, [*PLANT[2:], PLANT[0]], first=202)
    keeper.save(book)

    assert added < whole / 10
    assert store.path.stat().st_size < 1.3 * whole
    again = Keeper(store).load()
    assert seen(again) == seen(book)
    assert again.event_of("post-204") == book.event_of("post-200") != ""
    assert again.frequencies.posts == book.frequencies.posts


def test_who_goes_on_from_what_was_saved_gives_the_same_answers(store):
    keeper, book = Keeper(store), Book()
    rng = random.Random(4)
    texts = ["，".join(rng.sample(WORDS, 5)) for _ in range(600)]
    for first in range(0, 400, 50):
        read(book, texts[first : first + 50], first=first)
        keeper.save(book)
    again = Keeper(store).load()
    for one in (book, again):
        for first in range(400, 600, 50):
            read(one, [*texts[first : first + 40], *texts[:10]], first=first)
    events = [book.event_of(f"post-{n}") for n in range(600)]
    assert [again.event_of(f"post-{n}") for n in range(600)] == events
    assert 1 < len(set(events[400:])) < 150
    assert sorted(again.index) == sorted(book.index)
    assert seen(again) == seen(book)


def test_merging_taking_out_and_letting_go_are_changes_too(store):
    keeper, book = Keeper(store), Book()
    read(book, [*PLANT, *SCHOOL])
    keeper.save(book)
    plant, school = book.event_of("post-0"), book.event_of("post-4")
    book.merge(plant, school)
    keeper.save(book)
    book.take_out(plant, "post-2")
    keeper.save(book)
    read(book, PLANT[3:], first=6)
    book.clusters.drop(next(one for one in book.clusters.all.values() if one.size == 1))
    keeper.save(book)

    again = Keeper(store).load()
    assert seen(again) == seen(book)
    assert again.event_of("post-5") == again.event_of("post-6") == plant
    assert again.event_of("post-2") != plant
    assert again.apart == book.apart
    read(again, ["明德双语学校服务费三千元要退费"], first=7)
    assert again.event_of("post-7") == plant


@pytest.mark.parametrize("lost", [1, 7, 60])
def test_a_save_that_a_crash_tore_ends_nothing_but_itself(store, lost):
    keeper, book = Keeper(store), Book()
    read(book, PLANT[:2])
    keeper.save(book)
    before = seen(book)
    read(book, PLANT[2:], first=2)
    keeper.save(book)
    store.path.write_bytes(store.path.read_bytes()[:-lost])

    fresh = Keeper(store)
    again = fresh.load()
    assert seen(again) == before
    read(again, PLANT[2:], first=2)
    fresh.save(again)  # a whole: what was torn is gone
    assert seen(Keeper(store).load()) == seen(book)


def test_what_a_holder_without_the_lease_still_writes_is_passed_over(store):
    frozen, book = Keeper(store), Book()
    read(book, PLANT[:1])
    frozen.save(book)
    successor = Keeper(store)
    other = successor.load()
    successor.save(other)
    read(book, SCHOOL, first=10)
    frozen.save(book)
    read(other, PLANT[1:3], first=1)
    successor.save(other)

    assert seen(Keeper(store).load()) == seen(other)


def test_a_disk_that_failed_in_the_middle_is_written_whole_next(store, monkeypatch):
    keeper, book = Keeper(store), Book()
    read(book, PLANT[:1])
    keeper.save(book)
    read(book, PLANT[1:], first=1)

    def full(body):
        with store.path.open("ab") as file:
            file.write(body[:40])
        raise RetryError("disk full")

    monkeypatch.setattr(store, "append", full)
    with pytest.raises(RetryError):
        keeper.save(book)
    monkeypatch.undo()
    keeper.save(book)
    assert seen(Keeper(store).load()) == seen(book)


def test_on_several_machines_it_is_rows_under_the_lease(tmp_path):
    database = make_database(tmp_path)
    with database.transaction() as session:
        assert lease.acquire(session, "grouping", holder="one", now=NOON, ttl_s=60)
    named = {"clock": lambda: NOON, "lease": "grouping"}
    store = TableStore(database, "grouping:events", holder="one", **named)
    other = TableStore(database, "grouping:events", holder="two", **named)
    keeper, book = Keeper(store), Book()
    for number, text in enumerate(PLANT):
        read(book, [text], first=number)
        keeper.save(book)
    assert seen(Keeper(other).load()) == seen(book)

    with pytest.raises(RetryError):
        other.append(b"late")
    with pytest.raises(RetryError):
        other.save(b"late")
    Keeper(store).save(book)
    assert decode(store.load()).event_of("post-3") == book.event_of("post-0")
    assert len(store.load()) < 2 * len(encode(book))
    database.dispose()


def test_what_release_0_3_saved_goes_on():
    book = Book()
    read(book, PLANT[:3])
    (record,) = [book.grown(one) for one in book.records]
    terms = {"混凝土": 0.9, "搅拌站": 0.9, "粉尘": 0.5, "噪音": 0.5, "云溪花园": 0.6}
    saved = {
        "v": 1,
        "posts": 3,
        "counts": {"搅拌站": 3},
        "clusters": [(0, record.newest, 3, terms)],
        "records": {
            "0": {
                "key": record.key,
                "first_post": "post-0",
                "first_at": record.first_at,
                "newest": record.newest,
                "posts": 3,
                "copies": 0,
                "sources": ["source-1"],
                "hours": {"490000": 3},
                "vectors": {"post-0": terms, "post-1": terms},
                "shown": [1, 0, 0, 0],
                "pending": [],
            }
        },
        "places": {f"post-{n}": (0, [0, 0, n, 0]) for n in range(3)},
        "apart": [],
    }
    again = decode(msgspec.json.encode(saved))
    read(again, PLANT[3:], first=3)
    assert again.event_of("post-3") == again.event_of("post-2") == record.key
    assert "搅拌站" in again.name_of(record.key)
    assert decode(encode(again)).event_of("post-3") == record.key
    assert decode(b'{"v": 0}') is None
    assert decode(b"") is None
