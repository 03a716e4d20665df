"""What decides what: line by line, each test is named after the sentence that it keeps."""

from datetime import timedelta

import pytest
from support.clocks import EVIDENCE, Book, at
from support.responder import NOON

from registry import outbox
from registry.errors import InvalidInputError
from responder import hints, incidents, query, reminders, rulebook
from responder.checks import check_entry
from responder.clocks import State, judge
from responder.drafts import draft
from responder.entries import (
    Acknowledgement,
    Clarification,
    Correction,
    EventType,
    Evidence,
    FalseClaim,
    Instant,
    Issuer,
    Level,
    MayGrow,
    Merge,
    MergedInto,
    Moment,
    NotApplicable,
    Opened,
    Order,
    Release,
    Reopen,
    Report,
    ReportKind,
    ReportStatus,
    Settled,
    Status,
)
from responder.rules import desk, load, national, variants
from responder.series import elapsed
from responder.timers import UNDECIDED, timers_of
from responder.workdays import load_calendar

DESK = desk()
START = "2026-03-02T08:00"


def major() -> Book:
    return Book().occurred(START).level("重大", "2026-03-02T08:10")


def verdict(book: Book, now: str, rule: str = "R1", rules=None):
    found = judge(book.entries, rules=rules or national(), calendar=load_calendar(), now=at(now))
    return next(one for one in found if one.clock.rule == rule)


def report(book: Book, when: str, method: ReportKind = ReportKind.PHONE, **fields: object) -> Book:
    return book.put(Report, when, method=method, to="州政府", evidence=EVIDENCE, **fields)


# Hours run through nights, weekends and holidays; working days by the State Council's calendar.


def test_hours_run_through_nights_weekends_and_holidays():
    book = Book().occurred("2026-02-16T22:00").level("重大", "2026-02-16T22:05")
    clocks = book.judged("2026-02-16T23:00")
    assert clocks["R1"].due == at("2026-02-17T03:00")  # the night to New Year's Day
    assert clocks["R2"].due == at("2026-02-17T22:00")


def test_working_days_the_first_day_is_not_counted_the_last_ends_at_24():
    book = Book().moment(Moment.PUBLISHED, "2026-09-30T09:00")
    assert book.judged("2026-09-30T10:00")["R5"].due == at("2026-10-11T00:00")


def test_past_the_tables_end_a_deadline_is_provisional_and_says_so_and_never_raises():
    book = Book().moment(Moment.PUBLISHED, "2027-06-01T09:00").occurred("2027-06-01T09:00")
    clocks = book.level("重大", "2027-06-01T09:00").judged("2027-06-01T10:00")
    assert clocks["R5"].provisional
    assert "暂定" in clocks["R5"].reason
    assert not clocks["R1"].provisional


# Four instants are kept side by side.


def test_four_instants_are_kept_side_by_side_each_with_who_said_it(session):
    made = incidents.open_incident(
        session, title="塌陷", by="张三", now=NOON, occurred=NOON - timedelta(hours=3)
    )
    for minutes, which, who in ((50, "reported", "派出所"), (10, "classified", "县长")):
        body = {
            "type": "instant",
            "which": which,
            "value": NOON - timedelta(minutes=minutes),
            "said_by": who,
            "evidence": {"file": "记录.pdf"},
        }
        incidents.add(session, made.id, draft(body, by="张三", now=NOON), now=NOON)
    found = query.incident(session, made.id, NOON).moments
    assert set(found) == {"occurred", "detected", "reported", "classified"}
    assert found["reported"].entry.said_by == "派出所"
    assert found["reported"].entry.evidence.file == "记录.pdf"


def test_each_rule_names_the_instant_it_runs_from():
    book = Book().occurred("2026-03-02T08:00").detected("2026-03-02T08:10")
    book.reported("2026-03-02T08:20").level("重大", "2026-03-02T08:30")
    book.typed("事故灾难", "2026-03-02T08:30")
    starts = {r: c.start for r, c in book.judged("2026-03-02T08:40", rules=DESK).items()}
    assert starts["R1"] == starts["R2"] == starts["R4-1"] == starts["R4-2"] == at(START)
    assert starts["R4b"] == at("2026-03-02T08:20")
    health = Book().occurred(START).detected("2026-03-02T08:10").level("一般", "2026-03-02T08:30")
    clocks = health.typed("公共卫生", "2026-03-02T08:30").judged("2026-03-02T08:40", rules=DESK)
    assert clocks["R4c"].due == at("2026-03-02T10:10")
    assert "R4b" not in clocks


