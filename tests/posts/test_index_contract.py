"""What every PostIndex does. An adapter joins by one line in support/indexes.py."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.indexes import INDEXES, STORED, open_index
from support.posts import NOON, make_scored

from posts.errors import PoisonError
from posts.index.memory import MemoryIndex
from posts.index.port import PostIndex, Query, Written
from posts.model import ScoredPost, Sentiment


@pytest.fixture(params=INDEXES)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PostIndex]:
    with open_index(request, tmp_path) as made:
        yield made


class OneIndex:
    """Tests that write the same and then only read share one index."""

    @pytest.fixture(scope="class", params=INDEXES)
    @classmethod
    def index(
        cls, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[PostIndex]:
        with open_index(request, tmp_path_factory.mktemp("index")) as made:
            yield made


@pytest.fixture(params=STORED)
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PostIndex]:
    with open_index(request, tmp_path) as made:
        yield made


def texts(index: PostIndex, *contents: str) -> None:
    index.write([make_scored(str(n), title="", text=text) for n, text in enumerate(contents)])


def found(index: PostIndex, text: str) -> list[str]:
    """The texts that a query finds, in order; count and total agree with them."""
    page = index.search(Query(text=text), limit=100)
    assert page.total == index.count(Query(text=text)) == len(page.items)
    return sorted(hit.scored.post.text for hit in page.items)


class TestWords:
    def test_words_of_two_characters_are_found(self, index: PostIndex) -> None:
        texts(index, "小区已经停水三天了", "今天停电", "水停了")
        assert found(index, "停水") == ["小区已经停水三天了"]

    def test_single_characters_are_found_wherever_they_stand(self, index: PostIndex) -> None:
        texts(index, "水管", "停水了", "停水", "水", "喝水，吃饭", "电")
        assert found(index, "水") == sorted(["水管", "停水了", "停水", "水", "喝水，吃饭"])

    def test_longer_words_are_adjacent_characters(self, index: PostIndex) -> None:
        texts(index, "丽发新城搅拌站", "新城丽发", "丽发 新城", "丽发新、新城")
        assert found(index, "丽发新城") == ["丽发新城搅拌站"]

    def test_all_words_must_occur_in_any_order(self, index: PostIndex) -> None:
        texts(index, "停水又停电", "停电后停水", "停水")
        assert found(index, "停水 停电") == sorted(["停水又停电", "停电后停水"])
        assert found(index, "停水\u3000停电") == sorted(["停水又停电", "停电后停水"])

    def test_title_and_text_are_searched_but_a_phrase_does_not_cross_them(
        self, index: PostIndex
    ) -> None:
        index.write([make_scored("1", title="关于停水", text="停电三天")])
        assert found(index, "停水 停电") == ["停电三天"]
        assert found(index, "停水停电") == []
        assert found(index, '"停水 停电"') == []

    def test_latin_words_and_numbers_are_whole_and_without_case_or_width(
        self, index: PostIndex
    ) -> None:
        texts(index, "我用５Ｇ手机", "Covid-19 来了", "12345热线", "covid")
        assert found(index, "5g") == ["我用５Ｇ手机"]
        assert found(index, "COVID-19") == ["Covid-19 来了"]
        assert found(index, "ＣＯＶＩＤ") == sorted(["Covid-19 来了", "covid"])
        assert found(index, "1234") == []
        assert found(index, "12345热线") == ["12345热线"]
        assert found(index, "热线12345") == []

    def test_a_phrase_is_adjacent_words(self, index: PostIndex) -> None:
        texts(index, "拨打 12345 热线", "12345 不是热线", "new york city", "york new")
        assert found(index, '"12345 热线"') == ["拨打 12345 热线"]
        assert found(index, '"new york"') == ["new york city"]
        assert found(index, "“new york”") == ["new york city"]

    def test_a_leading_minus_excludes_a_word_or_phrase(self, index: PostIndex) -> None:
        texts(index, "停水通知", "停水三天", "停电")
        assert found(index, "停水 -通知") == ["停水三天"]
        assert found(index, '停水 -"三天"') == ["停水通知"]
        assert found(index, "-停水") == ["停电"]
        assert found(index, "-停水 -停电") == []

    def test_words_of_other_scripts_are_found(self, index: PostIndex) -> None:
        texts(index, "Привет мир", "안녕하세요", "ひらがなとカタカナ", "𠮷野家", "café")
        assert found(index, "привет") == ["Привет мир"]
        assert found(index, "하세") == ["안녕하세요"]
        assert found(index, "カタ") == ["ひらがなとカタカナ"]
        assert found(index, "𠮷") == found(index, "𠮷野") == ["𠮷野家"]
        assert found(index, "cafe\u0301") == ["café"]

    def test_what_has_no_meaning_is_searched_as_it_stands(self, index: PostIndex) -> None:
        texts(index, "涨了5%！", "涨了5成", "😀 好", 'a "b"', "x - y", "c++ *")
        assert found(index, "%") == ["涨了5%！"]
        assert found(index, "😀") == ["😀 好"]
        assert found(index, "-😀 涨了") == sorted(["涨了5%！", "涨了5成"])
        assert found(index, '"') == ['a "b"']
        assert found(index, "-") == ["x - y"]
        assert found(index, "++") == ["c++ *"]
        assert found(index, "*") == ["c++ *"]
        assert found(index, '""') == []

    def test_field_names_are_words_like_others(self, index: PostIndex) -> None:
        texts(index, "text 水", "水", "a OR b", "a b")
        assert found(index, "text:水") == ["text 水"]
        assert found(index, "a AND b") == []


class TestAlternatives:
    @pytest.fixture(autouse=True)
    def posts(self, index: PostIndex) -> None:
        texts(index, "城东停水", "城东断水", "城西停水", "停水又断水", "a or b", "c++ | d")

    @pytest.mark.parametrize(
        "text",
        ["停水 OR 断水", "停水|断水", "停水 | 断水", "停水｜断水", "停水||断水", '"停水"|“断水”'],
    )
    def test_one_of_the_words_has_to_occur(self, index: PostIndex, text: str) -> None:
        assert found(index, text) == sorted(["城东停水", "城东断水", "城西停水", "停水又断水"])

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("城东 停水 OR 断水", ["城东停水", "城东断水"]),
            ("停水 OR 断水 城东", ["城东停水", "城东断水"]),
            ("城东|城西 停水|断水", ["城东停水", "城东断水", "城西停水"]),
            ("停水 OR 断水 -城东", ["城西停水", "停水又断水"]),
            ("城西 OR 又 OR 断水", ["城东断水", "城西停水", "停水又断水"]),
            ("城西 OR ++", ["城西停水", "c++ | d"]),
            ("++ OR 没有", ["c++ | d"]),
            ("没有 OR 也没有", []),
        ],
    )
    def test_it_binds_neighbours_and_every_group_has_to_hold(
        self, index: PostIndex, text: str, expected: list[str]
    ) -> None:
        assert found(index, text) == sorted(expected)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("城东 OR -断水", ["城东停水"]),
            ("-断水 OR 城东", ["城东停水"]),
            ("-停水|断水", ["城东断水"]),
        ],
    )
    def test_beside_an_excluded_word_it_joins_nothing(
        self, index: PostIndex, text: str, expected: list[str]
    ) -> None:
        assert found(index, text) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("OR", ["a or b"]),
            ("a OR", ["a or b"]),
            ("OR a", ["a or b"]),
            ("a or b", ["a or b"]),
            ('a "OR" b', ["a or b"]),
            ("or OR OR", ["a or b"]),
            ("|", ["c++ | d"]),
            ("d |", ["c++ | d"]),
            ("停水|", []),
        ],
    )
    def test_with_nothing_to_join_it_is_a_word_like_others(
        self, index: PostIndex, text: str, expected: list[str]
    ) -> None:
        assert found(index, text) == expected

    def test_every_word_that_was_found_is_marked(self, index: PostIndex) -> None:
        (hit,) = index.search(Query(text="又 停水|断水|没有")).items
        assert [part for part, is_match in hit.fragments if is_match] == ["停水又断水"]

    def test_sixty_four_terms_are_looked_for(self, index: PostIndex) -> None:
        assert found(index, "|".join([*["没有"] * 63, "城西"])) == ["城西停水"]
        assert found(index, "|".join([*["没有"] * 64, "城西"])) == []


class TestAnyInput(OneIndex):
    POST = make_scored("1", source="水", kind="停", areas=("text",), text="无", title="")

    @pytest.mark.parametrize(
        "text",
        [
            *['"', '"a', 'a"', '""""', "-", "--a", '-"', "| OR |", "a AND", "NOT", "NEAR(a b)"],
            *["text:水", "title : 停", "{title text}: x", "^水", "水*", "a + b", "(", "a)", "'"],
            *["\x00", "水\x00管", "\ud800", "-\ud800", "a\ud800b", "%_", "\\", ";--", "\u202e"],
            *["词 " * 3000, "词" * 9000, "a" * 9000, "-a " * 3000, "! ? % & " * 900, '"a" ' * 900],
        ],
    )
    def test_no_input_is_an_error_or_reaches_another_field(
        self, index: PostIndex, text: str
    ) -> None:
        index.write([self.POST])
        query = Query(text=text)
        assert index.search(query, cursor=text).total == index.count(query)
        index.histogram(query)
        index.terms(query, "area")
        list(index.scan(query))
        assert [h.scored.post.text for h in index.search(Query(text="水")).items] == []

    @pytest.mark.parametrize("cursor", ["", "x", "停", "bm9wZQ==", "\ud800", "OTk5Ojk=" * 50])
    def test_a_bad_cursor_starts_anew(self, index: PostIndex, cursor: str) -> None:
        index.write([self.POST])
        assert len(index.search(Query(), cursor=cursor).items) == 1


