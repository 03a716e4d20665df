"""Any incident as it stood at any instant, and under other rules or another calendar (时间机器).

What was written by the instant is all that was known then; its clocks are judged at that instant.
A comparison puts the rules of then beside others: what R2 would have been under another text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.orm import Session

from registry.errors import InvalidInputError
from responder import incidents, ledger
from responder.clocks import Clock, Verdict, as_of, judge
from responder.entries import Closed, Entry, MergedInto, Reopen
from responder.facts import Known, corrections, gather, in_order
from responder.incidents import CLOSED, OPEN, Incident
from responder.query import by_urgency, moments
from responder.rulebook import Rulebook, in_force
from responder.rules import RuleSet, desk_file, load, variants
from responder.timeline import TimelineItem, timeline_of
from responder.wording import instant as in_words
from responder.workdays import Calendar

_NATIONAL = "全国"


class Difference(Struct, frozen=True, kw_only=True):
    """One clock under the rules of then and under others; None where it is not there."""

    rule: str
    name: str
    cycle: int
    ours: Clock | None
    theirs: Clock | None
    text: str  # one Chinese sentence


class Then(Struct, frozen=True, kw_only=True):
    """An incident as it stood at ``at``; ``differences`` where other rules were asked for."""

    at: datetime
    incident: Incident
    entries: tuple[Entry, ...]
    clocks: tuple[Clock, ...]
    moments: dict[str, Known]
    timeline: tuple[TimelineItem, ...]
    variant: str = ""
    differences: tuple[Difference, ...] = ()


def stood(
    session: Session,
    incident: int,
    at: datetime,
    *,
    variant: RuleSet | None = None,
    calendar: Calendar | None = None,
) -> Then:
    """The incident as it stood at that instant, judged then.

    Raises NotFoundError, and InvalidInputError for an instant before it was opened.
    """
    row = incidents.get(session, incident)
    entries = as_of(ledger.load(session, incident), at)
    if not entries:
        raise InvalidInputError(
            f"事件 {incident} 立项于 {in_words(row.opened_at)}，{in_words(at)} 还没有记录",
            field="at",
        )
    book = in_force(session)
    found = judge(entries, rules=book.rules, calendar=book.calendar, now=at, incident=incident)
    other = variant is not None or calendar is not None
    return Then(
        at=at,
        incident=_incident(row, entries),
        entries=tuple(entries),
        clocks=tuple(by_urgency([verdict.clock for verdict in found])),
        moments=moments(entries),
        timeline=tuple(timeline_of(entries)),
        variant=variant.version if variant else "",
        differences=tuple(
            compare(entries, at, book=book, rules=variant, calendar=calendar, incident=incident)
        )
        if other
        else (),
    )


def compare(
    entries: Sequence[Entry],
    at: datetime,
    *,
    book: Rulebook,
    rules: RuleSet | None = None,
    calendar: Calendar | None = None,
    incident: int | None = None,
) -> list[Difference]:
    """Each clock as it is, beside what it would have been; those that are equal are left out.

    Other rules are taken for the whole time: what entries name is not looked at then.
    """
    ours = judge(entries, rules=book.rules, calendar=book.calendar, now=at, incident=incident)
    theirs = judge(
        entries,
        rules=replace(rules, earlier={}) if rules else book.rules,
        calendar=replace(calendar, earlier={}) if calendar else book.calendar,
        now=at,
        incident=incident,
    )
    # What the service began to run after this incident was opened is no difference of the region.
    there = {(one.cycle, one.rule.id) for one in ours}
    theirs = [
        one for one in theirs if (one.cycle, one.rule.id) in there or one.rule.region != _NATIONAL
    ]
    under = rules.region or rules.version if rules else calendar.version if calendar else ""
    one, two = _by_key(ours), _by_key(theirs)
    return [
        _difference(key, one.get(key), two.get(key), under)
        for key in dict.fromkeys((*one, *two))
        if not _same(one.get(key), two.get(key))
    ]


def named_variant(name: str) -> RuleSet:
    """The packaged example of that name over what the service runs.

    Raises InvalidInputError with the names.
    """
    known = variants()
    if name not in known:
        raise InvalidInputError(
            f"没有“{name}”这个地方规定，可用：{'、'.join(known)}", field="variant"
        )
    return load(desk_file(), known[name])


def _incident(row: Incident, entries: Sequence[Entry]) -> Incident:
    """What lists would have shown of it then."""
    ordered = in_order(entries)
    standings = gather(ordered, corrections(ordered))[-1].standings
    standing = standings[-1] if standings else None
    turns = [entry for entry in ordered if isinstance(entry, Closed | MergedInto | Reopen)]
    ended = turns[-1] if turns and not isinstance(turns[-1], Reopen) else None
    newest = ordered[-1]
    return replace(
        row,
        state=CLOSED if ended else OPEN,
        level=standing.level.value if standing and standing.level else "",
        event_type=standing.event_type.value if standing and standing.event_type else "",
        closed_at=ended.written_at if ended else None,
        cycle=sum(isinstance(entry, Reopen) for entry in ordered),
        count=newest.seq,
        head=row.head if newest.seq == row.count else "",
    )


def _by_key(verdicts: list[Verdict]) -> dict[tuple[int, str], Clock]:
    return {(verdict.cycle, verdict.clock.rule): verdict.clock for verdict in verdicts}


def _same(one: Clock | None, other: Clock | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.start, one.due, one.state, one.margin_s, one.name) == (
        other.start,
        other.due,
        other.state,
        other.margin_s,
        other.name,
    )


def _difference(
    key: tuple[int, str], ours: Clock | None, theirs: Clock | None, under: str
) -> Difference:
    shown = ours or theirs
    assert shown is not None
    if theirs is None:
        text = f"按{under}，没有 {key[1]} {shown.name}这条时限。"
    elif ours is None:
        text = f"按{under}，另有 {key[1]} {theirs.name}：{theirs.reason}"
    else:
        text = f"按{under}，{key[1]} {theirs.name}：{theirs.reason}"
    return Difference(
        rule=key[1], name=shown.name, cycle=key[0], ours=ours, theirs=theirs, text=text
    )
