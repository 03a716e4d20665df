"""Duty: who is on, what replaces what, gaps, the roster's file, swaps, hand-overs, calendars."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta

import pytest

from registry import audit, duty_feeds, handovers, roster, silences, swaps, users
from registry.duty import DutyRole, Hours, Kind, hours, stretches
from registry.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from registry.passwords import cheap
from registry.roster_import import bring_in, read
from registry.users import Role

HOURS = Hours()
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # Monday 12:00 in Shanghai
MONDAY = date(2026, 3, 2)
OFFICER, LEADER = DutyRole.OFFICER, DutyRole.LEADER


def local(hour: float, day: int = 2) -> datetime:
    return datetime(2026, 3, day, 0, 0, tzinfo=UTC) + timedelta(hours=hour - 8)


@pytest.fixture
def session(database):
    with database.transaction() as opened:
        for name, shown in (("zhang", "张三"), ("li", "李四"), ("wang", "王五")):
            users.create(
                opened,
                name=name,
                password="翠湖边上的三棵老柳树",
                roles=[Role.DUTY_OFFICER],
                display_name=shown,
                now=NOON,
                hasher=cheap(),
            )
        yield opened


def put(session, name, kind=Kind.DAY, role=OFFICER, day=MONDAY, now=NOON):
    return roster.plan(
        session, day=day, kind=kind, role=role, name=name, by="排班人", now=now, hours=HOURS
    )


def names(session, at, role=OFFICER):
    return [shift.name for shift in roster.who_is_on(session, at, role)]


def test_day_and_night_change_at_eight(session):
    put(session, "zhang")
    put(session, "li", Kind.NIGHT)
    assert names(session, local(7.99)) == []
    assert names(session, local(8)) == ["张三"]
    assert names(session, local(19.999)) == ["张三"]
    assert names(session, local(20)) == ["李四"]
    assert names(session, local(24 + 7.99)) == ["李四"]
    assert names(session, local(24 + 8)) == []
    assert names(session, NOON, LEADER) == []


def test_nobody_stands_twice_on_one_shift(session):
    put(session, "张三")
    with pytest.raises(ConflictError, match="张三已经排在 2026-03-02 的白班（值班员）"):
        put(session, "张三")
    put(session, "张三", kind=Kind.NIGHT)
    put(session, "张三", role=LEADER)
    put(session, "外请王工")
    with pytest.raises(ConflictError):
        put(session, "外请王工")


def test_the_hours_can_be_set_and_old_shifts_keep_theirs(session):
    put(session, "zhang")
    early = hours("07:30", "19:30")
    assert early.span(MONDAY, Kind.NIGHT) == (local(19.5), local(31.5))
    assert names(session, local(19.7)) == ["张三"]
    for bad in (("8", "20:00"), ("20:00", "08:00"), ("08:00", "夜里")):
        with pytest.raises(InvalidInputError):
            hours(*bad)


@pytest.mark.parametrize(
    ("hour", "kind", "since"),
    [(12, Kind.DAY, 8), (8, Kind.DAY, 8), (20, Kind.NIGHT, 20), (7.99, Kind.NIGHT, -4)],
)
def test_which_shift_is_running(hour, kind, since):
    day, found, start, end = HOURS.current(local(hour))
    assert (found, start) == (kind, local(since))
    assert start <= local(hour) < end
    assert day == start.astimezone(roster.SHANGHAI).date()


def test_a_holiday_shift_stands_in_place_of_day_and_night_and_major_comes_on_top(session):
    put(session, "zhang")
    put(session, "li", Kind.NIGHT)
    put(session, "wang", Kind.HOLIDAY)
    assert names(session, local(12)) == names(session, local(21)) == ["王五"]
    put(session, "zhang", Kind.MAJOR)
    assert sorted(names(session, local(21))) == ["张三", "王五"]


def test_an_override_of_a_part_cuts_the_shift_in_two(session):
    shift = put(session, "zhang")
    roster.override(
        session,
        name="li",
        by="排班人",
        now=NOON,
        replaces=shift.id,
        start=local(14),
        end=local(16),
    )
    assert [names(session, local(h)) for h in (13, 14, 15.9, 16)] == [
        ["张三"],
        ["李四"],
        ["李四"],
        ["张三"],
    ]
    parts = stretches(roster.shifts(session, local(0), local(24)))
    assert [(p.shift.name, p.start, p.end) for p in parts] == [
        ("张三", local(8), local(14)),
        ("李四", local(14), local(16)),
        ("张三", local(16), local(20)),
    ]
    with pytest.raises(ConflictError, match="已由李四替班"):
        roster.override(session, name="wang", by="x", now=NOON, replaces=shift.id)


def test_an_override_can_be_overridden_and_taken_back(session):
    shift = put(session, "zhang")
    first = roster.override(session, name="li", by="x", now=NOON, replaces=shift.id)
    assert first.starts_at == NOON  # what is past stays as it was
    assert names(session, local(11)) == ["张三"]
    second = roster.override(session, name="wang", by="x", now=NOON, replaces=first.id)
    assert names(session, local(13)) == ["王五"]
    roster.withdraw(session, second.id, by="x", now=NOON)
    assert names(session, local(13)) == ["李四"]
    roster.withdraw(session, first.id, by="x", now=local(13))
    assert names(session, local(12.5)) == ["李四"]  # it was on until then
    assert names(session, local(13.5)) == ["张三"]


def test_one_more_person_needs_role_and_time(session):
    with pytest.raises(InvalidInputError, match="增派"):
        roster.override(session, name="li", by="x", now=NOON)
    roster.override(
        session, name="外援", by="x", now=NOON, role=LEADER, start=local(13), end=local(15)
    )
    assert names(session, local(14), LEADER) == ["外援"]
    with pytest.raises(InvalidInputError):
        roster.override(
            session, name="li", by="x", now=NOON, role=LEADER, start=local(9), end=local(10)
        )


def test_gaps_are_found_for_each_role(session):
    put(session, "zhang")
    put(session, "li", Kind.NIGHT)
    put(session, "wang", Kind.DAY, LEADER)
    found = roster.gaps(session, local(6), local(34))
    assert [(g.role, g.start, g.end) for g in found] == [
        (OFFICER, local(6), local(8)),
        (LEADER, local(6), local(8)),
        (LEADER, local(20), local(34)),
        (OFFICER, local(32), local(34)),
    ]
    assert roster.gaps(session, local(9), local(19)) == []


def test_a_display_name_of_two_people_is_asked_back(session):
    users.create(
        session,
        name="zhang2",
        password="翠湖边上的三棵老柳树",
        roles=[Role.DUTY_OFFICER],
        display_name="张三",
        now=NOON,
        hasher=cheap(),
    )
    with pytest.raises(InvalidInputError, match="有 2 位"):
        put(session, "张三")
    assert put(session, "zhang2").user is not None


FILE = """日期,班次,姓名,角色
2026-03-02,白班,张三,值班员
2026/3/2,夜班,李四,值班员
2026-03-02,白班,赵局长,带班领导
"""


def test_a_file_is_the_whole_truth_for_its_shifts_and_twice_is_once(session):
    done = bring_in(session, read(FILE.encode()), by="x", now=local(1), hours=HOURS)
    assert (done.added, done.kept, done.withdrawn) == (3, 0, 0)
    assert done.without_account == ("赵局长",)
    again = bring_in(session, read(FILE.encode("gb18030")), by="x", now=local(1), hours=HOURS)
    assert (again.added, again.kept, again.withdrawn) == (0, 3, 0)
    changed = bring_in(
        session,
        read(FILE.replace("张三", "wang").encode("utf-8-sig")),
        by="x",
        now=local(1),
        hours=HOURS,
    )
    assert (changed.added, changed.kept, changed.withdrawn) == (1, 2, 1)
    assert names(session, local(9)) == ["王五"]
    assert names(session, local(9), LEADER) == ["赵局长"]


def test_an_override_outlives_the_next_import(session):
    bring_in(session, read(FILE.encode()), by="x", now=local(1), hours=HOURS)
    (shift,) = roster.who_is_on(session, local(9), OFFICER)
    roster.override(session, name="wang", by="x", now=local(1), replaces=shift.id)
    bring_in(session, read(FILE.encode()), by="x", now=local(2), hours=HOURS)
    assert names(session, local(9)) == ["王五"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "没有班次"),
        ("日期,姓名\n", "缺少列：班次"),
        ('日期,班次,姓名\n2026-10-01,白班,"' + "甲" * 140_000, "第 2 行不是 CSV：引号没有配对"),
        ("日期,班次,姓名\n2026-13-01,白班,张三\n", "第 2 行：日期“2026-13-01”读不懂"),
        ("日期,班次,姓名\n2026-03-01,早班,张三\n", "第 2 行：班次“早班”不认识"),
        ("日期,班次,姓名\n2026-03-01,白班,\n", "第 2 行：没有写姓名"),
        ("日期,班次,姓名,角色\n2026-03-01,白班,张三,司机\n", "角色“司机”不认识"),
        ('日期,班次,姓名\n2026-03-01,"白班,张三', "第"),
    ],
)
def test_a_bad_file_is_refused_whole_with_its_lines(text, said):
    csv.field_size_limit(2**24)  # as an import of posts in the same process leaves it
    with pytest.raises(InvalidInputError, match=said):
        read(text.encode())


def test_a_file_of_no_encoding_is_refused():
    with pytest.raises(InvalidInputError, match="编码"):
        read(b"\xff\xff\xff\x00")


def test_a_swap_holds_only_when_the_other_accepts(session):
    mine, theirs = put(session, "zhang"), put(session, "li", Kind.NIGHT)
    zhang, li, wang = (users.named(session, name).id for name in ("zhang", "li", "wang"))
    with pytest.raises(ForbiddenError, match="自己的班"):
        swaps.ask(session, shift=mine.id, other=theirs.id, by=wang, now=NOON)
    swap = swaps.ask(session, shift=mine.id, other=theirs.id, by=zhang, now=local(1), reason="有事")
    assert names(session, local(9)) == ["张三"]
    assert [one.id for one in swaps.waiting(session)] == [swap.id]
    with pytest.raises(ForbiddenError, match="对方本人"):
        swaps.accept(session, swap.id, by=zhang, now=local(1))
    swaps.accept(session, swap.id, by=li, now=local(1))
    assert names(session, local(9)) == ["李四"]
    assert names(session, local(21)) == ["张三"]
    assert swaps.waiting(session) == []
    with pytest.raises(ConflictError, match="已了结"):
        swaps.accept(session, swap.id, by=li, now=local(1))


def test_a_swap_is_declined_or_taken_back_and_changes_nothing(session):
    mine = put(session, "zhang")
    zhang, li, wang = (users.named(session, name).id for name in ("zhang", "li", "wang"))
    first = swaps.ask(session, shift=mine.id, of=li, by=zhang, now=local(1))
    assert swaps.decline(session, first.id, by=li, now=local(1)).state == "对方不同意"
    second = swaps.ask(session, shift=mine.id, of=li, by=zhang, now=local(1))
    with pytest.raises(ForbiddenError):
        swaps.decline(session, second.id, by=wang, now=local(1))
    assert swaps.decline(session, second.id, by=zhang, now=local(1)).state == "已撤回"
    assert names(session, local(9)) == ["张三"]
    for bad in ({}, {"of": zhang}):
        with pytest.raises(InvalidInputError):
            swaps.ask(session, shift=mine.id, by=zhang, now=local(1), **bad)
    with pytest.raises(ConflictError, match="已经结束"):
        swaps.ask(session, shift=mine.id, of=li, by=zhang, now=local(21))


def test_a_hand_over_takes_two_persons_and_the_newest_list(session):
    zhang, li = (users.named(session, name).id for name in ("zhang", "li"))
    first = handovers.prepare(session, by=zhang, note="一切平稳", body={"a": 1}, now=local(7.5))
    second = handovers.prepare(session, by=zhang, note="", body={"a": 2}, now=local(7.8))
    assert first.digest != second.digest
    with pytest.raises(ConflictError, match="已更新"):
        handovers.sign(session, first.id, by=li, now=local(7.85))
    with pytest.raises(ForbiddenError, match="两个人"):
        handovers.sign(session, second.id, by=zhang, now=local(7.85))
    done = handovers.sign(session, second.id, by=li, now=local(7.87), remark="收到")
    assert (done.signed_by, done.remark, done.body) == ("李四", "收到", {"a": 2})
    with pytest.raises(ConflictError, match="已经签收"):
        handovers.sign(session, second.id, by=li, now=local(7.9))
    with pytest.raises(NotFoundError):
        handovers.sign(session, 99, by=li, now=local(7.9))
    said = [entry.action for entry in audit.entries(session, limit=3)]
    assert said == ["接班签收", "准备交班", "准备交班"]
    assert [one.signed_by for one in handovers.recent(session)] == ["李四", ""]


def test_the_running_shift_is_signed_for_or_not(session):
    zhang, li = (users.named(session, name).id for name in ("zhang", "li"))
    assert handovers.standing(session, NOON, hours=HOURS).signed_at is None
    made = handovers.prepare(session, by=zhang, note="", body={}, now=local(7.8))
    assert handovers.standing(session, local(7.85), hours=HOURS).waiting == made.id
    handovers.sign(session, made.id, by=li, now=local(7.87))
    for hour in (7.9, 8, 19.9):
        found = handovers.standing(session, local(hour), hours=HOURS)
        assert (found.signed_at, found.signed_by, found.waiting) == (local(7.87), "李四", None)
    assert handovers.standing(session, local(20), hours=HOURS).signed_at is None
    stale = handovers.prepare(session, by=zhang, note="", body={}, now=local(8))
    with pytest.raises(ConflictError, match="2 小时"):
        handovers.sign(session, stale.id, by=li, now=local(10.1))


def test_a_subscription_opens_by_its_token_until_it_is_revoked(session):
    zhang = users.named(session, "zhang").id
    token = duty_feeds.issue(session, zhang, now=NOON)
    feed = duty_feeds.for_token(session, token)
    assert (feed.user_id, feed.scope) == (zhang, "mine")
    assert duty_feeds.for_token(session, token[:-1]) is None
    assert duty_feeds.for_token(session, "") is None
    with pytest.raises(NotFoundError):
        duty_feeds.revoke(session, feed.id, user_id=zhang + 1, now=NOON)
    duty_feeds.revoke(session, feed.id, user_id=zhang, now=NOON)
    assert duty_feeds.for_token(session, token) is None
    other = duty_feeds.issue(session, zhang, now=NOON, scope="all")
    users.deactivate(session, zhang, now=NOON)
    assert duty_feeds.for_token(session, other) is None


def test_the_calendar_is_escaped_folded_and_in_its_zone(session):
    shift = put(session, "zhang")
    roster.override(
        session,
        name="li",
        by="x",
        now=NOON,
        replaces=shift.id,
        start=local(14),
        end=local(16),
        note="顶班;请带钥匙,\n勿忘\\" + "很" * 60,
    )
    text = duty_feeds.calendar(
        stretches(roster.shifts(session, local(0), local(24))), name="值班", now=NOON
    )
    assert text.count("BEGIN:VEVENT") == 3
    assert "DTSTART;TZID=Asia/Shanghai:20260302T080000\r\n" in text
    assert "DTEND;TZID=Asia/Shanghai:20260302T140000\r\n" in text
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    whole = text.replace("\r\n ", "")
    assert "DESCRIPTION:顶班\\;请带钥匙\\,\\n勿忘\\\\" + "很" * 60 in whole
    uids = [line for line in whole.split("\r\n") if line.startswith("UID:")]
    assert len(set(uids)) == 3


def test_a_silence_needs_an_end_a_reason_and_something_it_names(session):
    soon = NOON + timedelta(hours=2)
    for bad in (
        {"until": soon, "reason": "x"},
        {"until": soon, "reason": " ", "rule": "r"},
        {"until": NOON, "reason": "x", "rule": "r"},
        {"until": NOON + timedelta(days=8), "reason": "x", "rule": "r"},
    ):
        with pytest.raises(InvalidInputError):
            silences.add(session, owner="张三", now=NOON, **bad)


def test_a_silence_meets_all_that_it_names_and_ends_by_itself(session):
    soon = NOON + timedelta(hours=2)
    one = silences.add(
        session, until=soon, owner="张三", reason="检修", now=NOON, area="5331", word="停水"
    )
    assert one.meets(rule="any", areas=("533103",), text="弄坝停水")
    assert not one.meets(rule="any", areas=("533103",), text="停电")
    assert not one.meets(rule="any", areas=("530000",), text="停水")
    assert [s.id for s in silences.active(session, soon - timedelta(seconds=1))] == [one.id]
    assert silences.active(session, soon) == []
    silences.end(session, one.id, by="李四", now=NOON + timedelta(hours=1))
    assert silences.active(session, NOON + timedelta(hours=1)) == []
    with pytest.raises(ConflictError, match="已经结束"):
        silences.end(session, one.id, by="李四", now=NOON + timedelta(hours=1))
