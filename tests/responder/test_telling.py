"""Channels that are bound to addressees: who is told by what, and who by nothing."""

from datetime import timedelta

import pytest
from support.responder import NOON, Pager, signal

from registry import channels, notice_log, outbox, roster, units, users
from registry.duty import DutyRole
from responder import addressees
from responder.lanes import Limits
from responder.telling import Telling, tell
from responder.worker import Responder


def person(session, name: str, shown: str, *roles: users.Role) -> users.User:
    return users.create(
        session,
        name=name,
        password="correct-horse-9-battery",
        roles=frozenset(roles),
        display_name=shown,
        now=NOON,
    )


@pytest.fixture
def people(session):
    person(session, "zhang", "张三", users.Role.DUTY_OFFICER)
    person(session, "wang", "王局", users.Role.LEADER)
    units.put(session, units.Unit(id="zjj", name="住建局"))


def told(session, targets, bound, *, names=("console", "all", "boss")):
    """To which of the channels a notice for these targets goes, and what the log says."""
    kinds = dict.fromkeys(names, "webhook")
    channels.announce(session, kinds, now=NOON, bound=bound)
    to = addressees.resolve(session, targets, NOON).plain
    tell(
        session,
        [Telling(kind="t", key="k", due_at=NOON, payload={"text": "x"}, to=to)],
        channels=names,
        now=NOON,
    )
    rows = {row.channel: row for row in outbox.recent(session)}
    went = {name for name in names if rows[name].state == "waiting"}
    lines = [line.text for line in notice_log.recent(session) if line.word == notice_log.UNREACHED]
    return went, rows, lines


@pytest.mark.parametrize(
    ("target", "binding", "reached"),
    [
        ("角色:分管领导", "角色:分管领导", True),
        ("角色:分管领导", "用户:wang", True),
        ("用户:wang", "角色:分管领导", True),
        ("单位:zjj", "单位:zjj", True),
        ("单位:zjj", "单位:住建局", True),
        ("角色:值班员", "角色:分管领导", False),
        ("用户:zhang", "用户:wang", False),
        ("角色:分管领导", "单位:zjj", False),
    ],
)
def test_a_bound_channel_takes_what_is_for_its_addressees(
    session, people, target, binding, reached
):
    went, rows, _ = told(session, [target], {"boss": (binding,)})
    assert went == {"console", "all"} | ({"boss"} if reached else set())
    if not reached:
        assert rows["boss"].state == "not_sent"
        assert f"这个渠道只通知{binding}" in rows["boss"].detail


def test_whoever_is_on_duty_is_reached_as_such(session, people):
    person(session, "li", "李局", users.Role.ADMIN)
    hour = timedelta(hours=1)
    roster.override(
        session, name="李局", by="管理员", now=NOON, role=DutyRole.LEADER,
        start=NOON - hour, end=NOON + hour,
    )  # fmt: skip
    went, rows, _ = told(session, ["用户:li"], {"boss": ("在班:带班领导",)})
    assert "boss" in went
    assert rows["boss"].payload["to"][0]["name"] == "李局"


def test_where_nobody_is_on_duty_all_who_could_be_are_meant(session, people):
    went, _, _ = told(session, ["在班:带班领导"], {"boss": ("角色:分管领导",)})
    assert "boss" in went


def test_whom_no_channel_reaches_stands_in_the_log(session, people):
    went, rows, lines = told(
        session,
        ["角色:值班员", "角色:分管领导"],
        {"boss": ("角色:分管领导",)},
        names=("console", "boss"),
    )
    assert went == {"console", "boss"}
    assert lines == ["没有渠道能通知到张三（值班员），只列在控制台。请检查各渠道的 to 设置"]
    assert rows["console"].payload["unreached"] == ["张三（值班员）"]


def test_with_a_channel_for_everyone_nobody_is_unreached(session, people):
    assert told(session, ["角色:值班员"], {"boss": ("角色:分管领导",)})[2] == []


def test_the_tick_follows_the_bindings_and_the_desk_shows_them(office):
    with office.database.transaction() as session:
        person(session, "zhang", "张三", users.Role.DUTY_OFFICER)
    boss, console = Pager("boss"), Pager("console")
    office.responder.close()
    office.pagers = [console, boss]
    office.responder = Responder(
        office.log,
        office.database,
        office.pagers,
        office.watch,
        "two",
        limits={"boss": Limits(to=("角色:分管领导",))},
    )
    office.send(signal(1))
    office.tick()
    assert console.keys == ["alert:1:yellow"]
    assert boss.keys == []
    with office.database.reading() as session:
        assert channels.get(session, "boss").to == ("角色:分管领导",)
        (line,) = [one for one in notice_log.recent(session) if one.word == "unreached"]
    assert (line.alert, "张三" in line.text) == (1, True)
