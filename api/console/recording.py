"""What each form of the incident page writes: one function a form.

Each takes (session, incident, fields, user, now), returns the key of what was done (see
:data:`api.console.acting.DONE`) and raises what the responder raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from api.console import words
from api.console.forms import Fields
from api.console.unseen import unchanged
from registry.errors import InvalidInputError
from registry.users import User
from responder import incidents, signing
from responder.drafts import draft
from responder.entries import FalseClaim

_CONFERENCE = "新闻发布会"


def name_of(user: User) -> str:
    """The person as the records show them."""
    return user.display_name or user.name


def _add(session: Session, number: int, body: Mapping[str, Any], user: User, now: datetime) -> None:
    given = {key: value for key, value in body.items() if value not in (None, "")}
    incidents.add(session, number, draft(given, by=name_of(user), now=now), now=now)


def _at(form: Fields, label: str) -> str | None:
    at = form.instant("at", label)
    return words.iso(at) if at else None


def fact(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """A fact, confirmed or to be checked, with who said it."""
    body = {
        "type": "fact",
        "text": form.text("text", "事实", longest=20_000),
        "status": form.get("status", "待核实"),
        "source": form.get("source", "")[:200],
        "at": _at(form, "何时发生"),
    }
    _add(session, number, body, user, now)
    return "entry"


def instant(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """One of the instants, from which clocks run."""
    value = form.instant("value", "时间")
    if value is None:
        raise InvalidInputError("“时间”没有填。", field="value")
    body = {
        "type": "instant",
        "which": form.text("which", "哪个时点"),
        "value": words.iso(value),
        "estimated": bool(form.get("estimated")),
        "said_by": form.get("said_by", "")[:200],
    }
    _add(session, number, body, user, now)
    return "entry"


def release(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """A text on its way out; published, it stops its clock and needs evidence."""
    url = form.get("url", "")
    if url and words.safe_url(url) is None:
        raise InvalidInputError("“网址”应以 http:// 或 https:// 开头。", field="url")
    kind = form.get("kind", "release")
    if kind not in {"release", "answer", "clarification", "interpretation"}:
        raise InvalidInputError("“种类”不在可选之列。", field="kind")
    evidence = {
        "channel": form.get("channel", "")[:200],
        "url": url[:2000],
        "signer": form.get("signer", "")[:100],
    }
    following = form.instant("next_at", "下次发布时间")
    body = {
        "type": kind,
        "status": form.get("status", ""),
        "issuer": form.get("issuer", "本单位"),
        "title": form.get("title", "")[:200],
        "text": form.get("text", "")[:20_000],
        "at": _at(form, "实际发布时间"),
        "next_at": words.iso(following) if following and kind == "release" else None,
        "claim": _claim(session, number, form) if kind == "clarification" else None,
        "evidence": {key: value for key, value in evidence.items() if value} or None,
    }
    _add(session, number, body, user, now)
    return "release"


def _claim(session: Session, number: int, form: Fields) -> int | None:
    """Which false claim is clarified; None: all before it."""
    if not form.get("claim"):
        return None
    seq = form.number("claim", "澄清哪一条", least=1, most=10**9)
    there = incidents.entries(session, number)
    if not any(isinstance(entry, FalseClaim) and entry.seq == seq for entry in there):
        raise InvalidInputError(f"第 {seq} 条不是不实信息，请重新选。", field="claim")
    return seq


def conference(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """A press conference; held, it stops its clock."""
    evidence = {
        "channel": _CONFERENCE,
        "place": form.get("place", "")[:200],
        "signer": form.get("signer", "")[:100],
    }
    body = {
        "type": "conference",
        "status": form.get("status", ""),
        "issuer": form.get("issuer", "本单位"),
        "title": form.get("title", "")[:200],
        "at": _at(form, "实际开始时间"),
        "evidence": {key: value for key, value in evidence.items() if value},
    }
    _add(session, number, body, user, now)
    return "entry"


def correct(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """Propose a correction: another person signs it before it holds."""
    value = form.instant("value", "正确的时间")
    if value is None:
        raise InvalidInputError("“正确的时间”没有填。", field="value")
    body = {
        "type": "correction",
        "target": form.number("target", "更正第几条记录", least=1, most=10**9),
        "value": words.iso(value),
        "reason": form.text("reason", "为什么", longest=500),
        "evidence": {"source": form.text("proof", "证据", longest=500)},
    }
    entry = draft(body, by=name_of(user), now=now)
    signing.propose(session, number, entry, by=user, now=now)
    return "proposed"


def note(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """Anything else worth keeping."""
    body = {"type": "note", "text": form.text("text", "备注", longest=20_000)}
    _add(session, number, body, user, now)
    return "entry"


def close(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """办结, with the reason."""
    unchanged(session, number, form)
    body = {"type": "closed", "reason": form.text("reason", "办结理由", longest=1000)}
    _add(session, number, body, user, now)
    return "closed"


def acknowledge(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """A reminder was seen: ends the repeats of its own threshold only."""
    body = {
        "type": "acknowledgement",
        "rule": form.text("rule", "时限"),
        "threshold": form.number("threshold", "提醒", least=0, most=1000),
    }
    _add(session, number, body, user, now)
    return "acknowledged"
