"""事件线索: the list, one candidate, and what a person decides of it, on pages and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from support.api import MadeDesk, make_desk
from support.posts import make_scored

from registry import audit, events
from registry.events import Candidate, Member
from registry.users import Role

PLANT, SCHOOL, ROAD = "a" * 16, "b" * 16, "c" * 16


@pytest.fixture
def desk(tmp_path) -> Iterator[MadeDesk]:
    """A desk with three candidates; the first one's posts are in the index, but for one."""
    with make_desk(tmp_path) as made:
        now = made.clock()
        posts = [
            make_scored(f"p{n}", title="", text=f"搅拌站<b>噪音</b>{n}", published_at=now)
            for n in range(3)
        ]
        made.index.write(posts)
        hour = int(now.timestamp()) // 3600
        found = [
            Candidate(
                key=key,
                name=name,
                heat=heat,
                heat_version="heat-1",
                first_at=now - timedelta(hours=5),
                newest_at=now,
                body={
                    "words": ["搅拌站", "噪音"],
                    "first_post": posts[0].post.id if key == PLANT else "",
                    "posts": 4,
                    "copies": 2,
                    "sources": 2,
                    "hours": {str(hour - 5): 1, str(hour): 3},
                },
            )
            for key, name, heat in (
                (PLANT, "<i>搅拌站 噪音", 20.0),
                (SCHOOL, "双语学校 服务费", 10.0),
                (ROAD, "断头路", 5.0),
            )
        ]
        ids = [one.post.id for one in posts] + ["gone"]
        with made.database.transaction() as session:
            events.put(
                session,
                found,
                [Member(post, PLANT, now, "s") for post in ids]
                + [Member("school-post", SCHOOL, now, "s")],
                now=now,
            )
        yield made


def first_id(desk: MadeDesk) -> str:
    found = desk.client().get(f"/api/v1/events/{PLANT}").json()
    return str(found["first_post"])


def test_the_list_shows_name_heat_with_factors_curve_sources_and_first_post(desk: MadeDesk) -> None:
    page = desk.client(Role.AUDITOR).get("/events").text

    assert "&lt;i&gt;搅拌站 噪音" in page
    assert "<i>搅拌站" not in page
    assert page.index("搅拌站 噪音") < page.index("双语学校") < page.index("断头路")
    assert "近 6 小时 4 条" in page
    assert "公式版本 heat-1" in page
    assert 'role="img"' in page
    assert "2 个来源" in page
    assert "首帖" in page
    assert "只是线索，不是结论" in page


def test_one_candidate_shows_its_posts_and_says_what_is_missing(desk: MadeDesk) -> None:
    page = desk.client().get(f"/events/{PLANT}").text

    assert page.count(">拆出<") == 3
    assert "另有 1 条不在索引里" in page
    assert "据此立案" in page
    assert "双语学校" in page  # may be merged
    reader = desk.client(Role.AUDITOR).get(f"/events/{PLANT}").text
    assert "拆出<" not in reader
    assert "据此立案" not in reader


def test_merging_taking_out_and_dismissing_by_form(desk: MadeDesk) -> None:
    client = desk.client()
    post = first_id(desk)

    merged = client.post(f"/events/{PLANT}/merge", data={"other": SCHOOL}, follow_redirects=True)
    assert "以后两边的新帖都归到这里" in merged.text
    assert "已并入" in client.get(f"/events/{SCHOOL}").text
    taken = client.post(f"/events/{PLANT}/take-out", data={"post": post}, follow_redirects=True)
    assert "以后不再归到这条线索" in taken.text
    again = client.post(f"/events/{PLANT}/take-out", data={"post": post}, follow_redirects=True)
    assert again.status_code == 404
    assert "不在这条事件线索里" in again.text
    gone = client.post(f"/events/{ROAD}/dismiss", follow_redirects=True)
    assert "已记为不是事件" in gone.text
    assert "断头路" not in client.get("/events").text
    assert "断头路" in client.get("/events?state=no_event").text

    with desk.database.reading() as session:
        decided = [(one.kind, one.event, one.subject) for one in events.decisions(session)]
        said = [one.action for one in audit.entries(session, limit=20)]
    assert decided == [("merge", PLANT, SCHOOL), ("apart", PLANT, post)]
    assert {"合并事件线索", "拆出帖文", "不是事件"} <= set(said)


def test_an_incident_is_opened_from_a_candidate_with_its_name_filled_in(desk: MadeDesk) -> None:
    client = desk.client()
    form = client.get(f"/incidents/new?event={SCHOOL}").text
    assert 'value="双语学校 服务费"' in form
    assert f'action="/incidents/new?event={SCHOOL}"' in form

    opened = client.post(
        f"/incidents/new?event={SCHOOL}", data={"title": "岚江县学校收费"}, follow_redirects=True
    )

    assert "已立项" in opened.text
    assert client.get(f"/api/v1/events/{SCHOOL}").json()["state"] == "filed"
    twice = client.post(
        f"/incidents/new?event={SCHOOL}", data={"title": "岚江县学校收费"}, follow_redirects=True
    )
    assert twice.status_code == 409
    assert len(client.get("/api/v1/incidents").json()["items"]) == 1


def test_the_same_as_json(desk: MadeDesk) -> None:
    client = desk.client(token=True)

    listed = client.get("/api/v1/events").json()["items"]
    assert [one["key"] for one in listed] == [PLANT, SCHOOL, ROAD]
    assert listed[0]["heat"]["version"] == "heat-1"
    assert [one["posts"] for one in listed[0]["hours"]] == [1, 3]
    posts = client.get(f"/api/v1/events/{PLANT}/posts").json()["items"]
    assert len(posts) == 4
    assert set(posts[0]) == {"post", "at", "source"}
    assert client.post(f"/api/v1/events/{PLANT}/merge", json={"other": SCHOOL}).status_code == 200
    assert client.post(f"/api/v1/events/{PLANT}/merge", json={"other": SCHOOL}).status_code == 409
    assert client.post(f"/api/v1/events/{PLANT}/take-out", json={"post": "gone"}).json() == {
        "ok": True
    }
    assert client.post(f"/api/v1/events/{ROAD}/dismiss").json()["state"] == "no_event"
    assert client.get("/api/v1/events/ffffffffffffffff").status_code == 404
    assert client.get("/api/v1/events", params={"state": "x"}).status_code == 422


def test_who_may_only_read_decides_nothing(desk: MadeDesk) -> None:
    client = desk.client(Role.AUDITOR)

    for path in ("merge", "take-out", "dismiss"):
        answer = client.post(f"/events/{PLANT}/{path}", data={"other": SCHOOL, "post": "gone"})
        assert answer.status_code == 403
        assert "您的角色不能“整理事件线索”" in answer.text
    with desk.database.reading() as session:
        assert events.decisions(session) == []
