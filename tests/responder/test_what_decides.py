"""What decides what: each sentence of the rules about clocks is a test here."""

import pytest
from support.clocks import Book, at

from responder.clocks import State, as_of, judge
from responder.entries import (
    Correction,
    Evidence,
    Interpretation,
    Level,
    Merge,
    Moment,
    NotApplicable,
    Release,
    Reopen,
    Status,
)
from responder.rules import national
from responder.workdays import load_calendar


def major() -> Book:
    return Book().occurred("2026-03-02T08:00").level("重大", "2026-03-02T08:10")


def verdict(book: Book, now: str, rule: str):
    found = judge(book.entries, rules=national(), calendar=load_calendar(), now=at(now))
    return next(one for one in found if one.clock.rule == rule)


def test_a_stop_at_the_due_instant_is_in_time_and_overdue_begins_with_the_next():
    assert major().release("2026-03-02T13:00").judged("2026-03-02T14:00")["R1"].state == "met"
    late = major().release("2026-03-02T13:00:01").judged("2026-03-02T14:00")["R1"]
    assert (late.state, late.margin_s) == ("met_late", -1)
    assert major().judged("2026-03-02T13:00")["R1"].state is State.DUE_SOON
    assert major().judged("2026-03-02T13:00:01")["R1"].state is State.OVERDUE


def test_due_soon_from_three_quarters_of_the_length():
    assert major().judged("2026-03-02T11:44:59")["R1"].state is State.RUNNING
    assert major().judged("2026-03-02T11:45")["R1"].state is State.DUE_SOON


def test_until_a_level_is_set_r1_and_r2_run_as_conditional_even_past_due():
    book = Book().occurred("2026-03-02T08:00").detected("2026-03-02T08:30")
    clocks = book.judged("2026-03-02T09:00")
    assert {rule: clock.state for rule, clock in clocks.items()} == {
        "R1": "conditional",
        "R2": "conditional",
    }
    past = book.judged("2026-03-02T14:00")["R1"]
    assert past.state is State.CONDITIONAL
    assert past.margin_s == -3600
    assert "待定级 · 已超时 1 小时 0 分" in past.reason


@pytest.mark.parametrize("level", ["较大", "一般"])
def test_a_lower_first_level_ends_the_conditional_clocks_and_starts_r3(level):
    book = Book().occurred("2026-03-02T08:00").level(level, "2026-03-02T09:00")
    assert set(book.judged("2026-03-02T09:00")) == {"R3"}


def test_r3_runs_from_detection_else_report_else_occurrence():
    start = "2026-03-02T0{}:00"
    for moments, label, hour in (
        (("occurred", "reported", "detected"), "发现", 3),
        (("occurred", "reported"), "接报", 2),
        (("occurred",), "事发", 1),
    ):
        book = Book()
        for number, name in enumerate(moments, start=1):
            getattr(book, name)(start.format(number))
        clock = book.level("一般", "2026-03-02T09:00").judged("2026-03-02T09:00")["R3"]
        assert (clock.basis, clock.start) == (label, at(start.format(hour)))


def test_what_is_no_emergency_has_r3_only_with_or_without_a_level():
    book = Book().detected("2026-03-02T08:00").typed("不属突发事件", "2026-03-02T08:05")
    assert set(book.judged("2026-03-02T09:00")) == {"R3"}
    assert set(book.level("重大", "2026-03-02T08:10").judged("2026-03-02T09:00")) == {"R3"}


def test_unknown_occurrence_is_the_earliest_of_first_post_and_report_marked_estimated():
    book = Book().reported("2026-03-02T09:00")
    book.moment(Moment.FIRST_POST, "2026-03-02T08:20").level("重大", "2026-03-02T09:30")
    clock = book.judged("2026-03-02T10:00")["R1"]
    assert (clock.basis, clock.start) == ("事发（估计）", at("2026-03-02T08:20"))
    known = book.moment(Moment.OCCURRED, "2026-03-02T07:00", written="2026-03-02T10:30")
    clock = known.judged("2026-03-02T11:00")["R1"]
    assert (clock.basis, clock.start) == ("事发", at("2026-03-02T07:00"))


def test_the_first_written_of_two_certain_instants_stands():
    book = major().moment(Moment.OCCURRED, "2026-03-02T06:00", written="2026-03-02T09:00")
    assert book.judged("2026-03-02T09:00")["R1"].start == at("2026-03-02T08:00")


