"""辖区与单位: an alias is looked at before it is kept, by an administrator, with an audit entry."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from support.api import MadeDesk, make_desk
from support.posts import NOON, make_post, make_scored

from analyzer.locality import Matcher
from analyzer.units import UnitMatcher
from analyzer.words import is_ordinary
from registry import areas, audit, units
from registry.areas import Area
from registry.units import Unit
from registry.users import Role
from yuqing import stages
from yuqing.wiring import KnownNames

TEXTS = (
    "坝子里停水三天了，没有人管",
    "去坝子的路不好走",
    "坝子路口堵车",
    "《坝子杂志》新一期到了",
    "弄坝镇今天赶集，坝子很热闹",
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeDesk]:
    """A desk with a town, a bureau and posts of today and of last week."""
    with make_desk(tmp_path_factory.mktemp("desk")) as made:
        with made.database.transaction() as session:
            areas.put(
                session,
                Area(code="533103", name="弄坝镇", level="town", own=True, aliases=("弄坝",)),
            )
            units.put(
                session,
                Unit(
                    id="water",
                    name="水务局",
                    kind="department",
                    head="李四",
                    aliases=("自来水公司",),
                ),
            )
        now = made.clock()
        made.index.write(
            [
                make_scored(
                    f"d{n}",
                    title="",
                    text=text,
                    published_at=now - timedelta(minutes=n + 1),
                    areas=("533103",) if "弄坝" in text else (),
                )
                for n, text in enumerate(TEXTS)
            ]
            + [
                make_scored(f"w{n}", title="", text=TEXTS[0], published_at=now - timedelta(days=7))
                for n in range(3)
            ]
        )
        yield made


def audited(desk: MadeDesk) -> list[tuple[str, str, str]]:
    with desk.database.reading() as session:
        return [(one.action, one.subject, one.who) for one in audit.entries(session, limit=5)]


def aliases_of(desk: MadeDesk) -> tuple[tuple[str, ...], tuple[str, ...]]:
    with desk.database.reading() as session:
        return areas.own(session)[0].aliases, units.get(session, "water").aliases


class TestPreview:
    def test_it_says_how_many_of_a_day_would_be_hit_and_shows_some(self, desk: MadeDesk) -> None:
        found = (
            desk.client("管理员")
            .get("/api/v1/areas/533103/aliases/preview", params={"alias": "坝子"})
            .json()
        )
        assert (found["hits"], found["fresh"], found["looked_at"], found["every"]) == (3, 2, 5, 5)
        assert [one["hit"] for one in found["examples"]] == ["坝子"] * 3
        assert found["examples"][0]["after"] == "里停水三天了，没有人管"
        assert aliases_of(desk)[0] == ("弄坝",)

    def test_the_page_marks_the_hits_and_saves_nothing_by_itself(self, desk: MadeDesk) -> None:
        page = desk.client("管理员").get("/areas", params={"to": "area:533103", "alias": "坝子"})
        assert page.status_code == 200
        assert "过去 24 小时会命中" in page.text
        assert "<mark>坝子</mark>里停水三天了" in page.text
        assert "常用词" in page.text
        assert "部门" in page.text
        assert "department" not in page.text
        assert aliases_of(desk)[0] == ("弄坝",)

    def test_a_longer_name_covers_the_alias(self, desk: MadeDesk) -> None:
        page = desk.client("管理员").get(
            "/areas", params={"to": "area:533103", "alias": "弄坝", "act": "remove"}
        )
        assert 'class="num">0</span> 条' in page.text
        assert "去掉这个别名" in page.text

    def test_a_unit_is_looked_at_too(self, desk: MadeDesk) -> None:
        found = (
            desk.client("管理员")
            .get("/api/v1/units/water/aliases/preview", params={"alias": "停水"})
            .json()
        )
        assert (found["hits"], found["fresh"]) == (1, 1)

    @pytest.mark.parametrize(
        ("to", "alias", "said"),
        [
            ("area:533103", "坝", "至少 2 个字"),
            ("area:533103", "弄坝", "已是“弄坝镇”的别名"),
            ("area:533103", "弄坝镇", "不用再加别名"),
            ("area:999", "坝子", "没有代码为 999 的辖区"),
            ("unit:none", "坝子", "没有编号为 none 的单位"),
            ("elsewhere", "坝子", "请选择"),
            ("", "<b>坝", "请选择"),
            ("area:533103", "坝" * 31, "最多 30 个字"),
        ],
    )
    def test_what_can_not_be_an_alias_is_said(
        self, desk: MadeDesk, to: str, alias: str, said: str
    ) -> None:
        page = desk.client("管理员").get("/areas", params={"to": to, "alias": alias})
        assert page.status_code in {404, 409, 422}
        assert said in page.text
        assert "<b>坝" not in page.text

    def test_any_alias_can_be_looked_at(self, desk: MadeDesk) -> None:
        for alias in ('"坝子', "-坝子", "坝子 OR 停水", "😀😀", "%%", "a|b", "?\x00?"):
            answer = desk.client("管理员").get(
                "/areas", params={"to": "area:533103", "alias": alias}
            )
            assert answer.status_code == 200, alias


class TestKeeping:
    def test_an_alias_is_kept_after_a_look_and_taken_away_again(self, desk: MadeDesk) -> None:
        client = desk.client("管理员")
        form = {"to": "area:533103", "alias": "弄坝坝子", "looked": "1"}
        assert client.post("/areas/aliases", data=form).status_code == 303
        assert aliases_of(desk)[0] == ("弄坝", "弄坝坝子")
        assert audited(desk)[0] == ("加别名", "533103", "guanli")
        assert client.post("/areas/aliases", data={**form, "act": "remove"}).status_code == 303
        assert aliases_of(desk)[0] == ("弄坝",)
        assert audited(desk)[0] == ("去别名", "533103", "guanli")
        assert client.post("/areas/aliases", data={**form, "act": "remove"}).status_code == 404

    def test_a_unit_gets_and_loses_one(self, desk: MadeDesk) -> None:
        client = desk.client("管理员", token=True)
        added = client.post("/api/v1/units/water/aliases", json={"alias": "水司"})
        assert added.status_code == 201
        assert aliases_of(desk)[1] == ("自来水公司", "水司")
        assert client.delete("/api/v1/units/water/aliases/水司").status_code == 200
        assert aliases_of(desk)[1] == ("自来水公司",)
        assert client.delete("/api/v1/units/water/aliases/水司").status_code == 404

    def test_without_a_look_nothing_is_kept(self, desk: MadeDesk) -> None:
        answer = desk.client("管理员").post(
            "/areas/aliases", data={"to": "area:533103", "alias": "弄坝坝子"}
        )
        assert answer.status_code == 422
        assert "请先看预览" in answer.text
        assert aliases_of(desk)[0] == ("弄坝",)

    def test_an_ordinary_word_needs_a_tick(self, desk: MadeDesk) -> None:
        client = desk.client("管理员")
        form = {"to": "area:533103", "alias": "市场", "looked": "1"}
        refused = client.post("/areas/aliases", data=form)
        assert refused.status_code == 422
        assert "常用词" in refused.text
        assert client.post("/areas/aliases", data={**form, "sure": "1"}).status_code == 303
        assert "市场" in aliases_of(desk)[0]
        client.delete("/api/v1/areas/533103/aliases/市场")


def test_only_administrators_see_and_change_names(desk: MadeDesk) -> None:
    for role in Role:
        client = desk.client(role)
        expected = 200 if role is Role.ADMIN else 403
        assert client.get("/areas").status_code == expected
        previewed = client.get("/api/v1/areas/533103/aliases/preview", params={"alias": "坝子"})
        assert previewed.status_code == expected
        form = {"to": "area:533103", "alias": "弄坝坝子"}
        if role is not Role.ADMIN:
            assert client.post("/areas/aliases", data=form).status_code == 403
            assert client.delete("/api/v1/units/water/aliases/自来水公司").status_code == 403
            assert "/areas" not in client.get("/more").text
    assert "/areas" in desk.client(Role.ADMIN).get("/more").text


def test_the_running_scorer_takes_a_change_up(
    desk: MadeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``analyze`` does between two batches: names are compared and the matchers made anew."""

    def known() -> KnownNames:
        with desk.database.reading() as session:
            return KnownNames(
                areas=tuple(areas.everything(session)),
                units=tuple(units.everything(session)),
                source_areas={},
            )

    monkeypatch.setattr(KnownNames, "matcher", lambda names: Matcher((), names.areas))
    monkeypatch.setattr(stages, "NAMES_EVERY_S", 0.0)
    scoring: Any = SimpleNamespace(matcher=known().matcher(), units=UnitMatcher())
    names = stages.Names(SimpleNamespace(known_names=known), scoring)  # type: ignore[arg-type]
    text = make_post(text="弄坝坝子停水，水司在抢修", published_at=NOON).text
    assert scoring.matcher.find(text)[0].text == "弄坝"
    client = desk.client("管理员")
    for to, alias in (("area:533103", "弄坝坝子"), ("unit:water", "水司")):
        form = {"to": to, "alias": alias, "looked": "1"}
        assert client.post("/areas/aliases", data=form).status_code == 303
    names.look()
    assert scoring.matcher.find(text)[0].text == "弄坝坝子"
    assert scoring.units.find(text) == ("water",)


@pytest.mark.parametrize("word", ["发展", "市场", "学校", "城管", "人民"])
def test_words_of_everyday_speech_are_ordinary(word: str) -> None:
    assert is_ordinary(word)


@pytest.mark.parametrize("word", ["弄坝", "翠湖苑", "教育局", "瑞丽", "自来水公司", ""])
def test_names_are_not(word: str) -> None:
    assert not is_ordinary(word)


def test_words_are_asked_one_at_a_time_from_many_threads() -> None:
    asked: list[bool] = []
    threads = [threading.Thread(target=lambda: asked.append(is_ordinary("学校"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == [True] * 4
