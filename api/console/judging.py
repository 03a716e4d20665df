"""一条帖文: its score and why, an officer's correction; and the list of all corrections (更正)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from analyzer.sentiment.port import Reason
from api.acts import signature
from api.console.acting import go, perform
from api.console.copy_notes import copy_notes
from api.console.forms import Fields, Form
from api.console.frame import frame
from api.console.post_view import post_view
from api.console.render import render
from api.deps import DeskDep, Now, PageUser, Reading
from api.desk import Desk
from api.explaining import Explainer, Why
from api.permissions import Action, require
from posts.model import ScoredPost
from registry import labels, sources
from registry.errors import DeskError, InvalidInputError, NotFoundError
from registry.labels import Label
from registry.users import User

router = APIRouter(include_in_schema=False)
PostId = Annotated[str, Path(max_length=80)]
Id = Annotated[int, Path(ge=1, le=2**53)]
HEADS = {"negative": "负面", "positive": "正面", "appeal": "诉求"}
POLARITIES = {"-1": "负面", "0": "中性", "1": "正面"}
APPEALS = {"yes": "是诉求", "no": "不是诉求"}
_SHOWN, _LISTED, _CUT = 50, 12, 60


class Piece(Struct, frozen=True):
    """A run of text: ``push`` is "up", "down" or "" for what decided nothing."""

    text: str
    push: str


class Grounds(Struct, frozen=True, kw_only=True):
    """What a page shows of why: the text in pieces for one head, and the reasons by weight."""

    head: str
    heads: list[tuple[str, str]]
    title: list[Piece]
    pieces: list[Piece]
    listed: list[tuple[str, str, str]]
    scorer: str
    version: str
    note: str


class Correction(Struct, frozen=True, kw_only=True):
    """A label as it is listed."""

    label: Label
    said: str
    scorer_said: str
    title: str


def said(label: Label) -> str:
    """What the officer said, in words."""
    parts = []
    if label.polarity is not None:
        parts.append(POLARITIES[str(label.polarity)])
    if label.appeal is not None:
        parts.append(APPEALS["yes" if label.appeal else "no"])
    return "、".join(parts)


def pieces(text: str, reasons: Sequence[Reason], head: str) -> list[Piece]:
    """The text in runs; where reasons of the head lie within each other the stronger is shown."""
    push = [""] * len(text)
    for reason in sorted((one for one in reasons if one.head == head), key=lambda r: abs(r.weight)):
        for at in range(max(reason.start, 0), min(reason.end, len(text))):
            push[at] = "up" if reason.weight > 0 else "down"
    made: list[Piece] = []
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or push[at] != push[start]:
            made.append(Piece(text[start:at], push[start]))
            start = at
    return made


def grounds(scored: ScoredPost, why: Why, head: str) -> Grounds:
    """Why, as the page shows it; the head that decided first where none was asked for."""
    known = [name for name in HEADS if any(one.head == name for one in why.reasons)]
    if head not in known:
        decided = str(scored.score.sentiment)
        head = decided if decided in known else (known[0] if known else "negative")
    cut = len(scored.post.title) + 1 if scored.post.title else 0
    before = [_moved(one, 0, cut - 1) for one in why.reasons]
    after = [_moved(one, cut, len(why.text)) for one in why.reasons]
    those = [one for one in why.reasons if one.head == head and one.text.strip()]
    strongest = sorted(those, key=lambda one: -abs(one.weight))
    return Grounds(
        head=head,
        heads=[(name, HEADS[name]) for name in known],
        title=pieces(scored.post.title, before, head),
        pieces=pieces(why.text[cut:], after, head),
        listed=[
            (one.text, f"{'推高' if one.weight > 0 else '压低'}{HEADS[one.head]}", _weight(one))
            for one in strongest[:_LISTED]
        ],
        scorer=why.scorer,
        version=why.version,
        note=why.note,
    )


def _weight(reason: Reason) -> str:
    return f"{reason.weight:+.2f}".replace("-", "−")


def _moved(reason: Reason, first: int, last: int) -> Reason:
    """The reason by offsets from ``first``; what lies outside becomes empty."""
    start, end = max(reason.start, first), min(reason.end, last)
    return Reason(reason.head, reason.text, start - first, max(end, start) - first, reason.weight)


@router.get("/posts/{post}")
def post_page(
    request: Request, session: Reading, desk: DeskDep, user: PageUser, post: PostId
) -> Response:
    """One post with its score; no model is loaded."""
    return _page(request, session, desk, user, post)


@router.get("/posts/{post}/why")
def why_page(
    request: Request,
    session: Reading,
    desk: DeskDep,
    user: PageUser,
    post: PostId,
    head: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The same with what decided, marked in the text; this loads the scorer."""
    return _page(request, session, desk, user, post, head=head, why=True)


