"""信息报告: the form by which a report to the body above is recorded; sent, it stops R4."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from api.console import words
from api.console.forms import Fields
from api.console.recording import name_of
from registry.users import User
from responder import incidents
from responder.drafts import draft
from responder.entries import ReportKind

METHODS = tuple((kind.value, kind.value) for kind in ReportKind)
STATES = (("sent", "已报"), ("drafted", "拟稿"))


def report(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """A report, drafted or sent; see :mod:`api.console.recording` for the form of the function."""
    at = form.instant("at", "实际报出时间")
    method = form.text("method", "方式", longest=10)
    evidence = {
        "channel": form.get("channel", "")[:200] or method,
        "signer": form.get("signer", "")[:100],
    }
    body: dict[str, Any] = {
        "type": "report",
        "method": method,
        "to": form.text("to", "报给谁"),
        "status": form.text("status", "到哪一步", longest=20),
        "title": form.get("title", "")[:200],
        "onward": form.get("onward", "")[:200],
        "hop": form.number("hop", "第几级报告", least=1, most=9) if form.get("hop") else None,
        "text": form.get("text", "")[:20_000],
        "at": words.iso(at) if at else None,
        "evidence": {key: value for key, value in evidence.items() if value},
    }
    given = {key: value for key, value in body.items() if value not in (None, "")}
    incidents.add(session, number, draft(given, by=name_of(user), now=now), now=now)
    return "entry"
