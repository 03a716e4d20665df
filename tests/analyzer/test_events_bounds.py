"""What grouping holds of events stays small, however many posts come, and so do the tables."""

from __future__ import annotations

import gc
import random
import tracemalloc
from datetime import timedelta
from itertools import islice, product

import pytest
from support.posts import NOON, make_post
from support.registry import make_database

from analyzer.grouping import (
    events,
    events_clusters,
    events_filter,
    events_known,
    events_record,
    events_state,
    events_tally,
)
from analyzer.grouping.events import Events
from analyzer.grouping.events_book import Book
from analyzer.grouping.events_centroid import Cluster, pack
from analyzer.grouping.events_clusters import Clusters
from analyzer.grouping.events_filter import Given, group
from analyzer.grouping.events_record import Alone, Record
from analyzer.grouping.events_saving import Keeper
from analyzer.grouping.memory import FileStore
from posts.model import Score, ScoredPost, Sentiment

SCORE = Score(p_negative=0.5, p_positive=0.1, sentiment=Sentiment.NEGATIVE, scorer="test")

A_POST = 3_000
"""Bytes held of a post that nothing is like: all tables together are 2,300, plain ones 5,600."""

AN_EVENT = 6_000
"""Bytes of the sources and hours of an event that all of them speak of; as tables 45,000."""

A_LINE = 1_400
"""Bytes held of a line of a file: it is 1,000, its event of its own included."""


def texts(count, *, first=0):
    """Texts of 20 of 2,000 words by lot, with their pairs 39 terms: hardly one is like another."""
    words = ["".join(letters) for letters in islice(product("bdfgklmn", repeat=4), 2_000)]
    rng = random.Random(first)
    return [" ".join(rng.choices(words, k=20)) for _ in range(count)]


def posts(count, *, first=0):
    return [
        make_post(
            id=f"post-{first + n}",
            title="",
            text=text,
            source=f"source-{n % 9}",
            published_at=NOON + timedelta(seconds=first + n),
            first_seen_at=NOON + timedelta(seconds=first + n),
        )
        for n, text in enumerate(texts(count, first=first))
    ]


def read(book, keeper, count, *, first=0):
    book.read(posts(count, first=first))
    book.merge_near()
    book.changed.clear()
    keeper.save(book)
    book.unsaved.clear()


def test_no_table_grows_beyond_its_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(events_state, "_PLACES", 300)
    book, keeper = Book(), Keeper(FileStore(tmp_path / "events.bin"))
    book.clusters.limit = 400
    for first in range(0, 1_500, 250):
        read(book, keeper, 250, first=first)

    alive = book.clusters.all
    assert len(alive) <= 400
    assert book.records.keys() == alive.keys()
    assert len(book.places) <= 300
    assert sum(1 for one in alive.values() if one.open is not None) <= 300
    led_to = {one for ids in book.clusters.index.of(range_of(book)) for one in ids}
    assert led_to <= alive.keys()
    assert all(isinstance(book.records[one], Alone) for one in alive if alive[one].size == 1)
    assert sum(book.event_of(f"post-{n}") != "" for n in range(1_300, 1_500)) > 180
    assert (tmp_path / "events.bin").stat().st_size < 3_000_000


def range_of(book):
    return {term for one in book.clusters.all.values() for term in one.terms}


def test_posts_alone_go_before_events_and_of_these_the_idlest():
    clusters = Clusters(limit=20)
    for n in range(10):
        one = clusters.begin({n: 1.0}, float(n))
        clusters.join(clusters.all[one], {n: 1.0}, float(n))
    for n in range(100, 140):
        clusters.begin({n: 1.0}, float(n))
    several = [one.newest for one in clusters.all.values() if one.size > 1]
    assert several == [float(n) for n in range(10)]

    clusters.bound(4)
    left = {one.newest for one in clusters.all.values() if one.size > 1}
    assert left == {6.0, 7.0, 8.0, 9.0}
    assert len(clusters.index.of(range(200))) == len(clusters.all)


def test_a_post_that_nothing_is_like_takes_little(tmp_path):
    book, keeper = Book(), Keeper(FileStore(tmp_path / "events.bin"))
    read(book, keeper, 500)
    taken = held(lambda: read(book, keeper, 500, first=500))
    assert taken < A_POST * 500


def test_of_a_file_no_text_is_held(monkeypatch):
    monkeypatch.setattr(events_filter, "AT_ONCE", 50)
    monkeypatch.setattr(events_known, "AT_ONCE", 50)

    def lines(count):
        return (Given(n, "", text * 4, float(n)) for n, text in enumerate(texts(count)))

    few = peak(lambda: list(group(lines(300))))
    many = peak(lambda: list(group(lines(900))))
    assert many - few < A_LINE * 600


