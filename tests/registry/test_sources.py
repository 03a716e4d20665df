from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
from sqlalchemy.orm import Session

from registry import audit, changes, sources
from registry.db import Database
from registry.errors import InvalidInputError, NotFoundError
from registry.sources import Health, Source

GOV = Source(
    id="gov",
    name="县政府网站",
    kind="news",
    spider="site",
    url="https://www.example.gov.cn/list",
    interval_s=300,
    options={"选择器": {"title": "h1"}},
    area="5331",
    own=True,
)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def session(database: Database, now: datetime):
    with database.transaction() as made:
        sources.put(made, GOV, now=now)
        yield made


def health(session: Session, now: datetime, source: str = "gov") -> Health:
    return {one.id: state for one, state in sources.health(session, now=now)}[source]


def fail(session: Session, at: datetime, failure: str = "not_found", times: int = 1) -> None:
    for _ in range(times):
        sources.record_failure(session, "gov", now=at, failure=failure, detail="404")


def succeed(session: Session, at: datetime, found: int | None = 20, new: int = 0) -> None:
    sources.record_success(session, "gov", now=at, found=found, new=new)


class TestTheList:
    def test_what_was_put_comes_back(self, session: Session):
        assert sources.get(session, "gov") == GOV
        assert sources.everything(session) == [GOV]

    def test_each_change_is_audited_once(self, session: Session, now: datetime):
        sources.put(session, GOV, now=now, who="li")  # nothing changed
        renamed = msgspec.structs.replace(GOV, name="新名")
        sources.put(session, renamed, now=now, who="li")
        sources.remove(session, "gov", now=now, who="li")
        removed, changed, made = audit.entries(session)
        assert (made.action, made.before) == ("新建信源", None)
        assert (changed.who, changed.before["name"], changed.after["name"]) == (
            "li",
            "县政府网站",
            "新名",
        )
        assert (removed.action, removed.before["name"]) == ("删除信源", "新名")
        with pytest.raises(NotFoundError, match="gov"):
            sources.get(session, "gov")

    def test_a_source_named_by_an_import_is_made_once(self, session: Session, now: datetime):
        made = sources.ensure(session, "petitions", "留言", "mailbox", now=now)
        assert (made.name, made.kind, made.spider) == ("留言", "mailbox", "manual")
        assert sources.ensure(session, "petitions", "别的", "forum", now=now) == made
        assert sources.ensure(session, "gov", "别的", "forum", now=now) == GOV

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"id": ""}, "编号"),
            ({"id": "a/../b"}, "编号"),
            ({"name": " "}, "名称"),
            ({"spider": "robot"}, "采集方式"),
            ({"url": "ftp://x"}, "网址"),
            ({"url": "https://"}, "网址"),
            ({"url": "http://[::1"}, "网址"),
            ({"url": ""}, "网址 （空）"),
            ({"interval_s": 0}, "间隔"),
        ],
    )
    def test_bad_ones_are_refused(
        self, session: Session, now: datetime, change: dict[str, object], said: str
    ):
        with pytest.raises(InvalidInputError, match=said):
            sources.put(session, msgspec.structs.replace(GOV, **change), now=now)


