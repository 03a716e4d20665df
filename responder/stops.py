"""Entries that stop clocks (停表): what was published, held, sent up, settled.

A draft, a plan, an unsigned text stops nothing: see :func:`is_stop`.
"""

from __future__ import annotations

from responder.entry import Aware, Entry, kind
from responder.vocabulary import (
    REPORT_STOPS,
    ConferenceStatus,
    Issuer,
    ReportKind,
    ReportStatus,
    Status,
)


class Report(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="report"):
    """A report to the body above (信息报告): sent, it stops R4.

    ``hop``: the how-manieth step up it was; ``onward`` names who has to report it further up.
    """

    method: ReportKind
    to: str
    status: ReportStatus = ReportStatus.SENT
    title: str = ""
    text: str = ""
    hop: int = 1
    onward: str = ""
    whole: bool = False
    origin: int | None = None


class _Text(Entry, frozen=True, kw_only=True, omit_defaults=True):
    """A text on its way out. ``origin`` is the merged incident that it was taken over from."""

    status: Status
    issuer: Issuer = Issuer.OWN
    title: str = ""
    text: str = ""
    whole: bool = False  # counts for the whole of merged incidents
    origin: int | None = None


class Release(_Text, frozen=True, kw_only=True, omit_defaults=True, tag="release"):
    """Authoritative information (权威发布): published, it stops R1. ``next_at``: the next one."""

    next_at: Aware | None = None


class Answer(_Text, frozen=True, kw_only=True, omit_defaults=True, tag="answer"):
    """An answer to public concern (回应): published, it stops R3."""


class Interpretation(_Text, frozen=True, kw_only=True, omit_defaults=True, tag="interpretation"):
    """解读材料 of a policy document: published, it stops R5."""


class Clarification(_Text, frozen=True, kw_only=True, omit_defaults=True, tag="clarification"):
    """澄清 of false or incomplete information; ``claim``: of that entry, else of all before."""

    claim: int | None = None


class Conference(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="conference"):
    """A press conference (新闻发布会): held, it stops R2; ``at`` is then its actual start."""

    status: ConferenceStatus
    issuer: Issuer = Issuer.OWN
    title: str = ""
    whole: bool = False
    origin: int | None = None


class Settled(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="settled"):
    """An order was settled (工单办结); ``order`` is the number of its entry."""

    order: int
    result: str = ""


class NewsCentre(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="news_centre"):
    """A news centre was set up (设立新闻中心)."""

    title: str = ""


_STOPPING: frozenset[type[Entry]] = frozenset(
    {
        Report,
        Settled,
        NewsCentre,
        Release,
        Answer,
        Interpretation,
        Clarification,
        Conference,
    }
)


def is_stop(entry: Entry) -> bool:
    """Whether the entry stops a clock: published, held, sent, settled; nothing less does."""
    made = type(entry)
    if made not in _STOPPING:  # most of a long incident
        return False
    if isinstance(entry, _Text):
        return entry.status is Status.PUBLISHED
    if isinstance(entry, Report):
        return entry.status is ReportStatus.SENT
    if isinstance(entry, Conference):
        return entry.status is ConferenceStatus.HELD
    return made is Settled or made is NewsCentre


def stop_names(entry: Entry) -> tuple[str, ...]:
    """What rules call such a stop: its kind, for a report also how it went up."""
    if isinstance(entry, Report):
        return ("report", REPORT_STOPS[entry.method])
    return (kind(entry),)