def test_occurrence_unknown_the_earliest_of_first_post_and_report_marked_estimated():
    book = Book().reported("2026-03-02T09:00").moment(Moment.FIRST_POST, "2026-03-02T08:20")
    clock = book.level("重大", "2026-03-02T09:10").judged("2026-03-02T09:20")["R1"]
    assert (clock.start, clock.basis) == (at("2026-03-02T08:20"), "事发（估计）")
    assert "（估计）" in clock.reason


def test_an_estimate_yields_to_what_is_certain_but_a_stopped_clock_stays():
    book = Book().moment(Moment.OCCURRED, START, estimated=True).level("重大", "2026-03-02T08:10")
    running = Book()
    running.entries = list(book.entries)
    running.occurred("2026-03-02T07:00", written="2026-03-02T09:00")
    assert running.judged("2026-03-02T09:10")["R1"].start == at("2026-03-02T07:00")
    book.release("2026-03-02T12:00").occurred("2026-03-02T06:00", written="2026-03-02T13:00")
    frozen = book.judged("2026-03-02T14:00")["R1"]
    assert (frozen.state, frozen.margin_s) == (State.MET, 3600)
    assert book.judged("2026-03-02T14:00")["R2"].start == at("2026-03-02T06:00")


# Level is decided by a person.


def test_the_machine_only_proposes_no_code_sets_a_level(session):
    made = incidents.open_incident(session, title="死亡 30 人", by="张三", now=NOON)
    assert made.level == ""
    assert hints.accident_level(dead=30) is Level.EXTREME


def test_until_a_level_is_set_r1_and_r2_run_as_conditional_from_the_same_basis():
    book = Book().occurred(START)
    pending = book.judged("2026-03-02T09:00")
    assert {c.state for c in pending.values()} == {State.CONDITIONAL}
    decided = book.level("重大", "2026-03-02T09:00").judged("2026-03-02T09:00")
    assert decided["R1"].due == pending["R1"].due


def test_conditional_clocks_remind_and_escalate():
    entries = Book().put(Opened, START, title="塌陷").occurred(START).entries
    found = timers_of(
        1, entries, at("2026-03-02T10:40"), rules=national(), calendar=load_calendar(),
        every=timedelta(minutes=30),
    )  # fmt: skip
    r1 = next(timer for timer in found if timer.rule == "R1")
    assert [rung.threshold for rung in r1.past] == [50]
    assert r1.state == "conditional"


def test_they_enter_statistics_only_if_major_follows():
    book = Book().occurred(START).release("2026-03-02T09:00")
    assert "定为特别重大或重大后计入统计" in book.judged("2026-03-02T10:00")["R1"].reason
    assert "R1" not in book.level("一般", "2026-03-02T10:00").judged("2026-03-02T10:00")


def test_no_level_after_60_minutes_is_itself_an_alarm(session):
    assert timedelta(minutes=60) == UNDECIDED
    incidents.open_incident(session, title="塌陷", by="张三", now=NOON)
    reminders.plan(session, NOON + timedelta(minutes=59))
    assert not [m for m in outbox.recent(session, 50) if m.payload["rule"] == "level"]
    reminders.plan(session, NOON + timedelta(minutes=60))
    told = [m for m in outbox.recent(session, 50) if m.payload["rule"] == "level"]
    assert "仍未定级" in told[0].payload["text"]


def test_event_types_and_social_security_has_no_default_level():
    assert [kind.value for kind in EventType] == [
        "自然灾害", "事故灾难", "公共卫生", "社会安全", "不属突发事件",
    ]  # fmt: skip
    book = Book().occurred(START).typed("社会安全", "2026-03-02T08:10")
    assert book.judged("2026-03-02T09:00")["R1"].state is State.CONDITIONAL


def test_what_is_no_emergency_has_r3_only():
    book = Book().detected(START).typed("不属突发事件", "2026-03-02T08:10")
    assert set(book.judged("2026-03-02T09:00", rules=DESK)) == {"R3"}


# Edges.


