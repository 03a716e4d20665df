"""P5: an upgrade counts from the original basis."""

import pytest
from support.clocks import Book, at

from responder.clocks import State


@pytest.mark.promise("P5")
def test_large_at_0_h_major_at_6_h(figure):
    book = Book().occurred("2026-03-02T08:00").detected("2026-03-02T08:00")
    book.level("较大", "2026-03-02T08:00")
    before = book.judged("2026-03-02T13:59")
    assert set(before) == {"R3"}
    book.level("重大", "2026-03-02T14:00")
    clocks = book.judged("2026-03-02T14:00")
    assert clocks["R1"].state is State.OVERDUE
    assert clocks["R1"].due == at("2026-03-02T13:00")
    assert clocks["R1"].margin_s == -3600
    assert "升级认定" in clocks["R1"].reason
    assert "距认定 0 分钟" in clocks["R1"].reason
    assert clocks["R2"].state is State.RUNNING
    assert clocks["R2"].due == at("2026-03-03T08:00")
    assert clocks["R3"].state is State.REVOKED
    assert "距认定 25 分钟" in book.judged("2026-03-02T14:25")["R1"].reason
    figure("R1 overdue by 1:00 at once, R2 due at 24 h, R3 revoked")
