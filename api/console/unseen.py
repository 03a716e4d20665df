"""A decision rests on what the person saw: who wrote something since is told before it is taken."""

from __future__ import annotations

from sqlalchemy.orm import Session

from api.console.forms import Fields
from registry.errors import ConflictError
from responder import incidents
from responder.entries import KIND_NAMES, Acknowledgement, Note, kind
from responder.wording import instant

_HARMLESS = (Acknowledgement, Note)  # what nobody decides by


def unchanged(session: Session, number: int, form: Fields) -> None:
    """Raises ConflictError, naming who and what, where the person has not seen the newest entry.

    The incident is locked until the transaction ends, so that of two at once one is told.
    """
    if not form.get("seen"):
        return
    seen = form.number("seen", "看到的记录", least=0, most=10**9)
    incidents.row_of(session, number)
    newer = [entry for entry in incidents.entries(session, number) if entry.seq > seen]
    news = [entry for entry in newer if not isinstance(entry, _HARMLESS)]
    if news:
        last = news[-1]
        name = KIND_NAMES[kind(last)]
        raise ConflictError(
            f"您打开之后，{last.by or '他人'}已于 {instant(last.written_at)} 记入{name}"
            f"（第 {last.seq} 条）。没有写入；您填的还在，看过后再提交一次即可。"
        )