def test_a_stop_at_the_due_instant_is_in_time_overdue_begins_with_the_next():
    assert major().release("2026-03-02T13:00").judged("2026-03-02T14:00")["R1"].state is State.MET
    late = major().release("2026-03-02T13:00:00.000001").judged("2026-03-02T14:00")["R1"]
    assert (late.state, late.margin_s) == (State.MET_LATE, -1)
    assert major().judged("2026-03-02T13:00")["R1"].state is State.DUE_SOON
    assert major().judged("2026-03-02T13:00:00.000001")["R1"].state is State.OVERDUE


def test_due_soon_from_75_percent_of_the_length():
    assert major().judged("2026-03-02T11:44:59.999999")["R1"].state is State.RUNNING
    assert major().judged("2026-03-02T11:45")["R1"].state is State.DUE_SOON


def test_thresholds_already_past_when_a_clock_attaches_collapse_into_one_reminder(session):
    incidents.open_incident(
        session, title="塌陷", by="张三", now=NOON, occurred=NOON - timedelta(hours=4, minutes=45),
        level="重大",
    )  # fmt: skip
    reminders.plan(session, NOON)
    told = [m for m in outbox.recent(session, 50) if m.payload["rule"] == "R1"]
    assert [(m.payload["threshold"], m.payload["folded"]) for m in told] == [(90, [50, 75])]
    assert not told[0].payload["late"]
    for minutes in (15, 45, 75):  # later ones do not name them again
        reminders.plan(session, NOON + timedelta(minutes=minutes))
    told = [m for m in outbox.recent(session, 50) if m.payload["rule"] == "R1"]
    assert [m.payload["folded"] for m in reversed(told)] == [[50, 75], [], [], []]


def test_what_was_overdue_on_arrival_is_named_once_and_not_with_each_repeat(session):
    incidents.open_incident(
        session, title="塌陷", by="张三", now=NOON, occurred=NOON - timedelta(hours=7), level="重大"
    )
    for minutes in (0, 5, 30, 60):
        reminders.plan(session, NOON + timedelta(minutes=minutes))
    told = [m for m in outbox.recent(session, 80) if m.payload["rule"] == "R1"]
    assert [m.payload["folded"] for m in reversed(told)] == [[50, 75, 90, 100], [], []]


# Upgrade, downgrade, late discovery.


def test_upgrade_attaches_with_the_original_basis_breached_at_once_with_minutes_since():
    book = Book().occurred(START).detected(START).level("较大", START)
    book.level("重大", "2026-03-02T14:00")
    clocks = book.judged("2026-03-02T14:25")
    assert clocks["R1"].state is State.OVERDUE
    assert "升级认定" in clocks["R1"].reason
    assert "距认定 25 分钟" in clocks["R1"].reason
    assert clocks["R2"].due == at("2026-03-03T08:00")
    assert clocks["R3"].state is State.REVOKED


def test_downgrade_ends_them_as_revoked_with_reason_and_approver_and_attaches_r3():
    book = major().level("一般", "2026-03-02T09:00", signer="王县长", criteria="核减")
    clocks = book.judged("2026-03-02T10:00")
    assert clocks["R1"].state is clocks["R2"].state is State.REVOKED
    assert "王县长 签发" in clocks["R1"].reason
    assert "核减" in clocks["R1"].reason
    assert clocks["R3"].state is State.RUNNING


def test_a_breach_stays():
    one = verdict(major().level("一般", "2026-03-02T13:01"), "2026-03-03T10:00")
    assert one.breached
    assert one.clock.state is State.OVERDUE


def test_late_discovery_breached_at_once_and_someone_is_called_at_once(session):
    incidents.open_incident(
        session, title="塌陷", by="张三", now=NOON, occurred=NOON - timedelta(hours=9),
        detected=NOON, level="重大",
    )  # fmt: skip
    clock = next(c for c in query.open_clocks(session, NOON) if c.rule == "R1")
    assert clock.state is State.OVERDUE
    assert "发现即超期" in clock.reason
    reminders.plan(session, NOON)
    assert any(m.payload["rule"] == "R1" for m in outbox.due(session, now=NOON, limit=9))


# Merge, split, reopen: more in test_joining.


