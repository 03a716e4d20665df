"""工单 and 不实信息: what came in and is to be answered, and how long it has waited.

The forms are as those of :mod:`api.console.recording`. What the texts want 及时, without a number
of hours, is no clock: its elapsed time stands among the releases.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from msgspec import Struct
from sqlalchemy.orm import Session

from api.console import words
from api.console.forms import Fields
from api.console.recording import name_of
from registry.errors import InvalidInputError
from registry.users import User
from responder import incidents, series
from responder.drafts import draft
from responder.entries import (
    KIND_NAMES,
    Conference,
    Entry,
    FalseClaim,
    Order,
    Settled,
    is_stop,
    kind,
)
from responder.facts import corrections, in_order
from responder.rulebook import in_force

LIMITS = (("", "按类别"), ("hours", "小时"), ("workdays", "工作日"))
_RELEASED = frozenset({"release", "answer", "clarification", "interpretation", "conference"})
_MOST = {"hours": 366 * 24, "workdays": 366}
_SHORT = 40


class Released(Struct, frozen=True, kw_only=True):
    """Something that went out; ``after`` is the time since the one before, in words."""

    seq: int
    at: datetime
    name: str
    title: str
    after: str


class Waiting(Struct, frozen=True, kw_only=True):
    """What is to be answered 及时: ``word`` says how long it waits, or took."""

    rule: str
    name: str
    text: str
    basis: str
    start: datetime
    word: str
    done: bool
    citation: str


def choices(session: Session, there: Sequence[Entry], now: datetime) -> dict[str, Any]:
    """Orders and claims that are open, what went out, and elapsed times."""
    rules = in_force(session).rules
    rule = rules.get("R8")
    settled = {entry.order for entry in there if isinstance(entry, Settled)}
    return {
        "order_kinds": tuple((name, f"{name}（{length}）") for name, length in rule.presets.items())
        if rule
        else (),
        "order_limits": LIMITS,
        "open_orders": [
            (str(entry.seq), f"{entry.number} {entry.text[:_SHORT]}".strip())
            for entry in there
            if isinstance(entry, Order) and entry.seq not in settled
        ],
        "claims": [
            (str(entry.seq), f"#{entry.seq} {entry.text[:_SHORT]}")
            for entry in there
            if isinstance(entry, FalseClaim)
        ],
        "released": released(there),
        "since_release": _since(there, now),
        "waiting": [waiting(one) for one in series.elapsed(there, rules=rules, now=now)],
    }


def released(there: Sequence[Entry]) -> list[Released]:
    """What went out or was held, newest first, at the times as corrected."""
    times = _times(there)
    gaps = {b[1].seq: words.span((b[0] - a[0]).total_seconds()) for a, b in pairwise(times)}
    return [
        Released(
            seq=entry.seq,
            at=at,
            name=KIND_NAMES[kind(entry)],
            title=getattr(entry, "title", ""),
            after=gaps.get(entry.seq, ""),
        )
        for at, entry in reversed(times)
    ]


def _times(there: Sequence[Entry]) -> list[tuple[datetime, Entry]]:
    moved = {one.target: one.value for one in corrections(in_order(there))}
    out = [entry for entry in there if kind(entry) in _RELEASED and is_stop(entry)]
    found = [(moved.get(entry.seq, entry.at), entry) for entry in out]
    return sorted(found, key=lambda one: (one[0], one[1].seq))


def _since(there: Sequence[Entry], now: datetime) -> str:
    texts = [at for at, entry in _times(there) if not isinstance(entry, Conference)]
    return words.span((now - texts[-1]).total_seconds()) if texts else ""


def waiting(one: series.Elapsed) -> Waiting:
    """An elapsed time in words."""
    done = one.stopped is not None
    return Waiting(
        rule=one.rule,
        name=one.name,
        text=one.text,
        basis=one.basis,
        start=one.start,
        word=f"用了 {words.span(one.seconds)}" if done else f"已过 {words.span(one.seconds)}",
        done=done,
        citation=one.citation,
    )


def order(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """受理工单: the limit that it names, else that of its kind."""
    unit = form.get("unit", "")
    body: dict[str, Any] = {
        "type": "order",
        "number": form.text("number", "工单编号", longest=100),
        "kind": form.get("kind", "")[:50],
        "text": form.get("text", "")[:20_000],
        "at": _at(form, "受理时间"),
    }
    if unit:
        if unit not in _MOST:
            raise InvalidInputError("“时限单位”不在可选之列。", field="unit")
        body[unit] = form.number("limit", "工单上的时限", least=1, most=_MOST[unit])
    elif form.get("limit"):
        raise InvalidInputError("写了时限，请选“小时”或“工作日”。", field="unit")
    return _add(session, number, body, user, now, "order")


def settle(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """工单办结: which one, with what result; stops its clock."""
    body = {
        "type": "settled",
        "order": form.number("order", "哪个工单", least=1, most=10**9),
        "result": form.text("result", "办理结果", longest=2000),
        "at": _at(form, "办结时间"),
        "evidence": {
            "channel": form.get("channel", "")[:200] or "12345",
            "signer": form.get("signer", "")[:100] or name_of(user),
        },
    }
    return _add(session, number, body, user, now, "settled")


def claim(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """不实信息: found, to be clarified 及时."""
    url = form.get("url", "")
    if url and words.safe_url(url) is None:
        raise InvalidInputError("“网址”应以 http:// 或 https:// 开头。", field="url")
    body = {
        "type": "false_claim",
        "text": form.text("text", "说了什么", longest=20_000),
        "url": url[:2000],
        "source": form.get("source", "")[:200],
        "at": _at(form, "何时发现"),
    }
    return _add(session, number, body, user, now, "claim")


def _add(
    session: Session, number: int, body: dict[str, Any], user: User, now: datetime, done: str
) -> str:
    given = {key: value for key, value in body.items() if value not in (None, "")}
    incidents.add(session, number, draft(given, by=name_of(user), now=now), now=now)
    return done


def _at(form: Fields, label: str) -> str | None:
    at = form.instant("at", label)
    return words.iso(at) if at else None
