"""更正评分: why a post has its score, what an officer says of it, and all that was said."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from api import acts
from api.deps import CurrentUser, DeskDep, Now, Reading, Writing, allowed
from api.explaining import Explainer
from api.permissions import Action
from api.v1.models import Before, Given, Instant, Items, Limit, Number, Shown
from api.v1.posts import LocalityOut
from posts.model import ScoredPost
from registry import labels
from registry.errors import NotFoundError
from registry.users import User

router = APIRouter(tags=["更正评分"])
Corrector = Annotated[User, Depends(allowed(Action.CORRECT_SCORE))]
PostId = Annotated[str, Path(max_length=200, description="帖文编号")]


class ReasonOut(Shown):
    """A run of the text that pushed a probability."""

    head: str = Field(description="negative 负面，positive 正面，appeal 诉求")
    text: str = Field(description="文中字词")
    start: int = Field(description="起，按字符；从标题算起，标题与正文之间有一个换行")
    end: int = Field(description="止，按字符")
    weight: float = Field(description="分量（对数几率）：正为推高，负为压低")


class BandOut(Shown):
    """From which probability a class is claimed."""

    negative: float = Field(description="负面满多少判负面")
    positive: float = Field(description="正面满多少判正面")
    neutral: float = Field(description="负面不到多少判中性")


class WhyOut(Shown):
    """Why a post has its score."""

    post: str = Field(description="帖文编号")
    sentiment: str = Field(description="情感")
    p_negative: float = Field(description="负面概率")
    p_positive: float = Field(description="正面概率")
    p_appeal: float | None = Field(description="诉求概率；打分器没有时为 null")
    scorer: str = Field(description="打分器")
    scored_by_version: str = Field(description="评分时的版本；旧版本所存的为空")
    version: str = Field(description="给出依据的版本；没有依据时为空")
    band: BandOut = Field(description="怎样定类")
    reasons: list[ReasonOut] = Field(description="起作用的字词")
    note: str = Field(description="依据有什么限制")
    localities: list[LocalityOut] = Field(description="提到的地方与认出的依据")


class LabelOut(Shown):
    """A correction."""

    id: int
    post: str = Field(description="帖文编号")
    polarity: int | None = Field(description="-1 负面，0 中性，1 正面；没改为 null")
    appeal: bool | None = Field(description="是否诉求；没改为 null")
    by: str = Field(description="谁改的")
    at: Instant = Field(description="何时")
    scorer: str = Field(description="当时的打分器")
    version: str = Field(description="当时打分器的版本")
    sentiment: str = Field(description="当时的情感")
    p_negative: float = Field(description="当时的负面概率")
    p_positive: float = Field(description="当时的正面概率")
    p_appeal: float | None = Field(description="当时的诉求概率")
    withdrawn_at: Instant | None = Field(description="何时撤回")
    withdrawn_by: str = Field(description="谁撤回")


class LabelGiven(Given):
    """What is said of a score; at least one of both."""

    polarity: Annotated[int, Field(ge=-1, le=1)] | None = Field(
        None, description="-1 负面，0 中性，1 正面；不改不写"
    )
    appeal: bool | None = Field(None, description="是否诉求；不改不写")


def _found(desk: DeskDep, post_id: str) -> ScoredPost:
    scored = desk.index.get(post_id)
    if scored is None:
        raise NotFoundError("没有这条帖文，可能还没处理完，或已依法销毁。")
    return scored


@router.get("/posts/{post_id}/why", summary="为何这样评分")
def why(request: Request, desk: DeskDep, _user: CurrentUser, post_id: PostId) -> WhyOut:
    """The runs that decided, by the scorer as it is installed now."""
    scored = _found(desk, post_id)
    explainer: Explainer = request.app.state.explainer
    found, score = explainer.why(scored), scored.score
    return WhyOut(
        post=post_id,
        sentiment=score.sentiment,
        p_negative=score.p_negative,
        p_positive=score.p_positive,
        p_appeal=score.p_appeal,
        scorer=score.scorer,
        scored_by_version=score.version,
        version=found.version,
        band=BandOut.model_validate(found.band),
        reasons=[ReasonOut.model_validate(one) for one in found.reasons],
        note=found.note,
        localities=[LocalityOut.model_validate(hit) for hit in scored.localities],
    )


@router.post("/posts/{post_id}/label", summary="更正评分", status_code=201)
def correct(
    desk: DeskDep, session: Writing, now: Now, user: Corrector, post_id: PostId, given: LabelGiven
) -> LabelOut:
    """Kept as a label without text; the score stays as it is."""
    made = labels.add(
        session,
        post=post_id,
        score=_found(desk, post_id).score,
        polarity=given.polarity,
        appeal=given.appeal,
        by=acts.signature(user),
        now=now,
    )
    return LabelOut.model_validate(made)


@router.get("/labels", summary="更正")
def everything(
    session: Reading, _user: CurrentUser, limit: Limit = 50, before: Before = None
) -> Items[LabelOut]:
    """The newest, also those that were withdrawn."""
    rows = labels.recent(session, limit=limit, before_id=before)
    following = str(rows[-1].id) if len(rows) == limit else None
    return Items(items=[LabelOut.model_validate(row) for row in rows], next=following)


@router.post("/labels/{number}/withdraw", summary="撤回更正")
def withdraw(session: Writing, now: Now, user: Corrector, number: Number) -> LabelOut:
    """It counts no more."""
    done = labels.withdraw(session, number, by=acts.signature(user), now=now)
    return LabelOut.model_validate(done)
