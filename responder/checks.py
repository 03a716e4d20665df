"""Whether an entry may be written now: order of instants, the future, evidence, second persons.

All functions raise InvalidInputError, ForbiddenError or ConflictError in Chinese and change
nothing. They look at the entries that are there, oldest first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from registry.errors import ConflictError, InvalidInputError
from responder.entries import (
    KIND_NAMES,
    MOMENT_NAMES,
    Acknowledgement,
    Closed,
    Conference,
    ConferenceStatus,
    Correction,
    Entry,
    EventTyped,
    Instant,
    LevelSet,
    Merge,
    MergedInto,
    Moment,
    Needed,
    NotApplicable,
    Opened,
    Order,
    Reopen,
    Report,
    Settled,
    Status,
    is_stop,
    kind,
)
from responder.facts import corrections, gather, in_order
from responder.rules import RuleSet
from responder.whatif import check_instants, check_order
from responder.wording import instant

SKEW = timedelta(seconds=60)  # clocks of phones and servers differ by this much
AFTER_CLOSING = frozenset({"note", "assessment", "correction", "confirmation", "reopen", "fact"})
_MAX_WORKDAYS, _MAX_HOURS = 366, 366 * 24


def check_entry(
    entry: Entry, there: Sequence[Entry], *, open_: bool, rules: RuleSet, now: datetime
) -> None:
    """Everything but what needs the clocks."""
    name = KIND_NAMES[kind(entry)]
    _check_state(entry, name, there, open_=open_)
    _check_times(entry, name, now)
    if isinstance(entry, NotApplicable | Acknowledgement | Needed):
        _check_rule(entry, rules)
    elif isinstance(entry, Instant):
        _check_moment(entry, there)
    elif isinstance(entry, LevelSet | EventTyped):
        _check_level(entry, there, rules)
    elif isinstance(entry, Correction):
        _check_correction(entry, there)
    elif isinstance(entry, Order | Settled):
        _check_order(entry, there)
    elif is_stop(entry):
        _check_stop(entry, there, name)


def _check_state(entry: Entry, name: str, there: Sequence[Entry], *, open_: bool) -> None:
    if not open_ and kind(entry) not in AFTER_CLOSING:
        raise ConflictError(f"事件已办结，不能再记{name}；确需继续，请先重启事件")
    if isinstance(entry, Opened) and there:
        raise ConflictError("事件已经立项，不能再次立项")
    if isinstance(entry, Reopen) and open_:
        raise ConflictError("事件没有办结，不需要重启")
    if isinstance(entry, Merge | MergedInto) and entry.other == entry.incident:
        raise InvalidInputError("事件不能并入自己", field="other")
    if isinstance(entry, Closed | Reopen) and not entry.reason.strip():
        raise InvalidInputError(f"{name}须写明理由", field="reason")


def _check_times(entry: Entry, name: str, now: datetime) -> None:
    check_instants(entry, f"{name}的 ")
    planned = getattr(entry, "status", None) in {Status.SCHEDULED, ConferenceStatus.ANNOUNCED}
    if entry.at > now + SKEW and not planned:
        raise InvalidInputError(f"{name}的时间 {instant(entry.at)} 在将来，请核对", field="at")
    next_at = getattr(entry, "next_at", None)
    if next_at is not None and next_at <= entry.at:
        raise InvalidInputError(
            f"{name}的下次发布时间 {instant(next_at)} 不晚于本次 {instant(entry.at)}，请核对",
            field="next_at",
        )
    for field in ("value", "basis", "occurred", "detected", "reported"):
        value = getattr(entry, field, None)
        if isinstance(value, datetime) and value > now + SKEW:
            raise InvalidInputError(f"{name}的时间 {instant(value)} 在将来，请核对", field=field)


def check_future(known: Mapping[Moment, datetime], now: datetime) -> None:
    """Raises InvalidInputError for an instant that is still to come."""
    for which, value in known.items():
        if value > now + SKEW:
            raise InvalidInputError(
                f"{MOMENT_NAMES[which]}时间 {instant(value)} 在将来，请核对", field=which.value
            )


def _check_moment(entry: Instant, there: Sequence[Entry]) -> None:
    moments = _moments(there)
    known = moments.get(entry.which)
    name = MOMENT_NAMES[entry.which]
    if known is not None and not known[1]:
        raise ConflictError(
            f"{name}时间已记为 {instant(known[0])}；如有误，请用“更正”，写明理由并由第二人确认"
        )
    order = {which: value for which, (value, _) in moments.items()}
    check_order({**order, entry.which: entry.value})


def _moments(there: Sequence[Entry]) -> dict[Moment, tuple[datetime, bool]]:
    ordered = in_order(there)
    facts = gather(ordered, corrections(ordered))[-1]
    return {which: (known.value, known.estimated) for which, known in facts.moments.items()}


def _check_level(entry: LevelSet | EventTyped, there: Sequence[Entry], rules: RuleSet) -> None:
    if isinstance(entry, LevelSet) and entry.level.value not in rules.levels:
        raise InvalidInputError(
            f"本单位的级别中没有“{entry.level.value}”，可用：{'、'.join(rules.levels)}",
            field="level",
        )
    ordered = in_order(there)
    standings = gather(ordered, corrections(ordered))[-1].standings
    last = standings[-1] if standings else None
    if isinstance(entry, LevelSet) and last is not None and last.level is entry.level:
        raise ConflictError(f"级别已经是{entry.level.value}，没有变化")
    # Otherwise an earlier level, and with it a breach, could be dated away.
    levels = [one.at for one in standings if not isinstance(one.entry, EventTyped)]
    if levels and entry.at < levels[-1]:
        raise InvalidInputError(
            f"时间 {instant(entry.at)} 早于上一次定级 {instant(levels[-1])}，请核对", field="at"
        )
    occurred = _moments(there).get(Moment.OCCURRED)
    if occurred is not None and isinstance(entry, LevelSet) and entry.at < occurred[0]:
        raise InvalidInputError(
            f"认定时间 {instant(entry.at)} 早于事发时间 {instant(occurred[0])}，请核对", field="at"
        )


def _check_stop(entry: Entry, there: Sequence[Entry], name: str) -> None:
    evidence = entry.evidence
    if evidence is None or not evidence.channel.strip():
        raise InvalidInputError(f"{name}须写明渠道（evidence.channel）", field="channel")
    if isinstance(entry, Report):
        if not entry.to.strip():
            raise InvalidInputError("信息报告须写明报给谁（to）", field="to")
        if entry.hop < 1:
            raise InvalidInputError("报告的级数从 1 起", field="hop")
    elif not (evidence.url.strip() or evidence.place.strip()):
        raise InvalidInputError(
            f"{name}须写明网址或地点（evidence.url 或 evidence.place）", field="url"
        )
    if evidence.url.strip() and not _is_address(evidence.url):
        raise InvalidInputError(
            f"{name}的网址“{evidence.url[:80]}”不对，须以 http:// 或 https:// 开头；"
            "没有网址的请写地点",
            field="url",
        )
    if not evidence.signer.strip():
        raise InvalidInputError(f"{name}须写明签发人（evidence.signer）", field="signer")
    which = Moment.PUBLISHED if kind(entry) == "interpretation" else Moment.OCCURRED
    start = _moments(there).get(which)
    if start is not None and entry.at < start[0]:
        raise InvalidInputError(
            f"{name}的时间 {instant(entry.at)} 早于{MOMENT_NAMES[which]}"
            f" {instant(start[0])}，请核对",
            field="at",
        )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _check_order(entry: Order | Settled, there: Sequence[Entry]) -> None:
    if isinstance(entry, Order):
        if not entry.number.strip():
            raise InvalidInputError("请写明工单编号（number）", field="number")
        if entry.hours is not None and entry.workdays is not None:
            raise InvalidInputError("工单的时限只能写小时或工作日之一", field="hours")
        limits = (("hours", entry.hours, _MAX_HOURS), ("workdays", entry.workdays, _MAX_WORKDAYS))
        for field, limit, most in limits:
            if limit is not None and not 0 < limit <= most:
                raise InvalidInputError(f"工单的时限应大于 0、不超过 {most}", field=field)
        return
    order = next((one for one in there if one.seq == entry.order), None)
    if not isinstance(order, Order):
        raise InvalidInputError(f"第 {entry.order} 条不是受理工单", field="order")
    if entry.at < order.at:
        raise InvalidInputError(
            f"办结时间 {instant(entry.at)} 早于受理 {instant(order.at)}，请核对", field="at"
        )
    if any(isinstance(one, Settled) and one.order == entry.order for one in there):
        raise ConflictError(f"工单 {order.number} 已经办结，时间有误请用“更正”")


def _check_correction(entry: Correction, there: Sequence[Entry]) -> None:
    target = next((other for other in there if other.seq == entry.target), None)
    if target is None:
        raise InvalidInputError(f"没有第 {entry.target} 条记录，无从更正", field="target")
    if not (isinstance(target, Instant | Order) or is_stop(target)):
        raise InvalidInputError(
            f"第 {entry.target} 条是{KIND_NAMES[kind(target)]}，只能更正时点和已发布、已召开、"
            "已报、受理、办结的时间",
            field="target",
        )
    if not entry.reason.strip():
        raise InvalidInputError("更正须写明理由", field="reason")
    if entry.evidence is None:
        raise InvalidInputError("更正须附证据", field="evidence")
    if isinstance(target, Instant):
        order = {which: value for which, (value, _) in _moments(there).items()}
        check_order({**order, target.which: entry.value})
    elif isinstance(target, Conference) or is_stop(target):
        occurred = _moments(there).get(Moment.OCCURRED)
        if occurred is not None and entry.value < occurred[0]:
            raise InvalidInputError(
                f"更正后的时间 {instant(entry.value)} 早于事发 {instant(occurred[0])}，请核对",
                field="value",
            )


def _check_rule(entry: NotApplicable | Acknowledgement | Needed, rules: RuleSet) -> None:
    known = rules.ids()
    # R7.2 is the second clock of R7; a version that is pinned may know more.
    named = entry.rule.partition(".")[0]
    if (
        named not in known
        and not any(named in one.ids() for one in rules.earlier.values())
        and not (isinstance(entry, Acknowledgement) and entry.rule == "level")
    ):
        raise InvalidInputError(
            f"没有“{entry.rule}”这条时限，可用：{'、'.join(known)}", field="rule"
        )
    if isinstance(entry, Acknowledgement) and entry.threshold not in (
        marks := _marks(entry.rule, named, rules)
    ):
        said = "、".join(f"{mark}%" for mark in sorted(marks))
        raise InvalidInputError(
            f"“{entry.rule}”没有 {entry.threshold}% 这一道提醒，可确认：{said}", field="threshold"
        )
    if isinstance(entry, Needed) and not entry.reason.strip():
        raise InvalidInputError("请写明为什么有必要", field="reason")
    if isinstance(entry, NotApplicable):
        if not entry.reason.strip():
            raise InvalidInputError("不适用须写明理由", field="reason")
        if not entry.clause.strip():
            raise InvalidInputError("不适用须写明依据的条款", field="clause")


def _marks(rule: str, named: str, rules: RuleSet) -> set[int]:
    """The reminders of a clock in percent, also those of versions that may be pinned."""
    every = (rules, *rules.earlier.values()) if rule != "level" else ()
    found = [one for some in every for one in some.rules if one.id == named]
    return {100} | {round(share * 100) for one in found for share in one.thresholds}