def test_merge_earliest_basis_strictest_level_a_release_counts_only_when_marked():
    book = Book().occurred(START).level("一般", "2026-03-02T08:10")
    earlier = at("2026-03-02T06:00")
    book.put(Merge, "2026-03-02T09:00", other=2, occurred=earlier, level=Level.MAJOR)
    book.put(Release, "2026-03-02T09:30", status=Status.PUBLISHED, origin=2)
    assert book.judged("2026-03-02T09:40")["R1"].start == earlier
    assert book.judged("2026-03-02T09:40")["R1"].state is State.RUNNING
    book.put(Release, "2026-03-02T09:35", status=Status.PUBLISHED, origin=2, whole=True)
    assert book.judged("2026-03-02T09:40")["R1"].state is State.MET


def test_what_is_merged_into_another_ends_there_and_a_breach_stays():
    book = major().put(MergedInto, "2026-03-02T09:00", other=2)
    clock = book.judged("2026-03-02T20:00")["R1"]
    assert clock.state is State.REVOKED
    assert "并入事件 2" in clock.reason
    late = major().put(MergedInto, "2026-03-02T14:00", other=2).judged("2026-03-02T20:00")["R1"]
    assert late.state is State.OVERDUE


def test_reopen_a_new_cycle_that_states_its_own_basis_the_old_result_stays():
    book = major().release("2026-03-02T12:00")
    book.put(Reopen, "2026-03-05T10:00", basis=at("2026-03-05T09:00"), reason="再起")
    found = judge(
        book.entries, rules=national(), calendar=load_calendar(), now=at("2026-03-05T10:00")
    )
    r1 = [(v.cycle, v.clock.state.value, v.clock.basis) for v in found if v.clock.rule == "R1"]
    assert r1 == [(0, "met", "事发"), (1, "running", "重启")]


# No pause, not applicable.


def test_no_pause_for_r1_to_r4_there_is_no_entry_that_pauses():
    with pytest.raises(InvalidInputError, match="没有“pause”这种记录"):
        draft({"type": "pause"}, by="张三", now=NOON)
    book = major()
    due = book.judged("2026-03-02T09:00")["R1"].due
    book.put(Acknowledgement, "2026-03-02T09:00", rule="R1", threshold=50)
    book.release("2026-03-02T09:10", Status.APPROVED).typed("事故灾难", "2026-03-02T09:20")
    assert book.judged("2026-03-02T10:00")["R1"].due == due


def test_not_applicable_only_with_reason_clause_and_second_and_the_wall_time_stays_visible():
    book = major().put(
        NotApplicable, "2026-03-02T09:00", rule="R2", reason="省级召开", clause="3.3.5",
        second="李四",
    )  # fmt: skip
    clock = book.judged("2026-03-03T09:00")["R2"]
    assert clock.state is State.NOT_APPLICABLE
    assert "自然时间已超时 1 小时 0 分" in clock.reason
    assert clock.margin_s == -3600


def test_not_applicable_for_one_clock_of_a_series_and_a_breach_is_as_it_was_when_signed():
    book = major().release("2026-03-02T09:00")
    book.put(
        NotApplicable, "2026-03-02T10:00", rule="R7.1", reason="已移交", clause="x", second="李四"
    )
    found = judge(book.entries, rules=DESK, calendar=load_calendar(), now=at("2026-03-04T09:00"))
    one = next(verdict for verdict in found if verdict.clock.rule == "R7.1")
    assert one.clock.state is State.NOT_APPLICABLE
    assert "已移交" in one.clock.reason
    assert not one.breached


# Stop needs evidence.


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (Evidence(), "渠道"),
        (Evidence(channel="网站"), "网址或地点"),
        (Evidence(channel="网站", url="https://example.gov.cn"), "签发人"),
    ],
)
def test_stop_needs_evidence_channel_and_url_or_place_and_who_signed(evidence, said):
    entry = Release(at=NOON, written_at=NOON, status=Status.PUBLISHED, evidence=evidence)
    with pytest.raises(InvalidInputError, match=said):
        check_entry(entry, major().entries, open_=True, rules=national(), now=NOON)


def test_the_stop_is_the_signed_entry_shown_unverified_where_only_the_signer_says_when():
    evidence = Evidence(channel="微信", url="https://e.cn", signer="李", unverified=True)
    book = major().put(Release, "2026-03-02T12:00", status=Status.PUBLISHED, evidence=evidence)
    assert "时间待核实" in book.judged("2026-03-02T13:00")["R1"].reason