def test_a_centroid_is_the_same_packed():
    terms = {5: 0.5, 7: 0.25, (1 << 32) - 1: 0.125}
    one = Cluster(1, 0.0, 2, pack(terms))
    assert one.terms == one.unpack() == terms
    assert one.square == pytest.approx(0.328125)
    one.rest()
    assert (one.open, one.packed, len(one.packed)) == (None, pack(terms), 8 * 3)


def test_an_event_of_many_sources_and_hours_takes_little():
    kept = []

    def count():
        for _ in range(10):
            record = Record(key="a", first_post="p", first_at=0.0, newest=0.0)
            for n in range(700):
                record.count(f"post-{n}", n * 3_600.0, f"source-{n}", b"", copy=False)
            kept.append(record)

    assert held(count) < AN_EVENT * 10
    counts = kept[0].counts()
    assert (counts.posts, counts.sources, len(counts.hours)) == (700, 500, 336)


def test_sources_and_hours_are_those_of_a_set_and_a_table():
    rng = random.Random(3)
    packed = [b"", b""]
    hours = [b"", b""]
    sets, tables = [set(), set()], [{}, {}]
    for _ in range(900):
        one, source, hour = rng.randrange(2), f"s{rng.randrange(300)}", rng.randrange(-40, 250)
        packed[one] = events_tally.with_source(packed[one], source)
        hours[one] = events_tally.with_hour(hours[one], hour)
        sets[one].add(source)
        tables[one][hour] = tables[one].get(hour, 0) + 1
    assert [events_tally.count_of_sources(one) for one in packed] == [len(one) for one in sets]
    assert events_tally.sources_of(sets[0]) == packed[0]
    assert events_tally.count_of_sources(events_tally.both_sources(*packed)) == len(
        sets[0] | sets[1]
    )
    assert [events_tally.by_hour(one) for one in hours] == tables
    assert list(events_tally.by_hour(hours[0])) == sorted(tables[0])
    both = events_tally.by_hour(events_tally.both_hours(*hours))
    assert sum(both.values()) == 900
    assert both.keys() == tables[0].keys() | tables[1].keys()


def test_posts_of_an_event_that_is_never_among_the_newest_do_not_wait_for_ever(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(events, "_WRITTEN_AT_ONCE", 1)
    monkeypatch.setattr(events_record, "_PENDING", 30)
    part = Events(make_database(tmp_path), FileStore(tmp_path / "events.bin"))
    part.start(NOON)
    old, new = texts(2)

    def waits():
        return max(len(part._book.grown(one).pending) for one in part._book.records)

    waiting = []
    for n in range(60):
        part.read([scored(3 * n, old), scored(3 * n + 1, new, days=1)], NOON)
        part.save(NOON)
        waiting.append(waits())
    assert max(waiting) == 15
    part.read([scored(1_000 + n, old) for n in range(50)], NOON)
    assert waits() == 30


def scored(number, text, *, days=0):
    at = NOON + timedelta(days=days)
    post = make_post(id=f"post-{number}", title="", text=text, published_at=at, first_seen_at=at)
    return ScoredPost(post=post, score=SCORE, scored_at=NOON)


def test_what_people_took_apart_does_not_multiply_as_events_merge():
    book = Book()
    book.read(posts(30))
    first, second, *others = [record.key for record in list(book.records.values())]
    book.apart = {(first, second)}
    into = first
    for other in others:
        book.merge(other, into)
        into = other
    assert book.apart == {(into, second)}
    book.merge(second, into)
    assert book.apart == set()


def test_an_index_that_grows_too_large_leads_by_the_heaviest_terms(monkeypatch):
    monkeypatch.setattr(events_clusters, "_INDEXED", 300)
    clusters = Clusters()
    for begin in (0, 1_000):
        one = clusters.begin({begin: 1.0}, 0.0)
        for n in range(10):
            terms = {begin: 1.0, **{begin + 20 * n + k: 0.1 - k / 1e3 for k in range(1, 20)}}
            clusters.join(clusters.all[one], terms, 0.0)
    assert len(clusters.index) > 300
    clusters.bound(4)
    assert len(clusters.index) == 60
    assert clusters.nearest({0: 1.0}, 0.0)[1] == 0
    assert clusters.nearest({1_000: 1.0}, 0.0)[1] == 1


def held(work):
    """Bytes that Python holds more after the work than before."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def peak(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
