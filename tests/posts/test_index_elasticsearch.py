"""What is the Elasticsearch index's own: months, refusals, analysers, its template."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs
from support.indexes import a_prefix, elasticsearch_index
from support.posts import NOON, make_post, make_scored, score_post

from posts.errors import FatalError, PoisonError, RetryError
from posts.index import elasticsearch_checking
from posts.index.elasticsearch import ElasticsearchIndex
from posts.index.elasticsearch_bulk import Bulk
from posts.index.elasticsearch_connection import ElasticsearchSettings
from posts.index.elasticsearch_template import VERSION, analysers, meta
from posts.index.port import Query, Written
from posts.model import Sentiment

pytestmark = pytest.mark.needs("elasticsearch")
TOO_LONG = "长" * 20_000  # a keyword of over 32,766 bytes, which Lucene refuses


@pytest.fixture
def index(elasticsearch_url: str) -> Iterator[ElasticsearchIndex]:
    with elasticsearch_index(elasticsearch_url, smartcn=False) as made:
        yield made


def indices(index: ElasticsearchIndex) -> dict[str, set[str]]:
    """The indices of the month aliases, and what each is called besides."""
    with index.connection.client() as client:
        found = client.indices.get_alias(index=index.template.names.every)
        return {name: set(answer["aliases"]) for name, answer in found.items()}


def block(index: ElasticsearchIndex, kind: str, *, on: bool) -> None:
    with index.connection.client() as client:
        client.indices.put_settings(
            index=index.template.names.posts, settings={f"index.blocks.{kind}": on}
        )


class TestMonths:
    def test_a_post_seen_in_two_months_and_scored_anew_is_one_document_in_its_first_month(
        self, index: ElasticsearchIndex
    ) -> None:
        first = make_post("1", first_seen_at=NOON, version=8)
        later = structs.replace(first, text="停水还没有解决", version=16)  # fetched in April
        assert index.write([score_post(first)]).created == 1
        assert index.write([score_post(later)]).updated == 1
        again = score_post(structs.replace(later, version=17), sentiment=Sentiment.POSITIVE)
        assert index.write([again]).updated == 1
        assert index.write([score_post(first), score_post(later)]).stale == 2
        assert index.count(Query()) == 1
        assert index.get(first.id) == again
        alias = index.template.names.posts
        assert indices(index) == {f"{alias}-2026-03-000001": {alias, f"{alias}-2026-03"}}

    def test_months_are_read_as_one_and_a_page_goes_over_them(
        self, index: ElasticsearchIndex
    ) -> None:
        posts = [make_scored(str(n), published_at=NOON + timedelta(days=20 * n)) for n in range(4)]
        assert index.write(posts).created == 4
        assert len(indices(index)) == 3
        first = index.search(Query(text="停水"), limit=3)
        second = index.search(Query(text="停水"), limit=3, cursor=first.next)
        assert [hit.scored for hit in (*first.items, *second.items)] == posts[::-1]
        assert index.terms(Query(), "source") == [("petitions", 4)]
        assert index.erase([one.post.id for one in posts]) == 4
        assert index.count(Query()) == 0

    def test_a_month_that_is_none_is_poison(self, index: ElasticsearchIndex) -> None:
        for month in ("", "2026-3", "*", "../x", "2026-03,other", "2026-03-000001"):
            with pytest.raises(PoisonError, match="no month"):
                index.write([make_scored("1", filed_month=month)])

    def test_an_index_that_someone_deleted_is_made_again_by_the_template(
        self, index: ElasticsearchIndex
    ) -> None:
        index.write([make_scored("1")])
        with index.connection.client() as client:
            client.indices.delete(index=list(indices(index)))
            client.indices.delete_index_template(name=index.template.names.posts)
        assert index.count(Query()) == 0
        assert index.write([make_scored("2")]).created == 1
        assert index.count(Query(text="停水", kind="mailbox")) == 1


class TestRefusals:
    def test_one_post_that_can_not_be_stored_loses_none_of_the_others_and_is_told(
        self, index: ElasticsearchIndex
    ) -> None:
        batch = [make_scored(str(n)) for n in range(500)]
        batch[250] = make_scored("bad", kind=TOO_LONG)
        with pytest.raises(PoisonError, match=f"1 条，其余已写入.*{batch[250].post.id}"):
            index.write(batch)
        assert index.count(Query()) == 499
        assert index.write(batch[:250]).stale == 250
        with pytest.raises(PoisonError):
            index.write([batch[250]])

    @pytest.mark.parametrize(
        ("kind", "words"),
        [("write", "不可写"), ("read_only", "不可写"), ("read_only_allow_delete", "磁盘快满")],
    )
    def test_a_read_only_index_is_a_reason_to_retry_and_then_takes_all(
        self, index: ElasticsearchIndex, kind: str, words: str
    ) -> None:
        index.write([make_scored("1")])
        block(index, kind, on=True)
        with pytest.raises(RetryError, match=f"只读.*{words}"):
            index.write([make_scored("2"), make_scored("3")])
        assert index.count(Query(text="停水")) == 1
        block(index, kind, on=False)
        assert index.write([make_scored("2"), make_scored("3")]).created == 2

    def test_a_closed_month_is_an_error_and_never_a_smaller_number(
        self, index: ElasticsearchIndex
    ) -> None:
        index.write([make_scored("1"), make_scored("2", first_seen_at=NOON + timedelta(days=40))])
        april = f"{index.template.names.posts}-2026-04-000001"
        with index.connection.client() as client:
            client.indices.close(index=april)
        for ask in (index.count, index.search, lambda query: list(index.scan(query))):
            with pytest.raises(RetryError, match="被关闭"):
                ask(Query())
        with index.connection.client() as client:
            client.indices.open(index=april)
        assert index.count(Query()) == 2

    def test_a_busy_server_is_waited_for_with_growing_pauses(
        self, index: ElasticsearchIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[float] = []
        bulk = Bulk(index.connection, index.template, wait=waits.append)
        real, turns = bulk._send, iter([{1, 3}, {0}, set()])

        def send(part: list[Any]) -> list[dict[str, Any]]:
            refused = next(turns)
            taken = [one for n, one in enumerate(part) if n not in refused]
            answers = iter(real(taken))
            busy = {"status": 429, "error": {"type": "es_rejected_execution_exception"}}
            return [busy if n in refused else next(answers) for n in range(len(part))]

        monkeypatch.setattr(bulk, "_send", send)
        posts = [make_scored(str(n)) for n in range(5)]
        assert bulk.write([bulk.operation(one) for one in posts]) == Written(5, 0, 0)
        assert waits == [0.1, 0.2]
        index.refresh()
        assert index.count(Query()) == 5

    def test_a_server_that_stays_busy_is_a_reason_to_retry(
        self, index: ElasticsearchIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[float] = []
        bulk = Bulk(index.connection, index.template, wait=waits.append)
        busy = {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": ""}}
        monkeypatch.setattr(bulk, "_send", lambda part: [busy] * len(part))
        with pytest.raises(RetryError, match="太忙"):
            bulk.write([bulk.operation(make_scored("1"))])
        assert 1 < sum(waits) < 5

    def test_bulks_are_bounded_in_bytes_and_in_posts(
        self, index: ElasticsearchIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sizes: list[tuple[int, int]] = []
        real = index.bulk._send

        def send(part: list[Any]) -> list[dict[str, Any]]:
            sizes.append((len(part), sum(len(one.document) for one in part)))
            return real(part)

        monkeypatch.setattr(index.bulk, "_send", send)
        monkeypatch.setattr("posts.index.elasticsearch_bulk._MOST_POSTS", 10)
        monkeypatch.setattr("posts.index.elasticsearch_bulk._MOST_BYTES", 20_000)
        assert index.write([make_scored(str(n), text="短") for n in range(21)]).created == 21
        assert [count for count, _ in sizes] == [10, 10, 1]
        sizes.clear()
        long = [make_scored(f"long{n}", text="停水了，" * 100 * n) for n in range(9)]
        assert index.write(long).created == 9
        assert len(sizes) > 1
        assert all(count == 1 or size < 20_000 for count, size in sizes)

    def test_where_nothing_listens_it_says_so_without_the_password(self) -> None:
        index = ElasticsearchIndex(ElasticsearchSettings(url="http://a:geheim@127.0.0.1:9"))
        with pytest.raises(RetryError, match=r"检索服务 http://127\.0\.0\.1:9 连不上") as told:
            index.count(Query())
        assert "geheim" not in str(told.value)
        with pytest.raises(RetryError):
            index.write([make_scored("1")])
        index.close()

    def test_a_ca_file_that_is_none_is_told(self) -> None:
        index = ElasticsearchIndex(ElasticsearchSettings(url="https://127.0.0.1:9", ca="/nothing"))
        with pytest.raises(FatalError, match="证书"):
            index.count(Query())

    @pytest.mark.parametrize(
        ("status", "kind", "error", "words"),
        [
            (401, "security_exception", FatalError, "拒绝了登录"),
            (403, "security_exception", FatalError, "没有权限"),
            (403, "cluster_block_exception", RetryError, "现在"),
            (429, "circuit_breaking_exception", RetryError, "太忙"),
            (503, "search_phase_execution_exception", RetryError, "内部出错"),
            (400, "parsing_exception", FatalError, "不接受"),
        ],
    )
    def test_refusals_say_what_is_to_be_done(
        self, index: ElasticsearchIndex, status: int, kind: str, error: type, words: str
    ) -> None:
        made = index.connection.refused(status, kind, "why")
        assert type(made) is error
        assert words in str(made)


class TestTemplate:
    @pytest.mark.parametrize("found", [("cjk", "smartcn"), ("cjk",), ()])
    def test_whatever_the_server_can_analyse_the_same_is_found(
        self, elasticsearch_url: str, found: tuple[str, ...]
    ) -> None:
        with elasticsearch_index(elasticsearch_url) as index:
            with index.connection.client() as client:
                assert analysers(client) == ("cjk", "smartcn"), "the server of the tests has both"
                index.template.put(client, found)
            index.write([make_scored("1", text="小区停水，the end of a"), make_scored("2")])
            for text, count in (("停水", 2), ("区", 2), ("水，t", 0), ("the a", 1), ('"of a"', 1)):
                assert index.count(Query(text=text)) == count, text
            with index.connection.client() as client:
                alias = index.template.names.posts
                (answer,) = client.indices.get_mapping(index=alias).values()
                field = answer["mappings"]["properties"]["text"]
                assert field["analyzer"] == ("cjk" if found else "pairs")
                assert ("smartcn" in field.get("fields", {})) == ("smartcn" in found)
                assert answer["mappings"]["_meta"] == meta(found)
                by_pair = client.count(index=alias, query={"term": {"text": "停水"}})["count"]
                assert by_pair == 2

    def test_the_doctor_wants_no_analyser_that_the_settings_leave_out(
        self, index: ElasticsearchIndex
    ) -> None:
        index.write([make_scored("1")])
        found = elasticsearch_checking.check(index.connection.settings, lambda: NOON)
        assert {one.what: one.state for one in found}["索引结构"] == "ok"

    def test_a_template_of_a_later_release_is_left_alone(self, elasticsearch_url: str) -> None:
        with elasticsearch_index(elasticsearch_url) as index:
            with index.connection.client() as client:
                client.indices.put_index_template(
                    name=index.template.names.posts,
                    index_patterns=[index.template.names.every],
                    meta={"version": VERSION + 1},
                )
            with pytest.raises(FatalError, match="更新的版本"):
                index.write([make_scored("1")])
            assert index.count(Query()) == 0

    def test_two_that_come_first_at_once_both_write(self, elasticsearch_url: str) -> None:
        prefix = a_prefix()
        with (
            elasticsearch_index(elasticsearch_url, own_prefix=prefix) as one,
            elasticsearch_index(elasticsearch_url, own_prefix=prefix) as two,
        ):
            done: list[Written] = []
            threads = [
                threading.Thread(target=lambda i=i: done.append(i.write([make_scored("1")])))
                for i in (one, two)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted((w.created, w.stale) for w in done) == [(0, 1), (1, 0)]


def test_large_answers_are_put_together_from_parts(
    index: ElasticsearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = [make_scored(str(n), published_at=NOON + timedelta(hours=n)) for n in range(10)]
    index.write(posts)
    monkeypatch.setattr("posts.index.elasticsearch._MOST_HITS", 3)
    monkeypatch.setattr("posts.index.elasticsearch._MOST_BUCKETS", 4)
    page = index.search(Query(), limit=8)
    assert [hit.scored for hit in page.items] == posts[:1:-1]
    assert page.total == 10
    assert [h.scored for h in index.search(Query(), limit=8, cursor=page.next).items] == posts[
        1::-1
    ]
    assert index.get_many([one.post.id for one in posts]) == {one.post.id: one for one in posts}
    assert index.histogram(Query()) == [(one.post.published_at, 1) for one in posts]
    assert [s for part in index.scan(Query(), batch=500) for s in part] == posts
