"""The subscribed roster against a strict reader of RFC 5545, whatever people write into it."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from support import icalendar

from registry import duty_feeds
from registry.duty import DutyRole, Kind, Shift, Stretch

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
TEXTS = st.one_of(
    st.text(max_size=120),
    st.text(alphabet='，长😀\\;,:"\n\r\t\x00\x0b\x7f\x85\u2028 a', max_size=300),
)


def stretch(number: int, name: str = "张三", note: str = "") -> Stretch:
    start = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=12 * number)
    shift = Shift(
        id=number,
        day=date(2026, 3, 2),
        kind=Kind.DAY,
        role=DutyRole.OFFICER,
        user=None,
        name=name,
        starts_at=start,
        ends_at=start + timedelta(hours=12),
        source="roster",
        replaces=None,
        note=note,
    )
    return Stretch(shift, start, shift.ends_at)


def plain(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in text if one == "\n" or (one >= " " and one != "\x7f"))


@given(TEXTS, TEXTS, TEXTS)
def test_any_text_is_read_back_as_it_was(title, name, note):
    name, note = (text.encode("utf-8", "ignore").decode() for text in (name, note))
    title = title.encode("utf-8", "ignore").decode()
    made = duty_feeds.calendar([stretch(1, name, note), stretch(2)], name=title, now=NOW)
    one, other = icalendar.read(made.encode())
    assert one.summary == f"白班 值班员 {plain(name)}"
    assert one.description == plain(note)
    assert other.summary == "白班 值班员 张三"
    assert (one.start, one.end) == (stretch(1).start, stretch(1).end)
    assert one.stamp == NOW
    assert one.uid != other.uid


def test_an_empty_roster_is_a_calendar_too():
    assert icalendar.read(duty_feeds.calendar([], name="值班表", now=NOW).encode()) == []
