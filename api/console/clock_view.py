"""A clock as the console shows it (时限): one shape for tile, row and the top bar."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from api.console import words
from responder.clocks import Clock
from responder.rules import national
from responder.rules.model import UNCONFIRMED

# state → (the look's name, word, icon); the running ones are redrawn by countdown.js
_LOOKS = {
    "running": ("run", "剩余", "run"),
    "due_soon": ("soon", "即将到期", "soon"),
    "overdue": ("over", "已超时", "over"),
    "met": ("met", "按时完成", "met"),
    "met_late": ("late", "超时完成", "late"),
    "not_applicable": ("na", "不适用", "na"),
    "revoked": ("revoked", "已撤销", "revoked"),
}
_BASIS = {
    "occurred": "事发",
    "detected": "发现",
    "reported": "接报",
    "classified": "认定",
    "published": "文件公开",
    "first_post": "首帖",
}
_STOPPED_BY = {
    "R1": "权威信息已发布，并有渠道、时间、正文哈希和签发人。拟稿、审核、定时都不停表。",
    "R2": "发布会实际开始。发出通知不停表。",
    "R3": "答复已公开。",
    "R4-1": "已报上级（电话或书面）。拟稿不停表。",
    "R4-2": "书面报告已报上级。拟稿不停表。",
    "R4b": "已报上级。",
    "R4b-2": "再上一级已经收到报告。",
    "R4c": "已报上级。",
    "R4c-2": "再上一级已经收到报告。",
    "R5": "解读材料已在政府网站发布。",
    "R7": "再次发布权威信息；办结即止。",
    "R8": "工单已办结。",
    "R9": "准确信息已发布。",
}
_ACTS = {"R1": "去发布", "R2": "登记发布会", "R3": "去回应", "R5": "去解读", "R7": "去发布"}
_REPORTS = ("R4-1", "R4-2", "R4b", "R4b-2", "R4c", "R4c-2")
_ACTS |= dict.fromkeys(_REPORTS, "去报告")
# Where the incident page records what stops the clock.
_FORMS = {"R2": "conference", "R8": "settle"} | dict.fromkeys(_REPORTS, "report")
_WORKING_DAYS = re.compile(r"起 (\d+ 个工作日)内")
_SOON_SHARE = 0.25
_COUNTING = frozenset({"running", "due_soon", "overdue"})


class ClockView(Struct, frozen=True, kw_only=True):
    """What the templates need of one clock; all words are ready."""

    rule: str
    name: str
    length: str
    counting: str
    stopped_by: str
    state: str  # run | soon | over | met | late | na | revoked
    word: str
    sign: str
    conditional: bool
    live: bool
    face: str
    start: datetime
    due: datetime
    soon_s: int
    width: float  # of the bar, percent
    basis: str
    provisional: bool
    by_days: bool
    reason: str
    citation: str
    note: str
    act: str
    form: str  # the form of the incident page that is wanted next; "" where none is
    incident: int
    incident_title: str
    level: str
    urgency: float  # seconds left; what is over sorts first


def clock_view(
    clock: Clock, *, title: str, level: str, undecided_since: datetime | None, now: datetime
) -> ClockView:
    """One clock of one incident."""
    length_s = max(1.0, (clock.due - clock.start).total_seconds())
    left = (clock.due - now).total_seconds()
    conditional = clock.state == "conditional"
    live = conditional or clock.state in _COUNTING
    key = str(clock.state)
    if conditional:
        soon = left <= length_s * _SOON_SHARE
        key = "overdue" if left < 0 else "due_soon" if soon else "running"
    state, word, sign = _LOOKS[key]
    rule = clock.rule.partition(".")[0]  # R7.2 is the second clock of R7
    working_days = _WORKING_DAYS.search(clock.reason or "")
    by_days = working_days is not None
    if by_days and key == "overdue":
        word = "已逾期"  # hours: 已超时
    if conditional:
        word = "待定级" if key == "running" else f"待定级·{word}"
    return ClockView(
        rule=clock.rule,
        name=clock.name,
        length=working_days.group(1) if working_days else words.span(length_s),
        counting=(
            "按工作日计，首日不算。" if by_days else "自然小时，夜间、周末、节假日照算，不暂停。"
        ),
        stopped_by=_stopped_by(rule, clock.name),
        state=state,
        word=word,
        sign=sign,
        conditional=conditional,
        live=live,
        face=_face(clock, live=live, left=left),
        start=clock.start,
        due=clock.due,
        soon_s=int(length_s * _SOON_SHARE),
        width=_width(clock, live=live, length_s=length_s, left=left),
        basis=_BASIS.get(clock.basis, clock.basis),
        provisional=clock.provisional,
        by_days=by_days,
        reason=clock.reason or "",
        citation=clock.citation or "",
        note=_note(clock, conditional=conditional, since=undecided_since, now=now),
        act="定级…" if conditional else _ACTS.get(rule, "去办") if live else "看结论",
        form="level" if conditional else _FORMS.get(rule, "release") if live else "",
        incident=clock.incident or 0,
        incident_title=title,
        level=level,
        urgency=left,
    )


def _face(clock: Clock, *, live: bool, left: float) -> str:
    if live:
        return words.face(left)
    if clock.state == "met":
        return f"提前 {words.margin(clock.margin_s or 0)}"
    if clock.state == "met_late":
        return f"超出 {words.margin(clock.margin_s or 0)}"
    return "—"


def _width(clock: Clock, *, live: bool, length_s: float, left: float) -> float:
    remaining = left if live else float(clock.margin_s or 0)
    return round(min(100.0, max(0.0, (1 - remaining / length_s) * 100)), 1)


def _note(clock: Clock, *, conditional: bool, since: datetime | None, now: datetime) -> str:
    if conditional and since is not None:
        return f"尚未定级，已 {words.span((now - since).total_seconds())}"
    unsure = [f"时限为默认值，{UNCONFIRMED}"] if UNCONFIRMED in (clock.reason or "") else []
    # The reason tells start, length and due first, which the tile shows anyway, then the state.
    told = 2 if clock.state in _COUNTING else 1
    return "；".join(unsure + clock.reason.rstrip("。").split("；")[told:])


def _stopped_by(rule: str, name: str) -> str:
    """What stops it; where the unit made another clock of it, its own name says what is wanted."""
    known = national().get(rule)
    if known is None or known.name != name:
        return f"{name}：已办，并有渠道、时间和签发人。拟稿、签发都不停表。"
    return _STOPPED_BY.get(rule, "见规则。")


def by_urgency(clocks: Iterable[ClockView]) -> list[ClockView]:
    """The overdue ones first, then by deadline; verdicts at the end."""
    return sorted(clocks, key=lambda clock: (not clock.live, clock.urgency))