class TestHealth:
    def test_rows_mean_ok(self, session: Session, now: datetime):
        succeed(session, now + MINUTE, new=3)
        succeed(session, now + 2 * MINUTE, new=2)
        state = health(session, now + 2 * MINUTE)
        assert (state.state, state.streak, state.posts_today) == ("ok", 0, 5)
        assert state.last_success_at == state.last_new_at == now + 2 * MINUTE

    def test_three_failures_in_a_row_mean_blind_with_the_reason(
        self, session: Session, now: datetime
    ):
        succeed(session, now)
        fail(session, now + MINUTE, times=2)
        assert health(session, now + MINUTE).state == "ok"
        fail(session, now + 2 * MINUTE, failure="captcha")
        state = health(session, now + 9 * MINUTE)
        assert (state.state, state.since, state.streak) == ("blind", now + 2 * MINUTE, 3)
        assert (state.failure, state.detail) == ("captcha", "404")
        fail(session, now + 9 * MINUTE)
        assert health(session, now + 9 * MINUTE).since == now + 2 * MINUTE, "since its begin"

    def test_one_that_never_gave_a_row_is_blind_after_three_tries(
        self, session: Session, now: datetime
    ):
        fail(session, now, times=3)
        state = health(session, now)
        assert (state.state, state.last_success_at) == ("blind", None)

    def test_empty_lists_are_no_calm_day(self, session: Session, now: datetime):
        succeed(session, now)
        for _ in range(3):
            succeed(session, now + MINUTE, found=0)
        state = health(session, now + MINUTE)
        assert (state.state, state.failure) == ("blind", "empty_list")

    def test_empty_lists_and_failures_add_up(self, session: Session, now: datetime):
        succeed(session, now, found=0)
        fail(session, now, times=1)
        succeed(session, now, found=0)
        assert health(session, now).state == "blind"

    def test_a_list_that_did_not_change_is_a_good_visit(self, session: Session, now: datetime):
        for minutes in range(10):
            succeed(session, now + minutes * MINUTE, found=None)
        assert health(session, now + 10 * MINUTE).state == "ok"

    def test_one_row_ends_blindness(self, session: Session, now: datetime):
        fail(session, now, times=5)
        succeed(session, now + MINUTE, new=1)
        state = health(session, now + MINUTE)
        assert (state.state, state.since, state.failure) == ("ok", now + MINUTE, "")

    def test_no_success_for_three_intervals_means_slow(self, session: Session, now: datetime):
        succeed(session, now)
        assert health(session, now + 15 * MINUTE).state == "ok"
        state = health(session, now + 16 * MINUTE)
        assert (state.state, state.since) == ("slow", now + 15 * MINUTE)

    def test_a_quick_source_gets_five_minutes(self, session: Session, now: datetime):
        sources.put(session, msgspec.structs.replace(GOV, interval_s=5), now=now)
        succeed(session, now)
        assert health(session, now + 5 * MINUTE).state == "ok"
        assert health(session, now + 5.1 * MINUTE).state == "slow"

    def test_one_that_nobody_ever_visits_is_slow_not_fine(self, session: Session, now: datetime):
        assert health(session, now).state == "ok"
        assert health(session, now + 16 * MINUTE).state == "slow"

    def test_switched_off_and_manual_ones_are_apart(self, session: Session, now: datetime):
        sources.ensure(session, "files", now=now)
        fail(session, now, times=3)
        sources.put(session, msgspec.structs.replace(GOV, enabled=False), now=now + MINUTE)
        late = now + timedelta(days=1)
        assert health(session, late).state == "na"
        assert health(session, late).since == now + MINUTE
        assert health(session, late, "files").state == "na"

    def test_switched_on_again_it_has_time_to_answer(self, session: Session, now: datetime):
        succeed(session, now)
        off = msgspec.structs.replace(GOV, enabled=False)
        sources.put(session, off, now=now)
        late = now + timedelta(days=1)
        sources.put(session, GOV, now=late)
        assert health(session, late + MINUTE).state == "ok"
        assert health(session, late + 16 * MINUTE).state == "slow"

    def test_a_mended_address_starts_anew(self, session: Session, now: datetime):
        fail(session, now, times=3)
        mended = msgspec.structs.replace(GOV, url="https://www.example.gov.cn/new")
        sources.put(session, mended, now=now + MINUTE)
        state = health(session, now + MINUTE)
        assert (state.state, state.streak, state.failure) == ("ok", 0, "")
        assert sources.due(session, now=now + MINUTE) == [mended]

    def test_a_day_begins_at_midnight_in_shanghai(self, session: Session, now: datetime):
        before = now.replace(hour=15, minute=59)  # 23:59 there
        succeed(session, before, new=4)
        assert health(session, before).posts_today == 4
        assert health(session, before + MINUTE).posts_today == 0
        succeed(session, before + MINUTE, new=1)
        assert health(session, before + MINUTE).posts_today == 1

    def test_an_unknown_failure_counts_as_other(self, session: Session, now: datetime):
        fail(session, now, failure="gremlins")
        assert health(session, now).failure == "other"
        with pytest.raises(NotFoundError, match="nowhere"):
            sources.record_failure(session, "nowhere", now=now, failure="other", detail="")

    def test_each_new_state_is_told_once(self, session: Session, now: datetime):
        def told() -> int:
            return sum(change.topic == "source" for change in changes.since(session, 0))

        begin = told()
        succeed(session, now)
        fail(session, now, times=2)
        assert told() == begin
        fail(session, now, times=2)
        assert told() == begin + 1
        succeed(session, now)
        assert told() == begin + 2
        late = now + 16 * MINUTE
        assert [sources.refresh(session, now=late) for _ in range(2)] == [1, 0]
        assert told() == begin + 3
        assert health(session, late + MINUTE).since == now + 15 * MINUTE


class TestDue:
    def test_a_new_one_is_due_at_once_then_by_its_interval(self, session: Session, now: datetime):
        assert sources.due(session, now=now) == [GOV]
        succeed(session, now)
        assert sources.due(session, now=now + 4.9 * MINUTE) == []
        assert sources.due(session, now=now + 5 * MINUTE) == [GOV]
        fail(session, now + 5 * MINUTE)
        assert sources.due(session, now=now + 6 * MINUTE) == []

    def test_switched_off_and_manual_ones_never_are(self, session: Session, now: datetime):
        sources.ensure(session, "files", now=now)
        sources.put(session, msgspec.structs.replace(GOV, enabled=False), now=now)
        assert sources.due(session, now=now + timedelta(days=9)) == []

    def test_who_waits_longest_comes_first(self, session: Session, now: datetime):
        for name in ("a", "b"):
            sources.put(session, msgspec.structs.replace(GOV, id=name), now=now)
        sources.record_success(session, "a", now=now + MINUTE, found=1, new=0)
        succeed(session, now)
        late = sources.due(session, now=now + timedelta(hours=1))
        assert [source.id for source in late] == ["b", "gov", "a"]
