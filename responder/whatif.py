"""Entries from plain options or from JSON Lines, for ``yuqing clocks`` and for imports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from registry.errors import InvalidInputError
from responder.drafts import in_chinese
from responder.entries import (
    KIND_NAMES,
    MOMENT_NAMES,
    Answer,
    AnyEntry,
    Clarification,
    Conference,
    ConferenceStatus,
    Entry,
    Instant,
    Interpretation,
    Level,
    LevelSet,
    Moment,
    NewsCentre,
    Opened,
    Release,
    Report,
    ReportKind,
    Settled,
    Status,
    is_stop,
    kind,
)
from responder.rules import RuleSet, national
from responder.rules.model import LEVELS
from responder.vocabulary import REPORT_STOPS
from responder.wording import instant
from responder.workdays import SHANGHAI

_decoder: msgspec.json.Decoder[AnyEntry] = msgspec.json.Decoder(AnyEntry)
_OPTIONS_FROM = 1_000_000  # beyond the numbers of entries that come from a file beside the options
_SKEW = timedelta(seconds=60)
_FIRST_YEAR, _LAST_YEAR = 1950, 2200
_TEXTS = {
    "release": Release,
    "answer": Answer,
    "interpretation": Interpretation,
    "clarification": Clarification,
}


def from_options(
    *,
    level: str | None = None,
    occurred: datetime | None = None,
    detected: datetime | None = None,
    reported: datetime | None = None,
    classified: datetime | None = None,
    published: datetime | None = None,
    stopped: Mapping[str, datetime] | None = None,
    rules: RuleSet | None = None,
) -> list[Entry]:
    """The entries that say just this. ``stopped`` maps rule ids to instants.

    Raises InvalidInputError (Chinese) for an unknown level or rule, an instant without a zone,
    instants in the wrong order, or a stop before the start.
    """
    given = {
        Moment.OCCURRED: occurred,
        Moment.DETECTED: detected,
        Moment.REPORTED: reported,
        Moment.CLASSIFIED: classified,
        Moment.PUBLISHED: published,
    }
    known = {which: value for which, value in given.items() if value is not None}
    for which, value in known.items():
        check_instant(value, MOMENT_NAMES[which])
    check_order(known)
    entries: list[Entry] = []

    def seq() -> int:
        return _OPTIONS_FROM + len(entries)

    for which, value in known.items():
        entries.append(Instant(at=value, written_at=value, seq=seq(), which=which, value=value))
    if level is not None:
        at = classified or min(known.values(), default=datetime(2000, 1, 1, tzinfo=SHANGHAI))
        known_levels = (rules or national()).levels
        entries.append(
            LevelSet(at=at, written_at=at, seq=seq(), level=parse_level(level, known_levels))
        )
    for rule, at in (stopped or {}).items():
        check_instant(at, f"{rule} 的停表时间")
        # Before anybody knew of it, and before it happened: it belongs to something else.
        told = (occurred,) if occurred is not None else (detected, reported)
        start = published if rule == "R5" else min(filter(None, told), default=None)
        if start is not None and at < start:
            raise InvalidInputError(
                f"{rule} 的停表时间 {instant(at)} 早于起算时间 {instant(start)}，请核对"
            )
        entries.append(_stop(rule, at, seq(), rules or national()))
    return entries


def parse_level(level: str, known: Sequence[str] = LEVELS) -> Level:
    """The level of that name, if it is among those that the unit uses.

    Raises InvalidInputError with the names.
    """
    if level not in known:
        names = "、".join(known)
        raise InvalidInputError(f"没有“{level}”这个级别，可用：{names}", field="level")
    return Level(level)


def parse_instant(text: str, name: str) -> datetime:
    """An ISO instant as a person types it; without a zone it is Asia/Shanghai."""
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInputError(
            f"{name}“{text}”不是有效的时间，请写成 2026-02-17T08:00 或 2026-02-17T08:00+08:00"
        ) from None
    value = value if value.tzinfo else value.replace(tzinfo=SHANGHAI)
    check_instant(value, name)
    return value


def check_instant(value: datetime, name: str) -> None:
    """Raises InvalidInputError for an instant without a zone, or in an impossible year."""
    if value.tzinfo is None:
        raise InvalidInputError(f"{name}没有时区，请写明，如 +08:00")
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise InvalidInputError(f"{name}：{value.year} 年不对，请核对年份")


def check_instants(entry: Entry, name: str) -> None:
    """As :func:`check_instant`, for every instant in the entry; ``name`` comes before the field."""
    for field in entry.__struct_fields__:
        value = getattr(entry, field)
        if isinstance(value, datetime):
            check_instant(value, f"{name}{field}")


def check_order(known: Mapping[Moment, datetime]) -> None:
    """Raises InvalidInputError where something is found, reported or judged before it happened."""
    occurred = known.get(Moment.OCCURRED)
    if occurred is None:
        return
    for which in (Moment.DETECTED, Moment.REPORTED, Moment.CLASSIFIED):
        value = known.get(which)
        if value is not None and value < occurred:
            name = MOMENT_NAMES[which]
            raise InvalidInputError(
                f"{name}时间 {instant(value)} 早于事发时间 {instant(occurred)}，先后不对，请核对"
            )


def happened_by(entries: Sequence[Entry], now: datetime) -> list[Entry]:
    """Without what was done after that instant. What is known of the instants stays."""
    return [one for one in entries if one.at <= now or isinstance(one, Instant | Opened)]


def oddities(entries: Sequence[Entry]) -> list[str]:
    """What can't be true in entries that the service did not check: one Chinese sentence each."""
    found: list[str] = []
    known: dict[Moment, datetime] = {}
    for entry in entries:
        name = f"第 {entry.seq} 条{KIND_NAMES[kind(entry)]}"
        if entry.at > entry.written_at + _SKEW and not _planned(entry):
            found.append(
                f"{name}的时间 {instant(entry.at)} 晚于记入时间 {instant(entry.written_at)}，请核对"
            )
        if isinstance(entry, Instant):
            known.setdefault(entry.which, entry.value)
            try:
                check_order({**known, entry.which: entry.value})
            except InvalidInputError as error:
                found.append(f"第 {entry.seq} 条：{error.message}")
    begun = known.get(Moment.OCCURRED)
    found += [
        f"第 {one.seq} 条{KIND_NAMES[kind(one)]}的时间 {instant(one.at)} 早于"
        f"事发 {instant(begun)}，不停表，请核对"
        for one in entries
        if begun is not None and is_stop(one) and one.at < begun
        if not isinstance(one, Interpretation | Settled)
    ]
    return found