def test_downgrade_revokes_with_reason_and_signer_and_attaches_r3():
    book = major().level("较大", "2026-03-02T10:00", signer="王县长", criteria="伤亡核减")
    clocks = book.judged("2026-03-02T20:00")
    assert clocks["R1"].state is State.REVOKED
    assert clocks["R1"].margin_s == 3 * 3600
    assert "王县长 签发" in clocks["R1"].reason
    assert "伤亡核减" in clocks["R1"].reason
    assert clocks["R3"].state is State.RUNNING
    assert "级别调整" in clocks["R3"].reason


def test_a_breach_stays_after_a_downgrade_but_reminds_no_more():
    book = major().level("较大", "2026-03-02T14:00")
    clocks = book.judged("2026-03-02T15:00")
    assert clocks["R1"].state is State.OVERDUE
    assert "不消除此前的超时" in clocks["R1"].reason
    assert clocks["R2"].state is State.REVOKED
    one = verdict(book, "2026-03-02T15:00", "R1")
    assert one.breached
    assert one.silent
    late = book.release("2026-03-02T16:00").judged("2026-03-02T17:00")["R1"]
    assert (late.state, late.margin_s) == (State.MET_LATE, -3 * 3600)


def test_a_release_before_the_upgrade_counts():
    book = Book().occurred("2026-03-02T08:00").level("较大", "2026-03-02T08:10")
    book.release("2026-03-02T10:00").level("重大", "2026-03-02T14:00")
    clock = book.judged("2026-03-02T15:00")["R1"]
    assert (clock.state, clock.margin_s) == (State.MET, 3 * 3600)


def test_late_discovery_is_breached_at_once():
    book = Book().occurred("2026-03-02T08:00").detected("2026-03-02T15:00")
    clock = book.level("重大", "2026-03-02T15:05").judged("2026-03-02T15:05")["R1"]
    assert clock.state is State.OVERDUE
    assert "发现即超期" in clock.reason
    assert "当时已过截止 2 小时 0 分" in clock.reason


def test_levels_count_by_when_they_were_decided_not_written():
    book = Book().occurred("2026-03-02T08:00").level("重大", "2026-03-02T10:00")
    book.level("较大", "2026-03-02T09:00", written="2026-03-02T10:30")
    clocks = book.judged("2026-03-02T11:00")
    assert clocks["R1"].state is State.RUNNING
    assert "升级认定" in clocks["R1"].reason


@pytest.mark.parametrize(
    "missing", [{"reason": ""}, {"clause": " "}, {"second": ""}, {"second": "张三"}]
)
def test_not_applicable_needs_reason_clause_and_a_second_person(missing):
    given = {"reason": "已由省级发布", "clause": "总体预案 3.3.5", "second": "李四"}
    good = major().put(NotApplicable, "2026-03-02T09:00", rule="R2", **given)
    clock = good.judged("2026-03-02T10:00")["R2"]
    assert clock.state is State.NOT_APPLICABLE
    assert "张三、李四 签署" in clock.reason
    assert "剩余 22 小时 0 分" in clock.reason  # the wall time stays visible
    bad = major().put(NotApplicable, "2026-03-02T09:00", rule="R2", **{**given, **missing})
    assert bad.judged("2026-03-02T10:00")["R2"].state is State.RUNNING


def test_not_applicable_does_not_undo_a_stop():
    book = major().conference("2026-03-02T09:00")
    book.put(NotApplicable, "2026-03-02T10:00", rule="R2", reason="无", clause="无", second="李四")
    assert book.judged("2026-03-02T11:00")["R2"].state is State.MET


def correct(book: Book, target: int, to: str, **given: str) -> Book:
    fields = {"reason": "网站时间有误", "second": "李四", **given}
    return book.put(Correction, "2026-03-02T16:00", target=target, value=at(to), **fields)


def test_a_corrected_stop_shows_both_verdicts():
    book = correct(major().release("2026-03-02T12:30"), 3, "2026-03-02T13:30")
    clock = book.judged("2026-03-02T17:00")["R1"]
    assert (clock.state, clock.margin_s) == (State.MET_LATE, -1800)
    assert "更正前" in clock.reason
    assert "按时（提前 30 分钟）" in clock.reason
    assert "网站时间有误" in clock.reason


def test_a_breach_before_a_corrected_basis_stays_counted():
    book = correct(major(), 1, "2026-03-02T12:00")
    clock = book.judged("2026-03-02T16:30")["R1"]
    assert clock.due == at("2026-03-02T17:00")
    assert "更正前：事发 2026-03-02 08:00 起算" in clock.reason
    assert verdict(book, "2026-03-02T16:30", "R1").breached