class TestFilters(OneIndex):
    @pytest.fixture(autouse=True)
    def posts(self, index: PostIndex) -> None:
        day = timedelta(days=1)
        index.write(
            [
                make_scored("a", source="forum", kind="forum", areas=("53", "5331")),
                make_scored("b", sentiment=Sentiment.POSITIVE, areas=("53",), text="停电"),
                make_scored("c", published_at=NOON + day, areas=("5331", "533102")),
                make_scored("d", published_at=NOON + 2 * day, sentiment=Sentiment.NEUTRAL),
            ]
        )

    @pytest.mark.parametrize(
        ("query", "ids"),
        [
            (Query(), "abcd"),
            (Query(area="53"), "ab"),
            (Query(area="5331"), "ac"),
            (Query(area="533"), ""),
            (Query(area="\ud800"), ""),
            (Query(source="forum"), "a"),
            (Query(source="FORUM"), ""),
            (Query(kind="mailbox"), "bcd"),
            (Query(sentiment=Sentiment.POSITIVE), "b"),
            (Query(since=NOON + timedelta(days=1)), "cd"),
            (Query(until=NOON + timedelta(days=1)), "ab"),
            (Query(since=NOON, until=NOON), ""),
            (Query(area="53", text="停电"), "b"),
            (Query(area="5331", text="停水", kind="mailbox"), "c"),
            (Query(text="-停电", source="petitions"), "cd"),
        ],
    )
    def test_all_that_are_set_must_hold(self, index: PostIndex, query: Query, ids: str) -> None:
        names = {make_scored(n, source="forum" if n == "a" else "petitions"): n for n in "abcd"}
        by_id = {scored.post.id: name for scored, name in names.items()}
        page = index.search(query)
        assert sorted(by_id[hit.scored.post.id] for hit in page.items) == list(ids)
        assert page.total == index.count(query) == len(ids)
        assert sum(count for _, count in index.histogram(query)) == len(ids)
        scanned = [s.post.id for part in index.scan(query, batch=2) for s in part]
        assert sorted(by_id[post_id] for post_id in scanned) == list(ids)

    def test_terms_are_the_most_frequent_values_first(self, index: PostIndex) -> None:
        assert index.terms(Query(), "source") == [("petitions", 3), ("forum", 1)]
        assert index.terms(Query(), "kind", limit=1) == [("mailbox", 3)]
        assert index.terms(Query(), "sentiment") == [
            ("negative", 2),
            ("neutral", 1),
            ("positive", 1),
        ]
        assert index.terms(Query(), "area") == [("53", 2), ("5331", 2), ("533102", 1)]
        assert index.terms(Query(area="53", text="停电"), "area") == [("53", 1)]
        assert index.terms(Query(text="没有"), "area") == []


