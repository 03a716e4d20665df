"""P6: only a published release or a held conference stops R1 and R2."""

import pytest
from support.clocks import Book

from responder.clocks import State
from responder.entries import (
    Acknowledgement,
    Answer,
    Certain,
    Clarification,
    ConferenceStatus,
    Fact,
    Interpretation,
    Issuer,
    Note,
    Status,
)

NOT_YET = (Status.DRAFTED, Status.APPROVED, Status.SCHEDULED)


def major() -> Book:
    return Book().occurred("2026-03-02T08:00").level("重大", "2026-03-02T08:10")


@pytest.mark.promise("P6")
def test_nothing_less_than_published_or_held_stops(figure):
    book = major()
    tried = 0
    for status in NOT_YET:
        book.release("2026-03-02T09:00", status)
        tried += 1
    for status in (ConferenceStatus.ANNOUNCED, ConferenceStatus.CANCELLED):
        book.conference("2026-03-02T09:00", status)
        tried += 1
    for make in (Answer, Interpretation, Clarification):
        book.put(make, "2026-03-02T09:00", status=Status.PUBLISHED)
        tried += 1
    for rule in ("R1", "R2"):
        for threshold in (50, 75, 90, 100):
            book.put(Acknowledgement, "2026-03-02T09:00", rule=rule, threshold=threshold)
            tried += 1
    book.put(Note, "2026-03-02T09:00", text="已发布").put(
        Fact, "2026-03-02T09:00", text="已发布", status=Certain.YES
    )
    tried += 2
    clocks = book.judged("2026-03-02T10:00")
    assert clocks["R1"].state is State.RUNNING
    assert clocks["R2"].state is State.RUNNING
    figure(f"{tried} entries that stop nothing")


@pytest.mark.promise("P6")
def test_a_release_stops_r1_only_and_a_conference_r2_only():
    clocks = major().release("2026-03-02T12:00").judged("2026-03-02T12:30")
    assert (clocks["R1"].state, clocks["R1"].margin_s) == (State.MET, 3600)
    assert clocks["R2"].state is State.RUNNING
    clocks = major().conference("2026-03-02T12:00").judged("2026-03-02T12:30")
    assert clocks["R1"].state is State.DUE_SOON
    assert (clocks["R2"].state, clocks["R2"].margin_s) == (State.MET, 20 * 3600)


@pytest.mark.promise("P6")
def test_a_release_by_the_higher_body_counts():
    clocks = major().release("2026-03-02T12:00", issuer=Issuer.HIGHER).judged("2026-03-02T13:30")
    assert clocks["R1"].state is State.MET
    assert "由上级" in clocks["R1"].reason


@pytest.mark.promise("P6")
def test_the_first_published_release_that_is_written_down_freezes_the_verdict():
    book = major().release("2026-03-02T09:00", Status.DRAFTED)
    book.release("2026-03-02T12:30").release("2026-03-02T12:00", written="2026-03-02T12:40")
    assert book.judged("2026-03-02T15:00")["R1"].margin_s == 1800


@pytest.mark.promise("P6")
def test_of_releases_before_the_level_the_earliest_is_the_stop():
    book = Book().occurred("2026-03-02T08:00").level("较大", "2026-03-02T08:10")
    book.release("2026-03-02T12:30").release("2026-03-02T12:00", written="2026-03-02T12:40")
    assert book.level("重大", "2026-03-02T12:50").judged("2026-03-02T15:00")["R1"].margin_s == 3600