def test_drafted_approved_scheduled_and_acknowledged_do_not_stop_a_clock():
    book = major()
    for status in (Status.DRAFTED, Status.APPROVED, Status.SCHEDULED):
        book.release("2026-03-02T09:00", status)
    report(book, "2026-03-02T08:20", status=ReportStatus.DRAFTED)
    book.put(Acknowledgement, "2026-03-02T09:00", rule="R1", threshold=50)
    clocks = book.judged("2026-03-02T10:00", rules=DESK)
    assert clocks["R1"].state is State.RUNNING
    assert clocks["R4-1"].state is State.OVERDUE


def test_where_the_higher_body_releases_its_release_is_the_evidence():
    clock = major().release("2026-03-02T10:00", issuer=Issuer.HIGHER).judged("2026-03-02T11:00")
    assert clock["R1"].state is State.MET
    assert "由上级" in clock["R1"].reason


# Verdict.


def test_verdict_with_the_margin_frozen_at_the_stop():
    book = major().release("2026-03-02T12:00")
    before = book.judged("2026-03-02T12:00")["R1"]
    book.level("一般", "2026-03-02T15:00").level("特别重大", "2026-03-02T16:00")
    book.release("2026-03-02T08:30", written="2026-03-02T17:00")
    book.put(NotApplicable, "2026-03-02T18:00", rule="R1", reason="x", clause="x", second="李四")
    assert book.judged("2026-03-09T12:00")["R1"] == before


def test_entries_pin_the_rule_version_in_force_at_the_basis(session):
    made = incidents.open_incident(
        session, title="塌陷", by="张三", now=NOON, occurred=NOON, level="重大"
    )
    rulebook.adopt(session, DESK, who="系统", now=NOON)
    assert {c.rule for c in query.incident(session, made.id, NOON).clocks} == {"R1", "R2"}
    entry = incidents.entries(session, made.id)[0]
    assert (entry.rules, entry.calendar) == (national().version, "cn-2026")


def test_correcting_needs_reason_evidence_and_a_second_and_the_earlier_verdict_stays_counted():
    book = major().release("2026-03-02T13:30")
    book.put(
        Correction, "2026-03-02T16:00", target=3, value=at("2026-03-02T12:30"),
        reason="以网页为准", second="李四", evidence=EVIDENCE,
    )  # fmt: skip
    one = verdict(book, "2026-03-02T17:00")
    assert one.clock.state is State.MET
    assert one.breached
    assert "更正前" in one.clock.reason
    assert "超时（超出 30 分钟）" in one.clock.reason


def test_after_expiry_the_countdown_goes_on_hours_and_days():
    assert "已超时 1 小时 30 分" in major().judged("2026-03-02T14:30")["R1"].reason
    book = Book().moment(Moment.PUBLISHED, "2026-09-24T09:00")
    assert "逾期 1 天 9 小时" in book.judged("2026-10-02T09:00")["R5"].reason


# Reminders.


def planned(session, minutes: float) -> list[tuple[int, bool]]:
    now = NOON + timedelta(minutes=minutes)
    reminders.plan(session, now)
    found = outbox.recent(session, 200)
    return [
        (m.payload["threshold"], m.payload["repeat"])
        for m in reversed(found)
        if m.payload["rule"] == "R1"
    ]


@pytest.fixture
def running(session):
    return incidents.open_incident(
        session, title="塌陷", by="张三", now=NOON, occurred=NOON, level="重大"
    )


def test_reminders_at_50_75_90_100_percent_and_then_every_n_minutes(session, running):
    for minutes in (149, 150, 225, 270, 300, 329, 330, 360):
        seen = planned(session, minutes)
    assert seen == [(50, False), (75, False), (90, False), (100, False), (100, True), (100, True)]


def test_an_acknowledgement_ends_its_own_threshold_the_next_is_always_sent(session, running):
    planned(session, 150)
    seen_at = NOON + timedelta(minutes=151)
    incidents.acknowledge(session, running.id, rule="R1", threshold=50, by="张三", now=seen_at)
    assert planned(session, 225) == [(50, False), (75, False)]


def test_after_100_percent_an_acknowledgement_expires_in_30_minutes(session, running):
    planned(session, 300)
    seen_at = NOON + timedelta(minutes=310)
    incidents.acknowledge(session, running.id, rule="R1", threshold=100, by="张三", now=seen_at)
    before = len(planned(session, 339))
    assert len(planned(session, 340)) == before + 1