def _planned(entry: Entry) -> bool:
    return getattr(entry, "status", None) in {Status.SCHEDULED, ConferenceStatus.ANNOUNCED}


def read_entries(lines: Iterable[str | bytes], *, name: str = "记录") -> list[Entry]:
    """The entries of JSON Lines. Raises InvalidInputError naming the line and the field."""
    entries: list[Entry] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = _decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise InvalidInputError(f"{name}第 {number} 行：{in_chinese(str(error))[0]}") from error
        check_instants(entry, f"{name}第 {number} 行的 ")
        entries.append(entry if entry.seq else replace(entry, seq=len(entries) + 1))
    return entries


def _stop(rule_id: str, at: datetime, seq: int, rules: RuleSet) -> Entry:
    rule = next((rule for rule in rules.enabled() if rule.id == rule_id), None)
    if rule is None:
        names = "、".join(rules.ids())
        raise InvalidInputError(f"没有“{rule_id}”这条时限，可用：{names}", field="stopped")
    # Where several kinds stop it, the one that stops the fewest other rules.
    stop = min(
        rule.stops, key=lambda name: (sum(name in one.stops for one in rules.enabled()), name)
    )
    if stop == "conference":
        return Conference(at=at, written_at=at, seq=seq, status=ConferenceStatus.HELD)
    if stop == "news_centre":
        return NewsCentre(at=at, written_at=at, seq=seq)
    if stop == "settled":
        return Settled(at=at, written_at=at, seq=seq, order=0)
    if stop.startswith("report"):
        by_stop = {name: method for method, name in REPORT_STOPS.items()}
        method = by_stop.get(stop, ReportKind.PHONE)
        return Report(at=at, written_at=at, seq=seq, method=method, to="")
    made: Entry = _TEXTS[stop](at=at, written_at=at, seq=seq, status=Status.PUBLISHED)
    return made
