"""Event candidates in the service: found, named, kept across restarts, and as people decided."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from support.posts import NOON, make_post

from analyzer.grouping.events import Events
from analyzer.grouping.events_book import Book
from analyzer.grouping.events_saving import decode, encode
from analyzer.grouping.memory import FileStore
from posts.model import Engagement, Score, ScoredPost, Sentiment
from registry import events
from registry.db import Database
from registry.errors import ConflictError, InvalidInputError, NotFoundError

SCORE = Score(p_negative=0.5, p_positive=0.1, sentiment=Sentiment.NEGATIVE, scorer="test")
PLANT = (
    "云溪花园小区东侧新开的混凝土搅拌站昼夜施工，粉尘和噪音让人睡不着",
    "投诉云溪花园旁边的混凝土搅拌站，粉尘飘进窗户，噪音到凌晨",
    "混凝土搅拌站离云溪花园不到百米，粉尘噪音扰民，请环保局查处",
    "云溪花园门口的混凝土搅拌站又在半夜开工，粉尘噪音没人管",
)
SCHOOL = (
    "明德双语学校突然要求家长补交三千元服务费，没有任何收据",
    "明德双语学校乱收服务费三千元，家长要求退费",
    "明德双语学校的服务费三千元到底是什么名目，家长想知道",
)


@pytest.fixture
def database(tmp_path):
    made = Database(f"sqlite:///{tmp_path}/registry.db")
    made.migrate()
    yield made
    made.dispose()


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path / "events.bin")


def scored(number, text, *, minutes=0, **fields):
    at = NOON + timedelta(minutes=minutes)
    post = make_post(
        id=f"post-{number}",
        text=text,
        title="",
        published_at=at,
        first_seen_at=at,
        source=f"source-{number % 3}",
        **fields,
    )
    return ScoredPost(post=post, score=SCORE, scored_at=at)


def begin(database, store):
    part = Events(database, store)
    part.start(NOON)
    part.refresh(NOON)
    return part


def feed(part, texts, *, first=0):
    part.read([scored(first + n, text, minutes=n) for n, text in enumerate(texts)], NOON)
    part.save(NOON)


def open_ones(database):
    with database.reading() as session:
        return events.listed(session)


def members(database, key):
    with database.reading() as session:
        return {one.post for one in events.posts(session, key)}


def test_a_matter_of_three_posts_is_a_candidate_with_all_that_is_shown(database, store):
    part = begin(database, store)
    feed(part, [*PLANT[:3], SCHOOL[0]])

    (one,) = open_ones(database)
    assert "搅拌站" in one.name
    assert one.body["posts"] == 3
    assert one.body["sources"] == 3
    assert one.body["first_post"] == "post-0"
    assert sum(one.body["hours"].values()) == 3
    assert one.heat > 0
    assert one.heat_version == "heat-1"
    assert members(database, one.key) == {"post-0", "post-1", "post-2"}
    assert part.tell(NOON, caught_up=True) == []
    assert part.event_of("post-1") == one.key
    assert part.event_of("unknown") == ""


def test_after_a_restart_the_next_post_joins_the_same_candidate(database, store):
    feed(begin(database, store), PLANT[:2])
    assert open_ones(database) == []

    feed(begin(database, store), PLANT[2:], first=2)

    (one,) = open_ones(database)
    assert one.body["posts"] == 4
    assert members(database, one.key) == {f"post-{n}" for n in range(4)}


def test_a_post_that_comes_twice_counts_once_and_its_new_engagement_counts(database, store):
    part = begin(database, store)
    feed(part, PLANT[:3])
    before = open_ones(database)[0]

    again = scored(0, PLANT[0], engagement=Engagement(reposts=40))
    part.read([again, again], NOON)
    part.save(NOON)

    (after,) = open_ones(database)
    assert (after.body["posts"], after.body["reposts"]) == (3, 40)
    assert after.heat > before.heat


def test_copies_are_heat_and_are_not_cut_into_words_again(database, store, monkeypatch):
    part = begin(database, store)
    feed(part, PLANT[:1])
    monkeypatch.setattr("analyzer.grouping.events_book.terms_of", pytest.fail)

    part.read([scored(n, PLANT[0], minutes=n) for n in range(10, 40)], NOON)
    part.save(NOON)

    (one,) = open_ones(database)
    assert (one.body["posts"], one.body["copies"]) == (1, 30)
    assert len(members(database, one.key)) == 31


def test_what_a_person_merged_stays_merged_also_where_the_book_is_lost(database, store):
    part = begin(database, store)
    feed(part, [*PLANT[:3], *SCHOOL])
    plant, school = (part.event_of("post-0"), part.event_of("post-3"))
    with database.transaction() as session:
        events.merge(session, plant, school, by="王敏", now=NOON)

    part.refresh(NOON)
    feed(part, PLANT[3:], first=6)
    assert [one.key for one in open_ones(database)] == [plant]
    assert open_ones(database)[0].body["posts"] == 7
    assert members(database, plant) == {f"post-{n}" for n in range(7)}

    store.path.unlink()
    fresh = begin(database, store)
    feed(fresh, [*PLANT[:3], *SCHOOL])
    assert fresh.event_of("post-4") == fresh.event_of("post-0") == plant


def test_a_post_that_a_person_took_out_stays_out(database, store):
    part = begin(database, store)
    feed(part, PLANT)
    (one,) = open_ones(database)
    with database.transaction() as session:
        events.take_out(session, one.key, "post-2", by="王敏", now=NOON)
    part.refresh(NOON)
    part.read([scored(2, PLANT[2], engagement=Engagement(likes=3))], NOON)
    part.save(NOON)

    assert members(database, one.key) == {"post-0", "post-1", "post-3"}
    assert open_ones(database)[0].body["posts"] == 3
    assert part.event_of("post-2") != one.key

    store.path.unlink()
    fresh = begin(database, store)
    feed(fresh, PLANT)
    assert fresh.event_of("post-2") != fresh.event_of("post-0")


def test_no_event_leaves_the_list_also_when_it_grows(database, store):
    part = begin(database, store)
    feed(part, PLANT[:3])
    key = open_ones(database)[0].key
    with database.transaction() as session:
        events.dismiss(session, key, by="王敏", now=NOON)
    part.refresh(NOON)
    feed(part, PLANT[3:], first=3)

    assert open_ones(database) == []
    with database.transaction() as session:
        assert events.get(session, key).state == events.NO_EVENT
        with pytest.raises(ConflictError, match="不是事件"):
            events.file(session, key, 1, by="王敏", now=NOON)


def test_decisions_that_mean_nothing_are_refused(database, store):
    feed(begin(database, store), PLANT[:3])
    key = open_ones(database)[0].key
    with database.transaction() as session:
        with pytest.raises(InvalidInputError):
            events.merge(session, key, key, by="王敏", now=NOON)
        with pytest.raises(NotFoundError):
            events.merge(session, key, "nothing", by="王敏", now=NOON)
        with pytest.raises(NotFoundError):
            events.take_out(session, key, "post-99", by="王敏", now=NOON)


def test_words_of_a_destroyed_post_are_nowhere_any_more(database, store):
    part = begin(database, store)
    secret = "云溪花园混凝土搅拌站粉尘噪音的背后是赵小乙开的鑫隆建材"
    feed(part, [*PLANT[:2], secret])
    (one,) = open_ones(database)
    assert "post-2" in set(part.held())

    assert part.forget(["post-2"])
    part.save(NOON)

    with database.reading() as session:
        after = events.get(session, one.key)
    kept = store.path.read_bytes().decode(errors="replace") + msgspec.json.encode(after).decode()
    assert "鑫隆" not in kept
    assert "赵小乙" not in kept
    assert members(database, one.key) == {"post-0", "post-1"}


def test_a_book_that_can_not_be_read_begins_anew(database, store):
    store.save(b"\xff not a book")

    feed(begin(database, store), PLANT[:3])

    assert len(open_ones(database)) == 1


def test_the_book_stays_bounded_and_what_slept_for_a_week_is_another_event():
    book = Book()
    for week in (0, 2):
        for n, text in enumerate(PLANT[:3]):
            book.read([scored(100 * week + n, text, minutes=week * 7 * 24 * 60 + n).post])
    book.merge_near()

    assert book.event_of("post-0") != book.event_of("post-200")
    assert decode(encode(book)) is not None


def a_candidate(key, *, newest=NOON):
    return events.Candidate(
        key=key,
        name="云溪 花园",
        heat=1.0,
        heat_version="heat-1",
        first_at=NOON,
        newest_at=newest,
        body={"words": [], "first_post": ""},
    )


def test_events_that_grouping_joined_hand_on_their_posts_and_are_let_go_in_time(database):
    keys = ["aa", "bb", "cc", "dd", "ee"]
    with database.transaction() as session:
        found = [a_candidate(key) for key in keys]
        there = [events.Member(f"post-{key}", key, NOON, "source-1") for key in keys]
        events.put(session, found, there, now=NOON)
        events.put(session, [a_candidate("cc", newest=NOON + timedelta(days=1))], [], now=NOON)
        events.merge(session, "dd", "ee", by="王敏", now=NOON)
        moves = [("aa", "bb"), ("nothing", "bb"), ("bb", "cc"), ("ee", "cc")]
        events.absorb(session, moves, now=NOON)
        assert events.get(session, "aa").merged_into == "bb"
        assert events.get(session, "bb").merged_into == "cc"
        assert events.get(session, "ee").merged_into == "dd"
    assert members(database, "cc") == {"post-aa", "post-bb", "post-cc"}
    assert members(database, "dd") == {"post-dd", "post-ee"}

    with database.transaction() as session:
        assert events.prune(session, NOON + timedelta(hours=1)) == 3
        assert events.get(session, "ee").state == events.MERGED
    assert [one.key for one in open_ones(database)] == ["cc"]
    assert members(database, "dd") == set()