def test_what_was_due_while_the_service_was_down_goes_out_once_the_newest_marked_late(
    session, running
):
    planned(session, 400)
    told = [m.payload for m in outbox.recent(session, 50) if m.payload["rule"] == "R1"]
    assert len(told) == 1
    assert told[0]["late"]
    assert "迟发：应于" in told[0]["text"]


# Responsibility.


@pytest.mark.parametrize(
    ("level", "body"),
    [("特别重大", "省级"), ("重大", "省级"), ("较大", "市级"), ("一般", "县级")],
)
def test_first_judgement_decides_the_command(level, body):
    assert hints.command(Level(level)) == body


def test_responsibility_unit_common_upper_vertical_and_heavy():
    told = "".join(
        hints.responsibility(
            level=Level.MAJOR, places=3, vertical=True, heavy=True, unit="县应急局"
        )
    )
    for said in (
        "县应急局是信息发布第一责任人，主要负责人是第一新闻发言人",
        "涉及 3 个地方，由共同的上级部门",
        "垂直管理部门的舆情，由上级主管部门",
        "由省级或者牵头的中央部门发布",
        "初判重大的，由省级指挥",
        "政府办公室和宣传部门统筹协调",
    ):
        assert said in told
    assert "中央部门" not in "".join(hints.responsibility(level=Level.LARGE, heavy=True))


@pytest.mark.parametrize(
    ("dead", "hurt", "loss", "level"),
    [
        (30, 0, 0, "特别重大"), (29, 0, 0, "重大"), (10, 0, 0, "重大"), (9, 0, 0, "较大"),
        (3, 0, 0, "较大"), (2, 0, 0, "一般"), (0, 100, 0, "特别重大"), (0, 99, 0, "重大"),
        (0, 50, 0, "重大"), (0, 49, 0, "较大"), (0, 10, 0, "较大"), (0, 9, 0, "一般"),
        (0, 0, 1e8, "特别重大"), (0, 0, 5e7, "重大"), (0, 0, 1e7, "较大"), (0, 0, 9e6, "一般"),
    ],
)  # fmt: skip
def test_levels_of_accidents_are_hints_beside_the_picker(dead, hurt, loss, level):
    assert hints.accident_level(dead=dead, hurt=hurt, loss=loss).value == level


def test_a_hint_says_that_a_person_decides_and_names_what_is_near():
    told = hints.accident_hints(dead=8)
    assert "级别由人定" in told[0]
    assert "接近重大的标准" in told[1]
    assert len(hints.accident_hints(dead=1)) == 1


# R4, R7, R8, R9: the clocks that only kept incidents have.


def test_r4_by_phone_in_30_minutes_and_in_writing_in_one_hour():
    clocks = major().judged("2026-03-02T08:15", rules=DESK)
    assert clocks["R4-1"].due == at("2026-03-02T08:30")
    assert clocks["R4-2"].due == at("2026-03-02T09:00")
    told = report(major(), "2026-03-02T08:25").judged("2026-03-02T08:40", rules=DESK)
    assert told["R4-1"].state is State.MET
    assert told["R4-2"].state is State.RUNNING
    both = report(major(), "2026-03-02T08:25", ReportKind.WRITTEN)
    assert both.judged("2026-03-02T08:40", rules=DESK)["R4-2"].state is State.MET


def test_r4s_default_length_is_shown_unconfirmed_until_the_unit_has_said_its_own():
    clock = major().judged("2026-03-02T08:15", rules=DESK)["R4-1"]
    assert "起 30 分钟（待本单位确认）内须电话报告" in clock.reason
    confirmed = load(variants()["珠海"])
    assert confirmed.get("R4-1").decision == "先行书面报告的，视为已报。"
    clocks = major().judged("2026-03-02T08:15", rules=confirmed)
    assert not any("待本单位确认" in clocks[rule].reason for rule in ("R4-1", "R4-2"))


