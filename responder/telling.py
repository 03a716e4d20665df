"""A notice to each channel that reaches somebody whom it is for (通知分发).

A channel may be bound to addressees (``to`` in its settings), unbound it is for everyone. Each
notice is written for each channel, in the transaction of its cause; what a channel is not for is
written as not sent, with the reason. Whom no channel reaches stands in the log of notices and on
the desk: the console alone wakes nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import changes, notice_log, outbox, roster, units, users
from registry import channels as registered
from registry.duty import DutyRole
from registry.outbox import Draft
from registry.statements import chunks
from registry.tables import OutboxRow
from responder.addressees import UNIT

CONSOLE = "console"
Person = Mapping[str, Any]  # user, name, role, as addressees.Addressed.plain has them


class Telling(Struct, frozen=True, kw_only=True):
    """One notice for all channels. ``to`` are persons; ``held`` says why it is not sent at all."""

    kind: str
    key: str
    due_at: datetime
    payload: dict[str, Any]
    to: Sequence[Person] = ()
    held: str = ""


def tell(
    session: Session, tellings: Sequence[Telling], *, channels: Sequence[str], now: datetime
) -> set[str]:
    """Write each for each channel; returns the keys of those that were new for one of them."""
    reach = _Reach(session, channels, now)
    drafts: dict[str, tuple[Telling, Draft, str]] = {}
    for telling in tellings:
        unreached = reach.nobody_for(telling.to)
        for channel in channels:
            payload = {**telling.payload, "to": list(telling.to), "channel": channel}
            if unreached:
                payload["unreached"] = unreached
            draft = Draft(telling.kind, f"{telling.key}:{channel}", payload, telling.due_at)
            drafts[draft.key] = (telling, draft, telling.held or reach.why_not(channel, telling.to))
    new = outbox.put_all(session, [draft for _, draft, _ in drafts.values()], now=now)
    fresh = {key: drafts[key] for key in drafts if key in new}
    _hold(session, {key: reason for key, (_, _, reason) in fresh.items() if reason}, now)
    told: dict[str, Telling] = {telling.key: telling for telling, _, _ in fresh.values()}
    for telling in told.values():
        if unreached := reach.nobody_for(telling.to):
            said = f"没有渠道能通知到{'、'.join(unreached)}，只列在控制台。请检查各渠道的 to 设置"
            about = {name: telling.payload.get(name) for name in ("alert", "incident")}
            notice_log.write(session, notice_log.UNREACHED, said, now=now, **about)
    changes.note(session, "notice", *told, now=now)
    return set(told)


def known(session: Session, keys: Collection[str], channels: Sequence[str]) -> set[str]:
    """Which of these notices are in the outbox, for whatever channel."""
    by_row = {f"{key}:{channel}": key for key in keys for channel in channels}
    found: set[str] = set()
    for some in chunks(sorted(by_row)):
        rows = session.scalars(select(OutboxRow.key).where(OutboxRow.key.in_(some)))
        found.update(by_row[row] for row in rows)
    return found


def _hold(session: Session, reasons: Mapping[str, str], now: datetime) -> None:
    for reason in dict.fromkeys(reasons.values()):
        for keys in chunks([key for key, why in reasons.items() if why == reason]):
            held = session.scalars(select(OutboxRow.id).where(OutboxRow.key.in_(keys))).all()
            outbox.not_sent(session, held, now=now, reason=reason)


class _Reach:
    """Which channels reach whom, by what is known in this transaction."""

    def __init__(self, session: Session, channels: Sequence[str], now: datetime) -> None:
        bound = registered.bindings(session)
        self._bound = {name: bound[name] for name in channels if name in bound}
        self._free = any(name not in bound and name != CONSOLE for name in channels)
        self._meant: dict[str, set[int | str]] = {}
        if self._bound:
            targets = {target for some in self._bound.values() for target in some}
            self._meant = {target: _meant(session, target, now) for target in targets}

    def why_not(self, channel: str, to: Sequence[Person]) -> str:
        """Why that channel does not take what is for these; "" where it does."""
        targets = self._bound.get(channel)
        if not targets or not to or any(self._by(targets, person) for person in to):
            return ""
        names = "、".join(dict.fromkeys(str(person["name"]) for person in to))
        return f"这个渠道只通知{'、'.join(targets)}，这条通知的对象是{names}"

    def nobody_for(self, to: Sequence[Person]) -> list[str]:
        """Those whom no channel beside the console reaches, where there is any such channel."""
        if self._free or not self._bound:
            return []
        return [
            f"{person['name']}（{person['role']}）" if person["role"] else str(person["name"])
            for person in to
            if not any(self._by(targets, person) for targets in self._bound.values())
        ]

    def _by(self, targets: Sequence[str], person: Person) -> bool:
        who = {person["user"]} if person["user"] is not None else {str(person["name"])}
        return any(
            target in (f"在班:{person['role']}", f"角色:{person['role']}")
            or who & self._meant[target]
            for target in targets
        )


def _meant(session: Session, target: str, now: datetime) -> set[int | str]:
    """The ids of the users whom a target means now; names where there is no account."""
    kind, _, value = target.partition(":")
    if kind == "在班":
        on = roster.who_is_on(session, now, DutyRole(value))
        return {shift.name if shift.user is None else shift.user for shift in on}
    if kind == UNIT:
        return {unit.name for unit in units.everything(session) if value in (unit.id, unit.name)}
    people = [user for user in users.everything(session) if user.active]
    if kind == "角色":
        return {user.id for user in people if value in user.roles}
    return {user.id for user in people if user.name == value}