def _page(
    request: Request,
    session: Session,
    desk: Desk,
    user: User,
    post: str,
    *,
    head: str = "",
    why: bool = False,
    values: Fields | None = None,
    error: DeskError | None = None,
) -> Response:
    scored = _found(desk, post)
    explainer: Explainer = request.app.state.explainer
    shell = frame(request, session, user)
    names = {item.id: item.name for item in sources.everything(session)}
    label = labels.of_posts(session, [post]).get(post)
    return render(
        request,
        "judged.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        post=post_view(
            scored, shell.now, sources=names, copies=copy_notes(session, [post]).get(post)
        ),
        text=scored.post.text,
        version=scored.score.version,
        band=explainer.band,
        grounds=grounds(scored, explainer.why(scored), head) if why else None,
        label=label,
        label_said=said(label) if label else "",
        values=values or Fields(),
        polarities=list(POLARITIES.items()),
        appeals=list(APPEALS.items()),
    )


def _found(desk: Desk, post: str) -> ScoredPost:
    scored = desk.index.get(post)
    if scored is None:
        raise NotFoundError("没有这条帖文，可能还没处理完，或已依法销毁。")
    return scored


@router.post("/posts/{post}/label")
async def correct(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, post: PostId
) -> Response:
    """Keep what the officer says of the score."""

    def work(session: Session) -> Response:
        require(user, Action.CORRECT_SCORE)
        polarity, appeal = form.get("polarity", ""), form.get("appeal", "")
        if polarity not in {"", *POLARITIES} or appeal not in {"", *APPEALS}:
            raise InvalidInputError("请从列出的选项里选。", field="polarity")
        labels.add(
            session,
            post=post,
            score=_found(desk, post).score,
            polarity=int(polarity) if polarity else None,
            appeal=(appeal == "yes") if appeal else None,
            by=signature(user),
            now=now,
        )
        return go(f"/posts/{post}", "corrected")

    def again(session: Session, error: DeskError) -> Response:
        return _page(request, session, desk, user, post, values=form, error=error)

    return await perform(desk, work, again)


@router.get("/labels")
def label_page(
    request: Request,
    session: Reading,
    desk: DeskDep,
    user: PageUser,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> Response:
    """All corrections, the newest first."""
    return _labels(request, session, desk, user, before=before)


def _labels(
    request: Request,
    session: Session,
    desk: Desk,
    user: User,
    *,
    before: int | None = None,
    error: DeskError | None = None,
) -> Response:
    shell = frame(request, session, user)
    found = labels.recent(session, limit=_SHOWN, before_id=before)
    texts = desk.index.get_many([label.post for label in found])
    return render(
        request,
        "labels.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        count=labels.count(session),
        corrections=[_correction(label, texts.get(label.post)) for label in found],
        next=f"/labels?before={found[-1].id}" if len(found) == _SHOWN else None,
    )


def _correction(label: Label, scored: ScoredPost | None) -> Correction:
    appeal = "" if label.p_appeal is None else f" · 诉求 {label.p_appeal:.2f}"
    title = "" if scored is None else scored.post.title or " ".join(scored.post.text.split())
    return Correction(
        label=label,
        said=said(label),
        scorer_said=f"负面 {label.p_negative:.2f} · 正面 {label.p_positive:.2f}{appeal}",
        title=title[:_CUT],
    )


@router.post("/labels/{number}/withdraw")
async def withdraw(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
) -> Response:
    """It counts no more."""

    def work(session: Session) -> Response:
        require(user, Action.CORRECT_SCORE)
        done = labels.withdraw(session, number, by=signature(user), now=now)
        on_post = form.get("back", "") == "post"
        return go(f"/posts/{done.post}" if on_post else "/labels", "correction_withdrawn")

    return await perform(desk, work, _listed_again(request, desk, user))


def _listed_again(
    request: Request, desk: Desk, user: User
) -> Callable[[Session, DeskError], Response]:
    def again(session: Session, error: DeskError) -> Response:
        return _labels(request, session, desk, user, error=error)

    return again
