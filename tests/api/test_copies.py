"""转载与近似 in the console: said beside each post, and listed with its sources and hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from support import desk_data
from support.api import MadeDesk, make_desk
from support.posts import make_scored

from posts.errors import RetryError
from registry import copies
from registry.copies import Member
from registry.users import Role

STORY = "城东水库放水通知：今天下午三点起，下游的人不要下河。"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeDesk]:
    """One for all tests here, which only read: an original, sixty copies, and a lone post."""
    with make_desk(tmp_path_factory.mktemp("desk")) as made:
        desk_data.fill(made)
        now = made.clock()
        posts = [
            make_scored(
                f"c{n}",
                title="",
                text=("【转】" if n else "") + STORY + (" <b>" if n == 1 else ""),
                source=f"source{n % 11}",
                published_at=now - timedelta(hours=5, minutes=-n),
            )
            for n in range(61)
        ]
        made.index.write([*posts[:-1], make_scored("lone", title="", text="城东水库很漂亮")])
        with made.database.transaction() as session:
            copies.record(
                session,
                [
                    Member(one.post.id, posts[0].post.id, one.post.source, one.post.published_at)
                    for one in posts
                ],
            )
        yield made


def original() -> str:
    return make_scored("c0", source="source0").post.id


def test_a_found_post_says_what_it_is_and_how_many_others_there_are(desk: MadeDesk):
    page = desk.client().get("/search", params={"q": "水库"}).text
    assert "转载或近似</span>" in page
    assert "原发及同组共 61 篇（来自 11 个来源）" in page
    assert f'href="/copies/{original()}"' in page
    page = desk.client().get(f"/posts/{original()}").text
    assert "原发 · " in page
    assert "另有 60 篇转载或近似（来自 11 个来源）" in page
    lone = make_scored("lone").post.id
    assert "转载或近似" not in desk.client().get(f"/posts/{lone}").text


def test_the_list_has_the_original_the_copies_and_the_counts(desk: MadeDesk):
    client = desk.client()
    first = client.get(f"/copies/{original()}")
    assert first.status_code == 200
    assert "61</span> 篇" in first.text
    assert "其他来源" in first.text
    assert "<b>原发</b>" in first.text
    assert "<b>" not in first.text.replace("<b>原发</b>", "").split('id="h-all"')[1]
    second = client.get(f"/copies/{original()}?page=2")
    assert "上一页" in second.text
    assert "不在索引里" in second.text
    links = first.text.count('href="/posts/') + second.text.count('href="/posts/')
    assert links >= 60


def test_who_may_read_and_what_is_not_there(desk: MadeDesk):
    for role in (Role.DUTY_OFFICER, Role.ANALYST, Role.LEADER):
        assert desk.client(role).get(f"/copies/{original()}").status_code == 200
    assert desk.stranger().get(f"/copies/{original()}").status_code in {302, 303}
    missing = desk.client().get("/copies/none")
    assert missing.status_code == 404
    assert "没有这一组转载" in missing.text
    for strange in ("/copies/" + "x" * 81, f"/copies/{original()}?page=0"):
        assert desk.client().get(strange).status_code in {404, 422}


def test_counts_are_shown_while_the_index_is_away(
    desk: MadeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(ids: list[str]) -> None:
        raise RetryError("away")

    monkeypatch.setattr(desk.index, "get_many", away)
    page = desk.client().get(f"/copies/{original()}")
    assert page.status_code == 200
    assert "索引暂时连不上" in page.text
    assert "61</span> 篇" in page.text


def test_the_same_as_json_with_every_copy_counted(desk: MadeDesk):
    client, group = desk.client(Role.AUDITOR, token=True), original()
    told = client.get(f"/api/v1/copies/{group}").json()
    assert (told["original"], told["posts"], told["copies"], told["sources"]) == (group, 61, 60, 11)
    copy = make_scored("c7", source="source7").post.id
    assert client.get(f"/api/v1/posts/{copy}/copies").json() == told
    listed = client.get(f"/api/v1/copies/{group}/posts", params={"limit": 60}).json()
    assert [one["is_original"] for one in listed["items"]] == [True] + [False] * 59
    rest = client.get(f"/api/v1/copies/{group}/posts", params={"offset": listed["next"]}).json()
    assert (len(rest["items"]), rest["next"]) == (1, None)
    counted, following = 0, 0
    while following is not None:
        page = client.get(
            f"/api/v1/copies/{group}/counts", params={"limit": 7, "offset": following}
        ).json()
        counted, following = counted + sum(one["posts"] for one in page["items"]), page["next"]
    assert counted == 61


def test_json_is_for_who_is_signed_in_and_says_what_is_not_there(desk: MadeDesk):
    paths = [f"copies/{original()}", f"copies/{original()}/posts", f"copies/{original()}/counts"]
    for path in (*paths, f"posts/{original()}/copies"):
        assert desk.stranger().get(f"/api/v1/{path}").status_code == 401, path
        for role in Role:
            assert desk.client(role).get(f"/api/v1/{path}").status_code == 200, path
    lone = make_scored("lone").post.id
    for path in (f"posts/{lone}/copies", "copies/none", "copies/none/posts", "copies/none/counts"):
        missing = desk.client().get(f"/api/v1/{path}")
        assert missing.status_code == 404, path
        assert "没有这一组转载" in missing.json()["error"]["message"]
    assert desk.client().get("/api/v1/copies/" + "x" * 81).status_code == 422
