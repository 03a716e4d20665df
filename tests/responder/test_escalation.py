"""Escalation: who is told next of what nobody answers; silences, quiet hours, digests, duty."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from support.responder import NOON, Office, Pager, signal

from registry import notice_log, outbox, roster, silences, users
from registry.duty import DutyRole, Hours, Kind
from registry.errors import InvalidInputError
from registry.passwords import cheap
from registry.users import Role
from responder import alert_moves, alerts, incidents, policies, query
from responder.colours import colours
from responder.digest import Digester, last_slot, times
from responder.escalation import Matter, next_at, planned
from responder.holding import Holding, holding
from responder.policies import Policy, Step
from responder.watchkeeper import Watchkeeper
from responder.worker import Responder

PEOPLE = {
    "zhang": ("张三", Role.DUTY_OFFICER),
    "li": ("李四", Role.DUTY_OFFICER),
    "wang": ("王主任", Role.LEADER),
    "admin": ("管理员", Role.ADMIN),
}
MONDAY = datetime(2026, 3, 2, tzinfo=UTC).date()


class Desk(Office):
    """An office with people, a roster, and the watch over what nobody answers."""

    def __init__(self, database, **given) -> None:
        self.given = given
        super().__init__(database)
        with database.transaction() as session:
            for name, (shown, role) in PEOPLE.items():
                users.create(
                    session,
                    name=name,
                    password="翠湖边上的三棵老柳树",
                    roles=[role],
                    display_name=shown,
                    now=NOON,
                    hasher=cheap(),
                )

    def start(self, holder: str = "one", *pagers: Pager) -> Responder:
        keeping = self.given.get("holding", Holding())
        watch = Watchkeeper(holding=keeping)
        digester = Digester(times=self.given.get("times", ()))
        return Responder(
            self.log,
            self.database,
            list(pagers) or [self.pager],
            self.watch,
            holder,
            plans=[watch.on, digester.on],
            checks=watch.checks(),
            holding=keeping,
            colours=self.given.get("colours"),
        )

    def on_duty(self, name: str, role: DutyRole = DutyRole.OFFICER, kind: Kind = Kind.DAY):
        with self.database.transaction() as session:
            return roster.plan(
                session,
                day=MONDAY,
                kind=kind,
                role=role,
                name=name,
                by="x",
                now=NOON,
                hours=Hours(),
            )

    def do(self, act, *args, **given):
        with self.database.transaction() as session:
            return act(session, *args, now=self.watch(), **given)

    def told(self, kind: str = "escalation"):
        """(key, who), oldest first."""
        with self.database.reading() as session:
            rows = [row for row in reversed(outbox.recent(session, 200)) if row.kind == kind]
        return [
            (row.key.removeprefix(f"{kind}:").removesuffix(":pager"), names(row.payload))
            for row in rows
        ]

    def run(self, minutes: float, step_s: float = 60) -> None:
        until = self.watch() + timedelta(minutes=minutes)
        while self.watch() < until:
            self.tick(seconds=step_s)


def names(payload):
    return [one["name"] for one in payload["to"]]


@pytest.fixture
def desk(database) -> Desk:
    made = Desk(database)
    made.on_duty("zhang")
    made.on_duty("wang", DutyRole.LEADER)
    return made


# What is past: pure.


def matter(*steps: Step, since=NOON) -> Matter:
    policy = Policy(
        id="p", name="p", applies="预警", heats=frozenset(), thresholds=frozenset(), steps=steps
    )
    return Matter(key="alert:1:0", since=since, policy=policy, what="x", payload={})


def step(after, every=0, repeats=0) -> Step:
    return Step(
        after=timedelta(minutes=after),
        to=("角色:管理员",),
        every=timedelta(minutes=every),
        repeats=repeats,
    )


def past(one, minutes):
    now = NOON + timedelta(minutes=minutes)
    return [due.key.removeprefix("alert:1:0:") for due in planned([one], now)]


def test_steps_and_repeats_are_past_at_their_minute_and_not_before():
    one = matter(step(5, 5, 2), step(12, 10, None))
    assert past(one, 4.99) == []
    assert past(one, 5) == ["1:0"]
    assert past(one, 10) == ["1:1"]
    assert past(one, 15) == ["1:2", "2:0"]
    assert past(one, 20) == ["1:2", "2:0"]  # the first step repeats twice only
    assert past(one, 22) == ["1:2", "2:1"]
    assert past(one, 12 + 10 * 100) == ["1:2", "2:100"]


def test_when_the_next_step_is():
    one = matter(step(5, 5, 1), step(30))
    found = []
    now = NOON
    while (following := next_at(one, now)) is not None:
        assert following > now
        now = following
        found.append((now - NOON).total_seconds() / 60)
    assert found == [5, 10, 30]


# Alerts that nobody claims.


def test_a_red_alert_goes_up_step_by_step_until_somebody_claims_it(desk):
    desk.send(signal(1, heat="red"))
    desk.run(20)
    assert desk.told() == [
        ("alert:1:0:1:0", ["张三"]),
        ("alert:1:0:1:1", ["张三"]),
        ("alert:1:0:2:0", ["王主任"]),
        ("alert:1:0:2:1", ["王主任"]),
        ("alert:1:0:3:0", ["王主任"]),
    ]
    desk.do(alerts.claim, 1, by="张三")
    desk.run(60, step_s=600)
    assert len(desk.told()) == 5
    text = desk.pager.got[1].text
    assert "升级第 1 步；【红】预警 1《丽发新城附近搅拌站》无人认领" in text
    assert "通知：张三。" in text
    with desk.database.reading() as session:
        words = [line.word for line in notice_log.recent(session)]
    assert words == ["acknowledged", *["escalated"] * 5]


def test_looking_again_tells_nothing_twice_also_after_a_restart(desk):
    desk.send(signal(1, heat="red"))
    desk.run(4)
    desk.responder = desk.start("two")
    desk.run(1)
    assert [key for key, _ in desk.told()] == ["alert:1:0:1:0"]


def test_what_was_due_while_down_goes_out_once_for_each_step_marked_late(desk):
    desk.send(signal(1, heat="orange"))
    desk.tick()
    desk.responder.close()
    desk.watch.forward(minutes=47)
    desk.responder = desk.start("two")
    desk.tick()
    assert desk.told() == [("alert:1:0:1:1", ["张三"]), ("alert:1:0:2:0", ["王主任"])]
    assert "迟发：应于 2026-03-02 12:20 发出" in desk.pager.got[-2].text


def test_an_alert_that_grows_hotter_or_is_given_back_begins_anew(desk):
    desk.send(signal(1, heat="yellow"))
    desk.run(29)
    assert desk.told() == []
    desk.send(signal(2, heat="red"))
    desk.run(4)
    assert [key for key, _ in desk.told()] == ["alert:1:1:1:0"]
    desk.do(alerts.claim, 1, by="张三")
    desk.run(30, step_s=600)
    desk.do(alert_moves.release, 1, by="张三", reason="去现场")
    desk.run(3)
    assert [key for key, _ in desk.told()] == ["alert:1:1:1:0", "alert:1:2:1:0"]


def test_a_step_that_waits_for_its_receiver_is_not_sent_after_the_claim(desk):
    desk.send(signal(1, heat="red"))
    desk.tick()
    desk.pager.down = True
    desk.run(4)
    desk.do(alerts.claim, 1, by="李四")
    desk.pager.down = False
    desk.run(10)
    with desk.database.reading() as session:
        (row,) = [r for r in outbox.recent(session) if r.kind == "escalation"]
    assert (row.state, row.detail) == ("not_sent", "预警已由李四处置：已认领")


def test_old_news_and_blue_never_escalate(desk):
    desk.send(signal(1, heat="red", late=True), signal(2, heat="blue", fingerprint="b"))
    desk.run(200, step_s=300)
    assert desk.told() == []


# Clocks and levels.


def major(desk, **given):
    given = {"title": "某路段塌陷", "by": "张三", "occurred": desk.watch(), "level": "重大"} | given
    return desk.do(incidents.open_incident, **given).id


def of_rule(desk, rule, incident=1):
    return [
        (k.split(":", 2)[2], who) for k, who in desk.told() if k.startswith(f"{incident}:{rule}:")
    ]


def cover(desk):
    """Nobody is missing, day and night."""
    desk.on_duty("zhang", kind=Kind.MAJOR)
    desk.on_duty("wang", DutyRole.LEADER, kind=Kind.MAJOR)


def test_a_reminder_that_nobody_acknowledges_goes_up(desk):
    cover(desk)
    major(desk)
    desk.run(5 * 60 + 15, step_s=300)
    assert of_rule(desk, "R1") == [
        ("0:75:1:0", ["张三", "王主任"]),
        ("0:90:1:0", ["张三", "王主任"]),
        ("0:100:1:0", ["王主任"]),
        ("0:100:2:0", ["王主任"]),
    ]


def test_an_acknowledgement_ends_the_escalation_of_its_own_threshold_only(desk):
    cover(desk)
    number = major(desk)
    desk.run(3.76 * 60, step_s=300)
    desk.do(incidents.acknowledge, number, rule="R1", threshold=75, by="张三")
    desk.run(0.95 * 60, step_s=240)
    assert of_rule(desk, "R1") == [("0:90:1:0", ["张三", "王主任"])]


def test_after_due_an_acknowledgement_holds_for_half_an_hour_then_it_goes_up_again(desk):
    cover(desk)
    number = major(desk)
    desk.run(5 * 60, step_s=300)
    desk.run(2)
    seen = desk.do(incidents.acknowledge, number, rule="R1", threshold=100, by="张三")
    before = len(of_rule(desk, "R1"))
    desk.run(29, step_s=290)
    assert len(of_rule(desk, "R1")) == before
    desk.run(2)
    assert of_rule(desk, "R1")[before:] == [(f"0:100a{seen.seq}:1:0", ["王主任"])]


def test_no_level_after_an_hour_goes_up(desk):
    cover(desk)
    major(desk, level=None)
    desk.run(59)
    assert of_rule(desk, "level") == []
    desk.run(32)
    assert of_rule(desk, "level") == [
        ("0:100:1:0", ["王主任"]),
        ("0:100:1:1", ["王主任"]),
        ("0:100:2:0", ["王主任"]),
    ]
    desk.do(incidents.set_level, 1, "较大", by="王主任")
    desk.run(90, step_s=600)
    assert len(of_rule(desk, "level")) == 3


def test_a_clock_that_is_found_late_calls_somebody_at_once(desk):
    cover(desk)
    major(desk, occurred=NOON - timedelta(hours=7))
    desk.tick(seconds=1)
    assert of_rule(desk, "R1") == [("0:100:1:0", ["王主任"])]


# Nobody on duty.


def test_nobody_on_duty_is_an_alarm_each_hour_and_the_message_goes_to_all_who_could_be(desk):
    desk.watch.forward(hours=7.9)  # 19:54
    desk.tick()
    assert [key for key, _ in desk.told("duty")] == [
        "ahead:值班员:20260302T1200",
        "ahead:带班领导:20260302T1200",
    ]
    desk.watch.forward(minutes=10)
    desk.send(signal(1, heat="red", now=desk.watch()))
    desk.run(70, step_s=120)
    officer = [(key, who) for key, who in desk.told("duty") if "gap:值班员" in key]
    assert officer == [
        ("gap:值班员:20260302T1200:0", ["管理员", "王主任"]),
        ("gap:值班员:20260302T1200:1", ["管理员", "王主任"]),
    ]
    (first, *_) = desk.told()
    assert first == ("alert:1:0:1:0", ["张三", "李四"])
    with desk.database.reading() as session:
        texts = [row.payload["text"] for row in outbox.recent(session, 200)]
    assert any("现在没有值班员在班，改告全体值班员" in text for text in texts)


def test_a_gap_that_is_filled_meanwhile_is_not_told(desk):
    desk.watch.forward(hours=8, minutes=1)
    desk.pager.down = True
    desk.tick()
    for name, role in (("li", DutyRole.OFFICER), ("wang", DutyRole.LEADER)):
        desk.do(
            roster.override,
            name=name,
            by="x",
            role=role,
            start=NOON + timedelta(hours=8),
            end=NOON + timedelta(hours=20),
        )
    desk.pager.down = False
    desk.tick(minutes=1)
    with desk.database.reading() as session:
        found = {row.detail for row in outbox.recent(session) if row.kind == "duty"}
    assert found == {"已有人在班：李四", "已有人在班：王主任"}


def test_a_desk_without_a_roster_is_alarmed_by_a_major_incident_only(database):
    desk = Desk(database)
    desk.run(3)
    assert desk.told("duty") == []
    major(desk)
    desk.run(3)
    assert [key for key, _ in desk.told("duty")] == [
        "gap:值班员:20260302T0403:0",
        "gap:带班领导:20260302T0403:0",
    ]


def test_a_major_incident_asks_for_the_next_24_hours(desk):
    desk.run(2)
    assert desk.told("duty") == []  # the night is eight hours away
    major(desk)
    desk.run(2)
    assert [key for key, _ in desk.told("duty")] == [
        "ahead:值班员:20260302T1200",
        "ahead:带班领导:20260302T1200",
    ]


# Silence, quiet hours, digest.


def state_of(desk, number):
    with desk.database.reading() as session:
        rows = [r for r in outbox.recent(session, 99) if r.payload.get("alert") == number]
    return [(row.state, row.detail) for row in rows if row.kind == "alert"]


def test_a_silenced_alert_is_not_sent_and_says_until_when_and_red_ignores_it(desk):
    until = NOON + timedelta(hours=1)
    desk.do(silences.add, until=until, owner="张三", reason="检修", rule="mixing")
    desk.send(
        signal(1), signal(2, heat="red", fingerprint="r"), signal(3, rule="x", fingerprint="x")
    )
    desk.tick()
    assert state_of(desk, 1) == [("not_sent", "静默至 2026-03-02 13:00（张三：检修），列入摘要")]
    assert state_of(desk, 2)[0][0] == state_of(desk, 3)[0][0] == "sent"


def test_escalation_waits_for_the_end_of_a_silence(desk):
    until = NOON + timedelta(hours=1)
    desk.do(silences.add, until=until, owner="张三", reason="检修", rule="mixing")
    desk.send(signal(1))
    desk.run(88, step_s=240)
    assert desk.told() == []
    desk.run(3)
    assert desk.told() == [("alert:1:0:1:0", ["张三"])]  # 30 minutes after the silence


def test_a_silence_in_between_holds_the_steps_back(desk):
    desk.send(signal(1))
    desk.run(20)
    until = NOON + timedelta(hours=2)
    one = desk.do(silences.add, until=until, owner="张三", reason="检修", word="搅拌站")
    desk.run(40, step_s=240)
    assert desk.told() == []
    desk.do(silences.end, one.id, by="张三")
    desk.run(29)
    assert desk.told() == []
    desk.run(2)
    assert desk.told() == [("alert:1:0:1:0", ["张三"])]


QUIET = holding(quiet_from="22:00", quiet_until="07:00", digest_only=["blue"])


@pytest.mark.parametrize(
    ("heat", "hour", "sent"),
    [
        ("yellow", 21.99, True),
        ("yellow", 22, False),
        ("yellow", 6.99, False),
        ("yellow", 7, True),
        ("orange", 23, True),
        ("red", 23, True),
        ("blue", 12, False),
    ],
)
def test_quiet_hours_are_for_yellow_and_blue(heat, hour, sent):
    now = NOON + timedelta(hours=hour - 12)
    assert (QUIET.reason(heat, [], now) == "") is sent


def test_after_quiet_hours_the_wait_of_a_yellow_alert_begins():
    night = NOON + timedelta(hours=11)  # 23:00
    seven = NOON + timedelta(hours=19)
    assert QUIET.waits_since("yellow", night, [], night) is None
    assert QUIET.waits_since("yellow", night, [], seven) == seven
    assert QUIET.waits_since("red", night, [], night) == night
    assert QUIET.waits_since("orange", night, [], night) == night


def test_wrong_quiet_hours_are_told():
    with pytest.raises(InvalidInputError, match="红色"):
        holding(quiet_from="", quiet_until="", digest_only=["red"])
    with pytest.raises(InvalidInputError, match="25:00"):
        holding(quiet_from="25:00", quiet_until="07:00", digest_only=[])
    assert not holding(quiet_from="", quiet_until="", digest_only=[]).is_quiet(NOON)


DAILY = times(["08:00", "14:00", "20:00"])


def digests(desk):
    with desk.database.reading() as session:
        rows = [row for row in outbox.recent(session, 99) if row.kind == "digest"]
    return [(row.payload["alerts"], row.payload["text"]) for row in reversed(rows)]


def test_the_digest_lists_each_held_alert_once(database):
    desk = Desk(database, holding=QUIET, times=DAILY)
    desk.do(silences.add, until=NOON + timedelta(hours=3), owner="张三", reason="检修", word="搅拌")
    desk.send(
        signal(1, fingerprint="a"),
        signal(2, fingerprint="b", heat="blue", title="菌子市场"),
        signal(3, fingerprint="c", late=True, title="旧帖"),
        signal(4, fingerprint="d", heat="orange", title="停水"),
    )
    desk.run(115, step_s=300)
    assert digests(desk) == []
    desk.run(6, step_s=300)
    ((alerts_, text),) = digests(desk)
    assert alerts_ == [1, 3, 2]
    assert "2026-03-02 14:00 摘要：3 条预警没有单独发送（黄 2、蓝 1；" in text
    assert "补录 1" in text
    assert "静默至 2026-03-02 15:00 1" in text
    assert "【蓝】预警 2《菌子市场》（蓝色预警不单独发送；现为待处置）" in text
    desk.responder = desk.start("two")
    desk.send(signal(5, fingerprint="e", heat="blue", title="路灯", now=desk.watch()))
    desk.run(6.1 * 60, step_s=300)
    assert [found for found, _ in digests(desk)] == [[1, 3, 2], [5]]


def test_a_digest_that_was_missed_comes_with_the_next_start_and_misses_nothing(database):
    desk = Desk(database, holding=QUIET, times=DAILY)
    desk.send(signal(1, heat="blue"))
    desk.tick()
    desk.responder.close()
    desk.watch.forward(hours=20)
    desk.responder = desk.start("two")
    desk.tick()
    assert [found for found, _ in digests(desk)] == [[1]]
    desk.run(5 * 60, step_s=600)
    assert len(digests(desk)) == 1


def test_nothing_held_back_makes_no_digest(database):
    desk = Desk(database, times=DAILY)
    desk.send(signal(1))
    desk.run(9 * 60, step_s=600)
    assert digests(desk) == []


def test_the_last_fixed_hour():
    assert last_slot(DAILY, NOON) == NOON - timedelta(hours=4)
    assert last_slot(DAILY, NOON - timedelta(hours=5)) == NOON - timedelta(hours=16)
    assert last_slot((), NOON) is None
    assert times(["20:00", "08:00"]) == (time(8), time(20))
    with pytest.raises(InvalidInputError):
        times(["08:00", "08:00"])


# The log's words.


def test_a_signal_that_tells_nothing_new_is_logged_as_a_duplicate(desk):
    desk.send(signal(1), signal(2))
    desk.tick()
    with desk.database.reading() as session:
        (line,) = notice_log.recent(session)
    assert (line.word, line.alert) == ("duplicate", 1)
    assert "再次越线（第 2 次），已并入" in line.text


def test_announcements_and_reminders_name_who_is_on_duty(desk):
    cover(desk)
    major(desk, occurred=NOON - timedelta(hours=3))
    desk.send(signal(1))
    desk.tick(seconds=1)
    assert desk.told("alert") == [("1:yellow", ["张三"])]
    assert {tuple(who) for _, who in desk.told("reminder")} == {("张三",)}


def test_colours_reach_the_alert(database):
    desk = Desk(database, colours=colours({"orange": 2}))
    desk.send(signal(1, count=6, threshold=3))
    desk.tick()
    with desk.database.reading() as session:
        assert query.alert(session, 1).heat == "orange"


def test_an_acknowledged_reminder_stands_in_the_log(desk):
    number = major(desk, occurred=NOON - timedelta(hours=3))
    desk.do(incidents.acknowledge, number, rule="R1", threshold=50, by="张三")
    with desk.database.reading() as session:
        (line,) = notice_log.recent(session, incident=number)
    assert (line.word, line.text) == ("acknowledged", "张三确认事件 1 的 R1 50% 提醒")


# Policies as data.


def unit_file(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "unit.toml"
    file.write_text(text, encoding="utf-8")
    return file


STEP = 'step = [{ after_min = 1, to = ["在班:值班员"] }]\n'


def test_a_units_file_replaces_a_policy_by_id(tmp_path):
    text = '[[policy]]\nid = "alert-red"\nname = "红"\napplies = "预警"\nheats = ["red"]\n' + STEP
    found = policies.load(unit_file(tmp_path, 'version = "u1"\n' + text))
    assert found.version == "default-1+u1"
    assert [one.after for one in found.for_alert("red").steps] == [timedelta(minutes=1)]
    assert found.for_alert("orange") == policies.default().for_alert("orange")
    assert found.for_alert("blue") is None


POLICY = '[[policy]]\nid = "x"\nname = "x"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "不合 TOML 格式"),
        ("colour = 1", "不认识的键 colour"),
        ('policy = "x"', r"应写成 \[\[policy\]\]"),
        ('[[policy]]\nname = "x"\n', "（没有 id 的一条） 的 id 没有写"),
        (POLICY + 'applies = "天气"\n' + STEP, "x 的 applies 应为其中之一"),
        (POLICY + 'applies = "预警"\n' + STEP, "x 的 heats 没有写"),
        (POLICY + 'applies = "预警"\nheats = ["pink"]\n' + STEP, "heats 只能是"),
        (POLICY + 'applies = "定级"\nheats = ["red"]\n' + STEP, "只用于"),
        (POLICY + 'applies = "定级"\n', "x 的 step 至少要有一步"),
        (
            POLICY + 'applies = "定级"\nstep = [{ after_min = -1, to = ["在班:值班员"] }]',
            "after_min",
        ),
        (POLICY + 'applies = "定级"\nstep = [{ after_min = 1, to = ["门卫"] }]', "'门卫' 不认识"),
        (POLICY + 'applies = "定级"\nstep = [{ after_min = 1, to = [] }]', "告诉谁"),
        (
            POLICY + 'applies = "定级"\nstep = [{ after_min = 1, to = ["用户:a"], repeats = 2 }]',
            "没有写 repeat_min",
        ),
        (
            POLICY + 'applies = "定级"\nstep = [{ after_min = 5, to = ["用户:a"] }, '
            '{ after_min = 1, to = ["用户:a"] }]',
            "比前一步还早",
        ),
        (POLICY + 'applies = "定级"\n' + STEP, "level 与 x 冲突，都管未定级的事件"),
        (
            '[[policy]]\nid = "alert-red"\nname = "x"\napplies = "预警"\nheats = ["red"]\n'
            "enabled = false\n" + STEP,
            "没有一条管红色预警",
        ),
        ((POLICY + 'applies = "预警"\nheats = ["blue"]\n' + STEP) * 2, "x 出现了两次"),
    ],
)
def test_a_bad_policy_is_told_with_file_policy_and_key(tmp_path, text, said):
    with pytest.raises(InvalidInputError, match=said) as raised:
        policies.load(unit_file(tmp_path, text))
    assert "unit.toml" in str(raised.value)


def test_a_login_that_nobody_has_is_told(tmp_path, session):
    text = (
        POLICY + 'applies = "预警"\nheats = ["blue"]\n' + STEP.replace("在班:值班员", "用户:nobody")
    )
    found = policies.load(unit_file(tmp_path, text))
    (said,) = policies.strangers(session, found)
    assert "没有登录名为 nobody" in said
    assert policies.strangers(session, policies.default()) == []


def test_only_a_reminder_that_there_is_can_be_acknowledged(desk):
    number = desk.do(incidents.open_incident, title="塌陷", by="甲", occurred=NOON, level="重大").id
    with pytest.raises(InvalidInputError, match="没有 42% 这一道提醒，可确认：50%、75%、90%、100%"):
        desk.do(incidents.acknowledge, number, rule="R1", threshold=42, by="张三")
    with pytest.raises(InvalidInputError, match="可确认：100%"):
        desk.do(incidents.acknowledge, number, rule="level", threshold=75, by="张三")
    desk.do(incidents.acknowledge, number, rule="R1", threshold=90, by="张三")
