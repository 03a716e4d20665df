"""Changes, stages, jobs, sightings and keys: what the stages run by."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from registry import changes, jobs, secrets, sightings, stages
from registry.db import Database
from registry.errors import InvalidInputError, NotFoundError
from registry.sightings import Sighting

MINUTE = timedelta(minutes=1)


@pytest.fixture
def session(database: Database):
    with database.transaction() as made:
        yield made


class TestChanges:
    def test_they_are_read_in_order_from_where_one_stopped(self, session: Session, now: datetime):
        for number in range(3):
            changes.note(session, "alert", number, now=now)
        first, *rest = changes.since(session, 0)
        assert (first.topic, first.subject, first.at) == ("alert", "0", now)
        assert [change.subject for change in changes.since(session, first.id)] == ["1", "2"]
        assert changes.since(session, first.id, limit=1) == rest[:1]
        assert changes.last(session) == rest[-1].id

    def test_an_id_is_never_used_again(self, session: Session, now: datetime):
        changes.note(session, "alert", "a", now=now)
        last = changes.last(session)
        assert changes.prune(session, before=now + MINUTE) == 1
        changes.note(session, "alert", "b", now=now)
        assert changes.last(session) > last


class TestStages:
    def test_a_stage_lives_by_its_beats(self, session: Session, now: datetime):
        stages.report(session, "grouping", state="starting", now=now, pid=7)
        stages.beat(session, "grouping", pid=7, now=now + MINUTE, detail="lag 3")
        (stage,) = stages.everything(session)
        assert (stage.state, stage.since) == ("running", now + MINUTE)
        assert (stage.beat_at, stage.detail) == (now + MINUTE, "lag 3")

    def test_a_restart_is_shown_with_its_count_and_error(self, session: Session, now: datetime):
        stages.beat(session, "grouping", pid=7, now=now)
        stages.report(
            session, "grouping", state="restarting", now=now + MINUTE, restarts=2, error="killed"
        )
        (stage,) = stages.everything(session)
        assert (stage.state, stage.restarts, stage.error) == ("restarting", 2, "killed")
        assert stage.beat_at == now

    def test_a_last_beat_does_not_revive_a_stopped_stage(self, session: Session, now: datetime):
        stages.report(session, "x", state="stopped", now=now)
        stages.beat(session, "x", pid=7, now=now)
        assert stages.everything(session)[0].state == "stopped"

    def test_only_a_new_state_is_a_change(self, session: Session, now: datetime):
        for _ in range(3):
            stages.beat(session, "x", pid=7, now=now)
        stages.report(session, "x", state="failed", now=now)
        stages.report(session, "x", state="failed", now=now + MINUTE)
        assert [change.topic for change in changes.since(session, 0)] == ["stage", "stage"]
        assert stages.everything(session)[0].since == now

    def test_what_a_stage_waits_for_is_a_change_once(self, session: Session, now: datetime):
        for detail in ("", "Kafka 没有应答", "Kafka 没有应答", "", ""):
            stages.beat(session, "x", pid=7, now=now, detail=detail)
        assert len(changes.since(session, 0)) == 3, "it runs, it waits, it runs again"


class TestJobs:
    def add(self, session: Session, now: datetime, kind: str = "check") -> int:
        return jobs.add(
            session, kind=kind, subject="https://x.cn", body={"a": 1}, now=now, limit_s=60
        )

    def test_the_oldest_of_the_wanted_kinds_is_taken_once(self, session: Session, now: datetime):
        first, second = self.add(session, now), self.add(session, now)
        self.add(session, now, "preview")
        taken = [jobs.claim(session, kinds=["check"], now=now) for _ in range(3)]
        assert [job and job.id for job in taken] == [first, second, None]
        assert taken[0] is not None
        assert (taken[0].state, taken[0].until) == ("running", now + MINUTE)

    def test_its_result_can_be_fetched(self, session: Session, now: datetime):
        number = self.add(session, now)
        jobs.claim(session, kinds=["check"], now=now)
        assert jobs.finish(session, number, now=now, result={"标题": "x"})
        job = jobs.get(session, number)
        assert (job.state, job.result, job.finished_at) == ("done", {"标题": "x"}, now)

    def test_past_its_limit_it_has_failed_whatever_comes(self, session: Session, now: datetime):
        number = self.add(session, now)
        jobs.claim(session, kinds=["check"], now=now)
        assert not jobs.finish(session, number, now=now + MINUTE, result={})
        jobs.claim(session, kinds=["check"], now=now + MINUTE)
        job = jobs.get(session, number)
        assert job.state == "failed"
        assert "时限" in job.error

    def test_a_failure_says_why(self, session: Session, now: datetime):
        number = self.add(session, now)
        assert not jobs.fail(session, number, now=now, error="还没有开始")
        jobs.claim(session, kinds=["check"], now=now)
        assert jobs.fail(session, number, now=now, error="对方拒绝连接")
        assert jobs.get(session, number).error == "对方拒绝连接"

    def test_bad_requests_are_told(self, session: Session, now: datetime):
        with pytest.raises(InvalidInputError):
            jobs.add(session, kind="x", subject="", body={}, now=now, limit_s=0)
        with pytest.raises(NotFoundError, match="99"):
            jobs.get(session, 99)


def sighting(post: str, content: str, now: datetime) -> Sighting:
    return Sighting(post, content, now, f"{now:%Y-%m}")


class TestSightings:
    def test_a_changed_post_keeps_its_first_sight(self, session: Session, now: datetime):
        later = now + timedelta(days=40)
        sightings.remember(session, [sighting("p", "old", now)], now=now)
        sightings.remember(session, [sighting("p", "new", later)], now=later)
        assert sightings.known(session, ["p", "q"]) == {"p": Sighting("p", "new", now, "2026-11")}

    def test_more_than_one_statement_holds(self, session: Session, now: datetime):
        many = [sighting(f"p{number}", "c", now) for number in range(1234)]
        sightings.remember(session, many, now=now)
        found = sightings.known(session, (f"p{number}" for number in range(2000)))
        assert found == {one.post_id: one for one in many}

    def test_nothing_is_nothing(self, session: Session, now: datetime):
        sightings.remember(session, [], now=now)
        assert sightings.known(session, []) == {}

    @given(
        batches=st.lists(
            st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), max_size=6)
        )
    )
    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def test_in_any_order_the_first_sight_and_the_last_content_stand(
        self, session: Session, now: datetime, batches: list[list[tuple[str, str]]]
    ):
        with session.begin_nested() as all_of_it:
            expected: dict[str, Sighting] = {}
            for number, batch in enumerate(batches):
                at = now + number * MINUTE
                sightings.remember(session, [sighting(*one, at) for one in batch], now=at)
                for post, content in batch:
                    first = expected.get(post, sighting(post, content, at))
                    expected[post] = Sighting(post, content, first.first_seen_at, first.filed_month)
            assert sightings.known(session, "abcd") == expected
            all_of_it.rollback()


class TestSecrets:
    def test_a_key_is_made_once_for_each_name(self, database: Database):
        with database.transaction() as session:
            made = secrets.key(session, "author")
            other = secrets.key(session, "cookie")
        assert len(made) == 32
        assert made != other
        with database.reading() as session:
            assert secrets.key(session, "author") == made

    def test_the_first_use_needs_a_transaction(self, database: Database):
        with pytest.raises(DBAPIError, match=r"read-?only"), database.reading() as session:
            secrets.key(session, "author")


def test_a_job_that_nobody_takes_up_fails_with_its_time(database, now):
    with database.transaction() as session:
        number = jobs.add(session, kind="x", subject="s", body={}, now=now, limit_s=60)
        assert jobs.expire(session, now=now + timedelta(seconds=59)) == 0
        assert jobs.expire(session, now=now + timedelta(seconds=60)) == 1
        job = jobs.get(session, number)
        assert (job.state, job.error[:12]) == ("failed", "超过时限也没有环节来做，")
        assert jobs.claim(session, kinds=["x"], now=now) is None
