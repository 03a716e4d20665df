"""A rule file that changes while the service runs: taken in at a tick, or told and left."""

import os

import pytest
from support.responder import Pager

from registry import audit, outbox
from responder import incidents, query, rulebook
from responder.rulefile import RuleFile
from responder.worker import Responder

OURS = 'version = "{version}"\n[[rule]]\nid = "R1"\nlength = {{ hours = {hours} }}\n'


@pytest.fixture
def file(tmp_path):
    return tmp_path / "ours.toml"


@pytest.fixture
def desk(office, file):
    write(file, OURS.format(version="甲", hours=6))
    office.responder.close()
    office.pagers = [Pager("console"), office.pager]
    office.responder = Responder(
        office.log,
        office.database,
        office.pagers,
        office.watch,
        "two",
        plans=[RuleFile(file).on],
    )
    office.tick()
    return office


def write(file, text: str) -> None:
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(before + 10**9, before + 10**9))  # whatever the clock of the disk is


def opened(desk) -> int:
    now = desk.watch()
    with desk.database.transaction() as session:
        return incidents.open_incident(
            session, title="塌陷", by="张三", now=now, occurred=now, level="重大"
        ).id


def hours(desk, incident: int) -> float:
    with desk.database.reading() as session:
        detail = query.incident(session, incident, desk.watch())
        clock = next(one for one in detail.clocks if one.rule == "R1")
        began = incidents.get(session, incident).opened_at
        return (clock.due - began).total_seconds() / 3600


def notices(desk) -> list[str]:
    with desk.database.reading() as session:
        return [row.payload["text"] for row in outbox.recent(session) if row.channel == "console"]


def test_a_changed_file_holds_for_what_begins_after_it(desk, file):
    before = opened(desk)
    assert hours(desk, before) == 6
    write(file, OURS.format(version="乙", hours=7))
    desk.tick(seconds=3)
    after = opened(desk)
    assert (hours(desk, before), hours(desk, after)) == (6, 7)
    assert "时限规则文件已启用" in notices(desk)[0]
    with desk.database.reading() as session:
        actions = [entry.action for entry in audit.entries(session, limit=10)]
    assert actions.count("启用时限规则") == 2
    desk.tick(hours=3, minutes=31)  # 50 % of seven hours: reminders follow without a restart
    assert f"{after}:R1:0:50" in desk.pager.keys


def test_a_faulty_file_is_told_once_and_changes_nothing(desk, file):
    write(file, OURS.format(version="乙", hours=-1))
    for _ in range(5):
        desk.tick(seconds=3)
    told = [text for text in notices(desk) if "仍按原来的规则" in text]
    assert len(told) == 1
    assert f"规则文件 {file}：R1 的 length 应为正数" in told[0]
    assert told[0] in [notice.text for notice in desk.pager.got]
    assert hours(desk, opened(desk)) == 6
    file.unlink()
    desk.tick(seconds=3)
    assert "读不到规则文件" in notices(desk)[0]
    write(file, OURS.format(version="丙", hours=8))
    desk.tick(seconds=3)
    assert hours(desk, opened(desk)) == 8


def test_nothing_is_adopted_while_the_file_is_as_it_was(desk, file):
    write(file, OURS.format(version="甲", hours=6))
    desk.tick(seconds=3)
    with desk.database.reading() as session:
        assert len(rulebook.versions(session)) == 1