def test_r4_is_also_for_what_a_person_marks_as_growing_whatever_its_level():
    book = Book().occurred(START).level("一般", "2026-03-02T08:05")
    assert "R4-1" not in book.judged("2026-03-02T08:10", rules=DESK)
    book.put(MayGrow, "2026-03-02T08:10", reason="水位上涨")
    assert book.judged("2026-03-02T08:10", rules=DESK)["R4-1"].due == at("2026-03-02T08:30")
    book.put(MayGrow, "2026-03-02T08:20", value=False, reason="水位回落")
    clock = book.judged("2026-03-02T08:25", rules=DESK)["R4-1"]
    assert clock.state is State.REVOKED
    assert "取消“可能演变为重大”" in clock.reason


def test_r4b_one_hour_and_two_more_for_each_hop():
    book = Book().reported(START).typed("事故灾难", START).level("较大", START)
    assert book.judged("2026-03-02T08:10", rules=DESK)["R4b"].due == at("2026-03-02T09:00")
    report(book, "2026-03-02T08:40", onward="县应急局")
    assert book.judged("2026-03-02T08:50", rules=DESK)["R4b-2.1"].due == at("2026-03-02T10:40")
    report(book, "2026-03-02T10:00", ReportKind.WRITTEN, hop=2, onward="州应急局")
    clocks = book.judged("2026-03-02T10:10", rules=DESK)
    assert clocks["R4b-2.1"].state is State.MET
    assert clocks["R4b-2.2"].due == at("2026-03-02T12:00")


def test_r7_24_hours_from_each_release_while_open_or_the_next_that_it_names():
    book = major().release("2026-03-02T09:00")
    assert book.judged("2026-03-02T10:00", rules=DESK)["R7.1"].due == at("2026-03-03T09:00")
    book.release("2026-03-02T20:00", next_at=at("2026-03-03T02:00"))
    clocks = book.judged("2026-03-02T21:00", rules=DESK)
    assert clocks["R7.1"].state is State.MET
    assert clocks["R7.2"].due == at("2026-03-03T02:00")


def test_r8_from_acceptance_the_limit_on_the_order_else_the_preset_of_its_kind():
    book = Book().put(Order, "2026-03-02T09:00", number="A1", hours=2)
    book.put(Order, "2026-03-02T09:00", number="A2", kind="咨询")
    book.put(Order, "2026-03-02T09:00", number="A3")
    clocks = book.judged("2026-03-02T10:00", rules=DESK)
    assert clocks["R8.1"].due == at("2026-03-02T11:00")
    assert clocks["R8.2"].due == at("2026-03-05T00:00")
    assert clocks["R8.3"].due == at("2026-03-17T00:00")
    book.put(Settled, "2026-03-02T10:30", order=2, evidence=EVIDENCE)
    clocks = book.judged("2026-03-02T10:40", rules=DESK)
    assert [clocks[f"R8.{n}"].state.value for n in (1, 2, 3)] == ["due_soon", "met", "running"]


def test_r9_is_shown_as_elapsed_time_and_a_limit_only_where_the_unit_sets_one(tmp_path):
    book = major().put(FalseClaim, "2026-03-02T09:00", text="网传死亡百人")
    assert not [rule for rule in book.judged("2026-03-02T10:00", rules=DESK) if "R9" in rule]
    (one,) = elapsed(book.entries, rules=DESK, now=at("2026-03-02T12:20"))
    assert (one.rule, one.seconds, one.text) == ("R9.1", 12_000, "网传死亡百人")
    own = tmp_path / "本单位.toml"
    own.write_text(
        '[[rule]]\nid = "R9"\nenabled = true\nlength = { hours = 2 }\n', encoding="utf-8"
    )
    assert book.judged("2026-03-02T10:00", rules=load(own))["R9.1"].due == at("2026-03-02T11:00")
    book.put(Clarification, "2026-03-02T10:30", status=Status.PUBLISHED, evidence=EVIDENCE)
    assert book.judged("2026-03-02T12:00", rules=load(own))["R9.1"].state is State.MET
    assert elapsed(book.entries, rules=DESK, now=at("2026-03-03T00:00"))[0].seconds == 5_400


def test_r6_is_rule_data_only():
    assert national().get("R6") is not None
    assert "R6" not in DESK.ids()


def test_an_instant_names_who_said_it():
    book = Book().occurred(START, said_by="派出所", evidence=EVIDENCE)
    (entry,) = book.entries
    assert isinstance(entry, Instant)
    assert (entry.said_by, entry.evidence) == ("派出所", EVIDENCE)