@pytest.mark.parametrize("fault", [{"reason": ""}, {"second": ""}, {"second": "张三"}])
def test_a_correction_without_reason_or_second_person_changes_nothing(fault):
    book = correct(major().release("2026-03-02T12:30"), 3, "2026-03-02T13:30", **fault)
    assert book.judged("2026-03-02T17:00")["R1"].state is State.MET


def test_a_second_correction_shows_all_that_was_before():
    book = correct(major().release("2026-03-02T12:30"), 3, "2026-03-02T13:30")
    correct(book, 3, "2026-03-02T12:40", reason="平台出具证明")
    clock = book.judged("2026-03-02T17:00")["R1"]
    assert (clock.state, clock.margin_s) == (State.MET, 1200)
    assert clock.reason.count("更正前") == 2


def test_a_release_before_the_event_belongs_to_something_else():
    book = major().release("2026-03-02T07:59", written="2026-03-02T09:00")
    assert book.judged("2026-03-02T10:00")["R1"].state is State.RUNNING


def test_a_stop_whose_time_is_not_confirmed_says_so():
    evidence = Evidence(channel="微信", url="https://example.cn", signer="李", unverified=True)
    book = major().put(Release, "2026-03-02T12:00", status=Status.PUBLISHED, evidence=evidence)
    assert "待核实" in book.judged("2026-03-02T13:30")["R1"].reason


def test_r5_runs_from_publication_whatever_the_event_is():
    book = Book().moment(Moment.PUBLISHED, "2026-09-24T09:00")
    assert set(book.judged("2026-09-25T09:00")) == {"R5"}
    clock = book.judged("2026-10-08T09:00")["R5"]
    assert clock.state is State.OVERDUE
    assert "逾期 7 天 9 小时" in clock.reason
    book.put(Interpretation, "2026-09-28T09:00", status=Status.PUBLISHED)
    assert book.judged("2026-10-08T09:00")["R5"].state is State.MET


def test_reopening_starts_a_cycle_with_its_own_basis_and_the_old_result_stays():
    book = major().release("2026-03-02T12:00").conference("2026-03-02T20:00")
    book.put(Reopen, "2026-03-05T10:00", basis=at("2026-03-05T09:00"), reason="再次溢流")
    found = judge(
        book.entries, rules=national(), calendar=load_calendar(), now=at("2026-03-05T10:00")
    )
    shown = [(v.cycle, v.clock.rule, v.clock.state.value, v.clock.start) for v in found]
    first, second = at("2026-03-02T08:00"), at("2026-03-05T09:00")
    assert shown == [
        (0, "R1", "met", first),
        (0, "R2", "met", first),
        (1, "R1", "running", second),
        (1, "R2", "running", second),
    ]


def test_merging_takes_the_earliest_basis_and_the_strictest_level():
    book = Book().occurred("2026-03-02T08:00").level("一般", "2026-03-02T08:10")
    book.put(Merge, "2026-03-02T09:00", other=2, occurred=at("2026-03-02T06:00"), level=Level.MAJOR)
    clocks = book.judged("2026-03-02T09:00")
    assert clocks["R1"].start == at("2026-03-02T06:00")
    assert clocks["R3"].state is State.REVOKED
    book.put(Release, "2026-03-02T09:30", status=Status.PUBLISHED, origin=2)
    assert book.judged("2026-03-02T10:00")["R1"].state is State.DUE_SOON
    book.put(Release, "2026-03-02T09:40", status=Status.PUBLISHED, origin=2, whole=True)
    assert book.judged("2026-03-02T10:00")["R1"].state is State.MET


def test_nothing_is_known_so_nothing_runs():
    assert Book().judged("2026-03-02T10:00") == {}
    assert Book().level("重大", "2026-03-02T08:10").judged("2026-03-02T10:00") == {}


def test_the_incident_as_it_stood_at_an_instant():
    book = major().release("2026-03-02T12:00", written="2026-03-02T12:30")
    then = as_of(book.entries, at("2026-03-02T12:15"))
    assert len(then) == 2


def test_every_reason_is_one_chinese_sentence():
    book = major().release("2026-03-02T12:00").level("较大", "2026-03-02T14:00")
    for clock in book.judged("2026-03-02T15:00").values():
        assert clock.reason.endswith("。")
        assert clock.reason.count("。") == 1
        assert clock.citation.endswith(("（T）", "（N）"))
