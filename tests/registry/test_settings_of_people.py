"""Areas, units and monitoring rules: what people decide."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest
from sqlalchemy.orm import Session

from registry import alert_rules, areas, audit, units
from registry.alert_rules import AlertRule
from registry.areas import Area
from registry.db import Database
from registry.errors import InvalidInputError, NotFoundError
from registry.units import Unit

RULE = AlertRule(
    id="mixer",
    name="搅拌站扰民",
    any_of=("搅拌站", "混凝土"),
    all_of=("噪音",),
    none_of=("招聘",),
    areas=("5331",),
    sentiments=("negative",),
    min_count=5,
)


@pytest.fixture
def session(database: Database):
    with database.transaction() as made:
        yield made


class TestAreas:
    DEHONG = Area(
        code="5331",
        name="德宏傣族景颇族自治州",
        level="city",
        parent="53",
        own=True,
        aliases=("德宏", "德宏州"),
    )

    def test_own_areas_are_told_from_others(self, session: Session):
        areas.put(session, Area(code="53", name="云南省", level="province"))
        areas.put(session, self.DEHONG)
        assert areas.own(session) == [self.DEHONG]
        assert [area.code for area in areas.everything(session)] == ["53", "5331"]

    def test_putting_again_replaces_aliases(self, session: Session):
        areas.put(session, self.DEHONG)
        areas.put(session, msgspec.structs.replace(self.DEHONG, aliases=("德宏",)))
        areas.add_alias(session, "5331", " 孔雀之乡 ")
        areas.add_alias(session, "5331", "孔雀之乡")
        assert areas.own(session)[0].aliases == ("孔雀之乡", "德宏")

    def test_bad_input_is_told(self, session: Session):
        areas.put(session, self.DEHONG)
        with pytest.raises(NotFoundError, match="99"):
            areas.add_alias(session, "99", "x")
        with pytest.raises(InvalidInputError):
            areas.add_alias(session, "5331", "  ")
        with pytest.raises(InvalidInputError):
            areas.put(session, Area(code="", name="x", level="city"))


class TestUnits:
    def test_units_are_kept_with_their_names(self, session: Session):
        water = Unit(id="water", name="水务局", kind="department", head="王某", aliases=("水利局",))
        units.put(session, water)
        units.put(session, msgspec.structs.replace(water, parent="gov"))
        assert units.get(session, "water").parent == "gov"
        assert units.everything(session) == [units.get(session, "water")]

    def test_bad_input_is_told(self, session: Session):
        with pytest.raises(NotFoundError, match="nobody"):
            units.get(session, "nobody")
        for bad in (
            Unit(id="", name="x"),
            Unit(id="x", name=""),
            Unit(id="x", name="x", parent="x"),
        ):
            with pytest.raises(InvalidInputError):
                units.put(session, bad)


class TestAlertRules:
    def test_what_was_put_comes_back(self, session: Session, now: datetime):
        alert_rules.put(session, RULE, now=now)
        assert alert_rules.get(session, "mixer") == RULE
        assert alert_rules.everything(session) == [RULE]

    def test_changes_are_audited_once(self, session: Session, now: datetime):
        alert_rules.put(session, RULE, now=now, who="li")
        alert_rules.put(session, RULE, now=now, who="li")
        alert_rules.put(session, msgspec.structs.replace(RULE, min_count=3), now=now, who="li")
        alert_rules.remove(session, "mixer", now=now, who="li")
        assert [entry.action for entry in audit.entries(session)] == [
            "删除监测规则",
            "修改监测规则",
            "新建监测规则",
        ]
        with pytest.raises(NotFoundError, match="mixer"):
            alert_rules.get(session, "mixer")

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"id": " "}, "编号"),
            ({"name": ""}, "名称"),
            ({"any_of": ("", "x")}, "空白"),
            ({"min_count": 0}, "至少为 1"),
            ({"window_s": 0}, "时间窗"),
            ({"cooldown_s": -1}, "冷却"),
            ({"heat": "purple"}, "热度"),
            ({"sentiments": ("angry",)}, "angry"),
            ({"any_of": (), "all_of": (), "areas": (), "sentiments": ()}, "至少要有一个条件"),
        ],
    )
    def test_bad_rules_are_refused(
        self, session: Session, now: datetime, change: dict[str, object], said: str
    ):
        with pytest.raises(InvalidInputError, match=said):
            alert_rules.put(session, msgspec.structs.replace(RULE, **change), now=now)
