"""Building incidents and reading clocks in a line each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from responder.clocks import Clock, clocks
from responder.entries import (
    Answer,
    Conference,
    ConferenceStatus,
    Entry,
    EventType,
    EventTyped,
    Evidence,
    Instant,
    Level,
    LevelSet,
    Moment,
    Release,
    Status,
)
from responder.rules import RuleSet, national
from responder.whatif import parse_instant
from responder.workdays import load_calendar

EVIDENCE = Evidence(channel="县政府网站", url="https://example.gov.cn/1", signer="李主任")


def at(text: str) -> datetime:
    """An instant of Asia/Shanghai unless it names a zone."""
    return parse_instant(text, "时间")


def judged(
    entries: Sequence[Entry], now: str | datetime, *, rules: RuleSet | None = None
) -> dict[str, Clock]:
    """The clocks by rule id."""
    moment = at(now) if isinstance(now, str) else now
    found = clocks(entries, rules=rules or national(), calendar=load_calendar(), now=moment)
    return {clock.rule: clock for clock in found}


class Book:
    """Entries with rising numbers, written when they happened unless told otherwise."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def _put(self, make: type[Entry], when: str, written: str | None, **fields: object) -> Entry:
        seq = len(self.entries) + 1
        entry = make(at=at(when), written_at=at(written or when), seq=seq, by="张三", **fields)  # type: ignore[arg-type]
        self.entries.append(entry)
        return entry

    def put(self, make: type[Entry], when: str, *, written: str | None = None, **fields: object):
        self._put(make, when, written, **fields)
        return self

    def moment(self, which: Moment, when: str, *, written: str | None = None, **fields: object):
        return self.put(Instant, when, written=written, which=which, value=at(when), **fields)

    def occurred(self, when: str, **fields: object):
        return self.moment(Moment.OCCURRED, when, **fields)

    def detected(self, when: str, **fields: object):
        return self.moment(Moment.DETECTED, when, **fields)

    def reported(self, when: str, **fields: object):
        return self.moment(Moment.REPORTED, when, **fields)

    def level(self, level: str, when: str, **fields: object):
        return self.put(LevelSet, when, level=Level(level), **fields)

    def typed(self, event_type: str, when: str):
        return self.put(EventTyped, when, event_type=EventType(event_type))

    def release(self, when: str, status: Status = Status.PUBLISHED, **fields: object):
        return self.put(Release, when, status=status, evidence=EVIDENCE, **fields)

    def answer(self, when: str, status: Status = Status.PUBLISHED, **fields: object):
        return self.put(Answer, when, status=status, evidence=EVIDENCE, **fields)

    def conference(self, when: str, status: ConferenceStatus = ConferenceStatus.HELD, **f: object):
        return self.put(Conference, when, status=status, evidence=EVIDENCE, **f)

    def judged(self, now: str, *, rules: RuleSet | None = None) -> dict[str, Clock]:
        return judged(self.entries, now, rules=rules)
