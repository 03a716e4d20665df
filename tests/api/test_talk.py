"""高频词与群众在问什么: on demand, as a page and as JSON, of a search, a place, an alert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from support import desk_data
from support.api import MadeDesk, make_desk
from support.posts import make_scored

from api import talk
from api.console import search
from posts.errors import RetryError
from posts.index.port import Significant
from registry import events
from registry.events import Candidate, Member
from registry.users import Role


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeDesk]:
    """One for all tests here, which only read; with posts."""
    with make_desk(tmp_path_factory.mktemp("desk")) as made:
        desk_data.fill(made)
        fill(made)
        yield made


def fill(desk: MadeDesk) -> None:
    """Forty posts of this and that, and six of one matter in 533122."""
    now = desk.clock()
    talk_of_the_day = ("公园里的花开了", "菜价涨了一点", "图书馆人很多", "公交改线了")
    matter = (
        "水管爆裂停水，抢修什么时候结束？",
        "水管又爆了，请问抢修何时能结束",
        "物业说水管在抢修，什么时候来水？",
        "抢修队在挖水管 <b>",
        "水管抢修，难道没有人管？",
        "水管抢修第三天，@岚江小喇叭 为什么没有送水车？",
    )
    desk.index.write(
        [
            make_scored(f"t{n}", title="", text=talk_of_the_day[n % 4], author=f"t{n}")
            for n in range(40)
        ]
        + [
            make_scored(
                f"m{n}",
                title="",
                text=text,
                areas=("533122",),
                author=f"m{n}",
                url=f"https://forum.example/{n}",
                published_at=now - timedelta(minutes=n),
            )
            for n, text in enumerate(matter)
        ]
    )


class TestPage:
    def test_words_and_questions_of_a_place_lead_to_their_posts(self, desk: MadeDesk) -> None:
        client = desk.client()
        page = client.get("/search/words", params={"area": "533122"})
        assert page.status_code == 200
        words = re.findall(r'<a href="([^"]+)" data-size="([1-5])">([^<]+)<', page.text)
        assert "水管" in {word for _, _, word in words}
        assert "小喇叭" not in page.text
        for href, _, _ in words:
            assert "没有找到" not in client.get(href.replace("&amp;", "&")).text
        assert "什么时候" in page.text
        assert "难道" not in page.text
        assert "https://forum.example/0" in page.text
        assert "<script>" not in page.text

    def test_a_question_leads_to_a_search_that_finds_it(self, desk: MadeDesk) -> None:
        client = desk.client()
        page = client.get("/search/words", params={"area": "533122"}).text
        [href] = re.findall(
            r'<a href="([^"]+)">看帖文<span class="vh">：[^<]*为什么没有送水车', page
        )
        assert "送水车" in client.get(href.replace("&amp;", "&")).text

    def test_nothing_found_is_said(self, desk: MadeDesk) -> None:
        page = desk.client().get("/search/words", params={"q": "台风"}).text
        assert page.count("没有找到帖文") == 2

    @pytest.mark.parametrize("query", ['q="|-OR', "since=昨天&days=x&sentiment=", "area=%00&q=<b>"])
    def test_any_address_is_answered(self, desk: MadeDesk, query: str) -> None:
        page = desk.client().get(f"/search/words?{query}")
        assert page.status_code == 200
        assert "“<b>" not in page.text

    def test_every_role_reads_and_a_stranger_does_not(self, desk: MadeDesk) -> None:
        for role in Role:
            assert desk.client(role).get("/search/words").status_code == 200
        assert desk.stranger().get("/search/words").status_code in {302, 303}
        assert desk.stranger().get("/api/v1/posts/words").status_code == 401


class TestSearchStaysFast:
    def test_a_search_links_to_the_words_and_counts_none(
        self, desk: MadeDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:

        def never(*_given: object, **_more: object) -> None:
            raise AssertionError("a search must not count words")

        monkeypatch.setattr(talk, "significant", never)
        monkeypatch.setattr(talk, "questions", never)
        page = desk.client().get("/search", params={"q": "水管", "days": "7"}).text
        assert "/search/words?q=%E6%B0%B4%E7%AE%A1&amp;days=7" in page

    def test_an_index_that_is_away_is_said(
        self, desk: MadeDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_given: object, **_more: object) -> None:
            raise RetryError("检索服务连不上。")

        monkeypatch.setattr(desk.index, "significant", away, raising=False)
        assert desk.client().get("/search/words").status_code == 503

    def test_who_waits_too_long_is_told(
        self, desk: MadeDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(talk, "_PATIENCE_S", 0.01)
        with talk._turn():
            answer = desk.client().get("/api/v1/posts/words")
        assert answer.status_code == 503
        assert "过一会儿" in answer.json()["error"]["message"]


class TestJson:
    def test_words_say_what_they_were_counted_in(self, desk: MadeDesk) -> None:
        body = (
            desk.client().get("/api/v1/posts/words", params={"area": "533122", "limit": 3}).json()
        )
        assert (body["sampled"], body["matching"], body["every"]) == (6, 6, 86)
        assert "水管" in {word["word"] for word in body["items"]}
        assert set(body["items"][0]) == {"word", "posts", "background", "score"}

    def test_questions_are_counted_and_name_no_author(self, desk: MadeDesk) -> None:
        body = desk.client().get("/api/v1/posts/questions", params={"area": "533122"}).json()
        first = body["items"][0]
        assert (first["posts"], first["kind"]) == (2, "何时")
        assert first["at"].endswith("+08:00")
        assert "author" not in str(body)
        assert not any("难道" in one["text"] for one in body["items"])


def test_an_event_candidate_is_read_by_its_own_posts(desk: MadeDesk) -> None:
    now = desk.clock()
    ids = [make_scored(f"m{n}").post.id for n in range(6)]
    one = Candidate(
        key="a" * 16,
        name="<i>水管 抢修",
        heat=1.0,
        heat_version="heat-1",
        first_at=now,
        newest_at=now,
        body={
            "words": ["水管"],
            "first_post": ids[0],
            "posts": 7,
            "copies": 0,
            "sources": 1,
            "hours": {str(int(now.timestamp()) // 3600): 7},
        },
    )
    with desk.database.transaction() as session:
        events.put(
            session,
            [one],
            [Member(post, one.key, now, "petitions") for post in [*ids, "gone"]],
            now=now,
        )
    client = desk.client()
    assert f'href="/events/{one.key}/words"' in client.get(f"/events/{one.key}").text
    page = client.get(f"/events/{one.key}/words").text
    assert "&lt;i&gt;水管" in page
    assert "看了最新的 6 条" in page
    assert ">水管<" in page
    assert client.get(f"/events/{'b' * 16}/words").status_code == 404
    words = client.get(f"/api/v1/events/{one.key}/words").json()
    assert (words["sampled"], words["items"][0]["word"]) == (6, "水管")
    asked = client.get(f"/api/v1/events/{one.key}/questions").json()["items"]
    assert any("抢修" in question["text"] for question in asked)
    assert client.get(f"/api/v1/events/{'b' * 16}/questions").status_code == 404


def test_an_alert_and_an_incident_lead_to_what_is_said_of_them(desk: MadeDesk) -> None:
    client = desk.client()
    page = client.get("/alerts/1").text
    assert 'href="/alerts/1/words"' in page
    to = client.get("/alerts/1/words")
    assert to.status_code == 303
    assert to.headers["location"].startswith("/search/words?since=")
    assert client.get(to.headers["location"]).status_code == 200
    assert client.get("/alerts/999/words").status_code == 404
    assert client.get("/incidents/999/words").status_code == 404
    assert client.get("/incidents/1/words").status_code == 303


def test_the_fields_of_an_address_are_those_of_a_search() -> None:
    chosen = search.choose(q=" 停水\x00 ", sentiment="x", days="5")
    assert (chosen["q"], chosen["sentiment"], chosen["days"]) == ("停水", "", "")
    assert Significant().words == ()
