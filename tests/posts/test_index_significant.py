"""Significant words: every adapter gives the same ones for the same posts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from support.indexes import INDEXES, open_index
from support.posts import make_scored

from posts.index import significant as bounds
from posts.index.memory import MemoryIndex
from posts.index.port import PostIndex, Query, Significant
from posts.index.reading import newest
from posts.model import ScoredPost

TALK = [
    "今天天气不错，公园里的花都开了",
    "公交线路调整以后上班方便多了",
    "中学门口放学的时候堵车，希望交警来疏导",
    "周末去图书馆看书，人不少",
    "菜价又涨了，买菜的人都在说",
    "快递送到楼下，没有上门",
    "广场舞的声音太大，晚上睡不好",
    "医院排队的时间很长",
]
MATTER = [
    "翠湖苑小区又停水了，水管爆裂，物业说在抢修",
    "停水第二天，翠湖苑小区没有人送水，居民提着桶去接水",
    "翠湖苑小区停水，水管还没有修好",
    "住在翠湖苑小区，停水到现在，孩子没法洗澡，抢修要到什么时候",
    "自来水公司说翠湖苑小区停水因为水管老化，正在抢修",
]


def talk(count: int = 80) -> list[ScoredPost]:
    return [
        make_scored(f"t{n}", title="", text=f"{TALK[n % len(TALK)]}。", author=f"t{n}")
        for n in range(count)
    ]


def matter(texts: Sequence[str] = MATTER, *, author: str | None = None) -> list[ScoredPost]:
    return [
        make_scored(f"m{n}", title="", text=text, areas=("533102",), author=author or f"m{n}")
        for n, text in enumerate(texts)
    ]


def words(found: Significant) -> list[str]:
    return [one.word for one in found.words]


class TestWhatIsSaid:
    @pytest.fixture(scope="class", params=INDEXES)
    @classmethod
    def index(
        cls, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[PostIndex]:
        with open_index(request, tmp_path_factory.mktemp("significant")) as made:
            made.write(talk() + matter())
            yield made

    def test_what_the_matter_is_about_stands_first(self, index: PostIndex) -> None:
        found = index.significant(Query(area="533102"), limit=5)
        assert {"停水", "水管", "抢修"} <= set(words(found))
        assert any("翠湖苑" in word for word in words(found))
        assert not {"希望", "时候", "的"} & set(words(found))

    def test_all_adapters_say_the_same(self, index: PostIndex) -> None:
        plain = MemoryIndex()
        plain.write(talk() + matter())
        for query in (Query(area="533102"), Query(text="停水"), Query(text="公交 OR 公园")):
            assert index.significant(query, limit=50) == plain.significant(query, limit=50)

    def test_numbers_are_counts_of_posts(self, index: PostIndex) -> None:
        found = index.significant(Query(area="533102"))
        assert (found.sampled, found.matching, found.every) == (5, 5, 85)
        for one in found.words:
            assert one.posts <= one.background == index.count(Query(text=one.word))
            assert one.score > 0
        assert [w.score for w in found.words] == sorted(w.score for w in found.words)[::-1]

    def test_the_words_of_the_query_itself_are_left_out(self, index: PostIndex) -> None:
        found = index.significant(Query(text="停水"))
        assert "停水" not in words(found)
        assert "水管" in words(found)

    def test_a_limit_holds_and_nothing_found_is_no_error(self, index: PostIndex) -> None:
        assert len(index.significant(Query(area="533102"), limit=2).words) == 2
        assert index.significant(Query(area="533102"), limit=0).words == ()
        assert index.significant(Query(text="台风")) == Significant(every=85)

    def test_posts_can_be_named_instead_of_searched(self, index: PostIndex) -> None:
        ids = [hit.scored.post.id for hit in index.search(Query(area="533102")).items]
        named = index.significant(Query(), of=[*ids, "gone"])
        assert named.words == index.significant(Query(area="533102")).words
        assert (named.sampled, named.matching) == (5, 6)
        assert index.significant(Query(), of=[]).words == ()

    def test_many_posts_are_read_newest_first_without_fragments(self, index: PostIndex) -> None:
        found = list(newest(index, Query(), limit=7))
        page = index.search(Query(), limit=7)
        assert found == [hit.scored for hit in page.items]
        assert len(list(newest(index, Query(), limit=1_000))) == 85
        plain = index.search(Query(text="停水"), highlight=False)
        assert {hit.fragments for hit in plain.items} == {()}

    def test_among_all_posts_no_word_is_special(self, index: PostIndex) -> None:
        assert words(index.significant(Query())) == []


@pytest.mark.parametrize("kind", INDEXES[2:])
def test_before_the_first_post_nothing_is_said(
    request: pytest.FixtureRequest, kind: object, elasticsearch_url: str
) -> None:
    from support.indexes import elasticsearch_index

    with elasticsearch_index(elasticsearch_url) as index:
        assert index.significant(Query(text="停水")) == Significant()


def judged(*texts: str, author: str | None = None) -> list[str]:
    index = MemoryIndex()
    index.write(talk() + matter(texts, author=author))
    return words(index.significant(Query(area="533102")))


class TestTopicsNotPersons:
    def test_handles_masked_text_and_numbers_are_left_out(self) -> None:
        found = judged(
            *[f"@岚江小喇叭 停水{n}，【电话】，【证件号】，第三天，8栋" for n in "甲乙丙丁"]
        )
        assert "停水" in "".join(found)
        for left_out in ("岚江", "喇叭", "三天", "8"):
            assert not any(left_out in word for word in found)
        assert not {"电话", "证件号"} & set(found)

    def test_names_of_persons_are_left_out(self) -> None:
        found = judged(*[f"李文亮 王建国 说停水的事{n}" for n in "甲乙丙丁"])
        assert not any("李文" in word or "建国" in word for word in found)

    def test_a_word_of_one_author_needs_many_posts(self) -> None:
        assert "停水" not in judged(*["小区停水了"] * 5, author="one")
        assert "停水" in judged(*["小区停水了"] * 12, author="one")
        assert "停水" in judged(*["小区停水了"] * 5)

    def test_copies_make_no_name_of_their_words(self) -> None:
        copies = ["青山隧道塌方车辆绕行"] * 6
        assert not any(len(word) > 4 for word in judged(*copies))


class TestCost:
    def test_of_many_posts_the_newest_are_read_and_of_long_ones_the_beginning(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds, "SAMPLE", 4)
        monkeypatch.setattr(bounds, "LONGEST", 200)
        index = MemoryIndex()
        index.write(talk())
        index.write(matter(["停水。" * 70 + "塌方" * 3_000] * 6))
        found = index.significant(Query(area="533102"))
        assert (found.sampled, found.matching) == (4, 6)
        assert "停水" in "".join(words(found))
        assert "塌方" not in "".join(words(found))

    @pytest.mark.parametrize("text", ["", "。", "😀" * 50, "\ud800", "\u202e\x00", "ﷺ" * 20])
    def test_any_text_is_taken(self, text: str) -> None:
        sample = bounds.Sample()
        for _ in range(4):
            sample.add(make_scored("1", title=text, text=text).post)
        assert isinstance(sample.candidates(), list)