class TestPages:
    def test_newest_first_each_once_also_where_times_are_equal(self, index: PostIndex) -> None:
        posts = [
            make_scored(str(n), published_at=NOON + timedelta(hours=n // 7)) for n in range(50)
        ]
        index.write(posts)
        expected = sorted(posts, key=lambda s: s.post.id)
        expected.sort(key=lambda s: s.post.published_at, reverse=True)
        for query in (Query(), Query(text="停水"), Query(text="-没有")):
            seen: list[ScoredPost] = []
            cursor: str | None = None
            while True:
                page = index.search(query, limit=3, cursor=cursor)
                assert page.total == 50
                seen += [hit.scored for hit in page.items]
                cursor = page.next
                if cursor is None:
                    break
            assert seen == expected

    def test_a_page_stays_in_its_place_while_newer_posts_arrive(self, index: PostIndex) -> None:
        index.write([make_scored(str(n), published_at=NOON + timedelta(hours=n)) for n in range(4)])
        first = index.search(Query(), limit=2)
        index.write([make_scored("new", published_at=NOON + timedelta(days=1))])
        second = index.search(Query(), limit=2, cursor=first.next)
        hours = [
            (hit.scored.post.published_at - NOON) // timedelta(hours=1)
            for page in (first, second)
            for hit in page.items
        ]
        assert hours == [3, 2, 1, 0]

    def test_the_last_page_has_no_next_even_when_it_is_full(self, index: PostIndex) -> None:
        index.write([make_scored(str(n)) for n in range(4)])
        page = index.search(Query(), limit=2)
        assert index.search(Query(), limit=2, cursor=page.next).next is None
        assert index.search(Query(), limit=4).next is None


class TestFragments:
    def fragments(self, index: PostIndex, query: str) -> tuple[tuple[str, bool], ...]:
        (hit,) = index.search(Query(text=query)).items
        return hit.fragments

    def test_matches_are_marked_as_they_stand_in_the_text(self, index: PostIndex) -> None:
        texts(index, "因停水、停电，拨打１２３４５")
        assert self.fragments(index, "停电 12345 停水") == (
            ("因", False),
            ("停水", True),
            ("、", False),
            ("停电", True),
            ("，拨打", False),
            ("１２３４５", True),
        )

    def test_about_eighty_code_points_around_the_first_match(self, index: PostIndex) -> None:
        texts(index, "前" * 500 + "停水" + "后" * 500)
        runs = self.fragments(index, "停水")
        assert [is_match for _, is_match in runs] == [False, True, False]
        whole = "".join(text for text, _ in runs)
        assert whole.startswith("…前")
        assert whole.endswith("后…")
        assert 70 <= len(whole) <= 90

    def test_markup_is_text(self, index: PostIndex) -> None:
        texts(index, "<b>停水</b> <script>")
        assert self.fragments(index, "停水") == (
            ("<b>", False),
            ("停水", True),
            ("</b> <script>", False),
        )

    def test_without_words_it_is_the_beginning(self, index: PostIndex) -> None:
        texts(index, "头" * 100)
        assert self.fragments(index, "") == (("头" * 80 + "…", False),)

    def test_a_match_in_the_title_alone_shows_the_title(self, index: PostIndex) -> None:
        index.write([make_scored("1", title="关于停水", text="如题")])
        assert self.fragments(index, "停水") == (("关于", False), ("停水", True))

    @given(
        text=st.text(st.sampled_from("停水电a1 ，😀ﬁİ㎏\u0301"), max_size=120), at=st.integers(0, 9)
    )
    @settings(deadline=None)
    def test_the_runs_put_together_are_a_piece_of_the_text(self, text: str, at: int) -> None:
        index = MemoryIndex()
        texts(index, text)
        for query in ("", "停水", "水", "a", "1 电", "fi", "i̇", "，"):
            for hit in index.search(Query(text=query)).items:
                assert "".join(part for part, _ in hit.fragments).strip("…") in text


class TestWriting:
    def test_written_says_what_was_new_newer_and_stale(self, index: PostIndex) -> None:
        one, two = make_scored("1", version=5), make_scored("2", version=5)
        assert index.write([]) == Written(0, 0, 0)
        assert index.write([one, two]) == Written(2, 0, 0)
        assert index.write([one]) == Written(0, 0, 1)
        newer, older = make_scored("1", version=6), make_scored("2", version=4)
        assert index.write([newer, older, make_scored("3")]) == Written(1, 1, 1)

    def test_one_post_several_times_in_a_batch(self, index: PostIndex) -> None:
        versions = [make_scored("1", version=v, text=f"第{v}版") for v in (2, 5, 3, 5, 9)]
        assert index.write(versions) == Written(1, 2, 2)
        assert found(index, "第9版") == ["第9版"]
        assert index.count(Query()) == 1

    def test_a_newer_version_replaces_words_areas_and_columns(self, index: PostIndex) -> None:
        old = make_scored("1", version=1, text="停水", title="旧", areas=("53", "5301"), kind="a")
        new = make_scored(
            "1",
            version=2,
            text="停电",
            title="新",
            areas=("53", "5331"),
            kind="b",
            published_at=NOON + timedelta(hours=5),
            sentiment=Sentiment.NEUTRAL,
        )
        index.write([old])
        index.write([new])
        assert found(index, "停水") == found(index, "旧") == []
        assert found(index, "停电") == found(index, "新") == ["停电"]
        assert index.terms(Query(), "area") == [("53", 1), ("5331", 1)]
        assert index.terms(Query(), "kind") == [("b", 1)]
        assert index.terms(Query(), "sentiment") == [("neutral", 1)]
        assert index.histogram(Query()) == [(NOON + timedelta(hours=5), 1)]
        assert index.get(new.post.id) == new

    def test_a_new_score_of_the_same_text_is_kept_and_found(self, index: PostIndex) -> None:
        index.write([make_scored("1", version=1)])
        index.write([make_scored("1", version=2, sentiment=Sentiment.POSITIVE)])
        (hit,) = index.search(Query(text="停水", sentiment=Sentiment.POSITIVE)).items
        assert hit.scored.post.version == 2

    @pytest.mark.parametrize("bad", [{"text": "\ud800"}, {"title": "a\udfff"}])
    def test_what_can_not_be_stored_is_poison_and_its_batch_is_not_written(
        self, index: PostIndex, bad: dict[str, str]
    ) -> None:
        with pytest.raises(PoisonError):
            index.write([make_scored("1"), make_scored("2", **bad)])
        assert index.count(Query()) == 0

    def test_posts_are_got_as_they_were_written(self, index: PostIndex) -> None:
        one = make_scored("1", areas=("53",), units=("水务局",), text="零\x00字节")
        two = make_scored("2")
        index.write([one, two])
        assert index.get(one.post.id) == one
        assert index.get("no such id") is None
        assert index.get("\ud800") is None
        ids = [two.post.id, "none", one.post.id, two.post.id]
        assert index.get_many(ids) == {one.post.id: one, two.post.id: two}
        assert index.get_many([]) == {}


class TestHistogram:
    def test_hours_and_shanghai_days(self, index: PostIndex) -> None:
        moments = [
            datetime(2026, 3, 1, 15, 59, 59, 999999, tzinfo=UTC),  # 23:59 of 1 March there
            datetime(2026, 3, 1, 16, 0, tzinfo=UTC),  # 00:00 of 2 March
            datetime(2026, 3, 2, 15, 59, tzinfo=UTC),
            datetime(1969, 12, 31, 15, 30, tzinfo=UTC),
        ]
        index.write(
            [
                make_scored(str(n), published_at=at, first_seen_at=NOON)
                for n, at in enumerate(moments)
            ]
        )
        assert index.histogram(Query(), step="day") == [
            (datetime(1969, 12, 30, 16, tzinfo=UTC), 1),
            (datetime(2026, 2, 28, 16, tzinfo=UTC), 1),
            (datetime(2026, 3, 1, 16, tzinfo=UTC), 2),
        ]
        assert index.histogram(Query()) == [
            (datetime(1969, 12, 31, 15, tzinfo=UTC), 1),
            (datetime(2026, 3, 1, 15, tzinfo=UTC), 1),
            (datetime(2026, 3, 1, 16, tzinfo=UTC), 1),
            (datetime(2026, 3, 2, 15, tzinfo=UTC), 1),
        ]


def test_scan_gives_all_oldest_first_in_batches(index: PostIndex) -> None:
    posts = [make_scored(str(n), published_at=NOON - timedelta(hours=n)) for n in range(7)]
    index.write(posts)
    parts = list(index.scan(Query(text="停水"), batch=3))
    assert [len(part) for part in parts] == [3, 3, 1]
    assert [s for part in parts for s in part] == posts[::-1]


# Few characters, so that words meet; of each kind that tokens treat differently.
_WRITTEN = st.text(st.sampled_from("停水电ＡaB1_ ，。-\"'|é𠮷😀"), max_size=14)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    contents=st.lists(st.tuples(_WRITTEN, _WRITTEN), min_size=1, max_size=6),
    queries=st.lists(_WRITTEN, min_size=1, max_size=8),
)
@example(contents=[("", "停水停水")], queries=["停水停", "水停水", "水水"])
@example(contents=[("é", "水 |"), ("", "电")], queries=["水|", "é | 电", "-水|电", "😀|电 水|-"])
@example(contents=[("", "水，电a")], queries=['"水电"', '"水，电"', "电a", '"水 电 a"'])
def test_an_adapter_finds_what_a_plain_look_at_every_text_finds(
    stored: PostIndex, contents: list[tuple[str, str]], queries: list[str]
) -> None:
    plain = MemoryIndex()
    source = secrets.token_hex(8)  # each example has the index for itself
    posts = [
        make_scored(str(n), source=source, title=a, text=b) for n, (a, b) in enumerate(contents)
    ]
    for each in (stored, plain):
        each.write(posts)
    for text in queries:
        query = Query(text=text, source=source)
        assert stored.search(query) == plain.search(query), text


class TestErasure:
    def test_an_erased_post_is_found_by_nothing(self, index: PostIndex) -> None:
        index.write([make_scored("1", areas=("5331",)), make_scored("2", areas=("5331",))])
        first = make_scored("1").post.id
        assert index.erase([first, "unknown"]) == 1
        assert index.erase([first]) == 0
        assert index.get(first) is None
        for query in (Query(), Query(text="停水"), Query(area="5331")):
            assert index.count(query) == 1
        assert index.terms(Query(), "area") == [("5331", 1)]

    def test_it_may_come_back_and_is_then_a_new_one(self, index: PostIndex) -> None:
        index.write([make_scored("1", text="旧的文字")])
        index.erase([make_scored("1").post.id])
        assert index.write([make_scored("1", text="新的文字")]).created == 1
        assert found(index, "旧的") == []
        assert found(index, "新的") == ["新的文字"]
