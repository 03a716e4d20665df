"""Names are judged when they are first met: whatever was met before, they mean the same."""

from __future__ import annotations

from support.analyzer import DEHONG, RUILI, dehong

from analyzer.locality import Matcher
from analyzer.locality_gazette import Gazette
from registry import gazetteer
from registry.own_names import Area

TEXTS = (
    "瑞丽市姐告口岸昨天停电，德宏州供电局在抢修",
    "章凤镇上有人说朝阳区也停电了",
    "白银市场价格又涨了，白银市民都在问",
    "王瑞丽医生在城关镇卫生院上班",
)


def test_what_was_met_before_changes_nothing() -> None:
    fresh = Matcher(gazetteer.load(), [DEHONG, RUILI])
    together = fresh.find_many(TEXTS)
    assert together == [dehong().find(text) for text in TEXTS]
    assert together == [fresh.find(text) for text in reversed(TEXTS)][::-1]
    assert any(together)


def test_names_that_are_written_alike_count_as_the_first_in_the_alphabet() -> None:
    first = Area(code="533102-p1", name="台北路", level="place", parent="533102", own=True)
    other = Area(code="533102-p2", name="臺北路", level="place", parent="533102", own=True)
    for areas in ([first, other], [other, first]):
        assert [hit.code for hit in Matcher([], areas).find("臺北路堵车")] == ["533102-p1"]


def test_places_elsewhere_are_known_without_having_been_met() -> None:
    gazette = Gazette(gazetteer.load(), [DEHONG, RUILI])
    assert gazette.is_elsewhere("昆明")
    assert not gazette.is_elsewhere("瑞丽市")
    assert not gazette.is_elsewhere("发展")
    assert "昆明" in dehong().elsewhere()
    assert 5 not in dehong().elsewhere()
