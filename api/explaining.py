"""Why a post was scored as it was: the runs of its text that pushed a probability up or down.

The scorer is loaded when somebody asks, never at the start, and kept; SnowNLP, whose model takes
420 MB, is never loaded here: ``yuqing score --why`` says its reasons.
"""

from __future__ import annotations

import threading
from pathlib import Path

from msgspec import Struct

from analyzer.scoring.text import analysed_text
from analyzer.sentiment.port import Band, Reason, Scorer
from api.settings import ApiSettings
from posts.model import ScoredPost
from registry.errors import InvalidInputError

_MOST = 40
_MUTE = frozenset({"snownlp"})
_KNOW_EVENTS = frozenset({"ngram", "stack"})
_GRAVE, _NAMED = 2, 3


class Why(Struct, frozen=True, kw_only=True):
    """The reasons of a score; ``version`` is the explaining scorer's, "" where there is none.

    ``note`` says in Chinese what limits them; offsets are code points of title, line feed, text
    (of the text alone where the post has no title).
    """

    scorer: str
    version: str
    band: Band
    text: str
    reasons: tuple[Reason, ...]
    note: str = ""


class Explainer:
    """Explains scores by the scorer that made them, in the version that is installed now."""

    def __init__(self, settings: ApiSettings) -> None:
        self.band = Band(*settings.score_band)
        self._folder = Path(settings.model_folder) if settings.model_folder else None
        self._loaded: dict[str, Scorer] = {}
        self._lock = threading.Lock()

    def why(self, scored: ScoredPost) -> Why:
        """The reasons, or why there are none; never raises for what a post holds."""
        name, text = scored.score.scorer, analysed_text(scored.post)
        none = Why(scorer=name, version="", band=self.band, text=text, reasons=())
        if name in _MUTE:
            return _with(
                none,
                f"打分器 {name} 的模型太大，控制台不为它列依据；"
                f"可用 yuqing score --scorer {name} --why 查看。",
            )
        try:
            scorer = self._scorer(name)
        except InvalidInputError as error:
            return _with(none, f"现在说不出依据：{error.message}")
        reasons = scorer.reasons(text, most=_MOST)
        note = ""
        if scored.score.version not in {"", scorer.version}:
            note = (
                f"这条由版本 {scored.score.version} 评分，现在的 {name} 是版本 {scorer.version}，"
                "依据是现在这一版的，与当时的分数可能不合。"
            )
        elif not reasons:
            note = "没有哪个字词的分量大到值得列出。"
        note += _of_grave_events(name, text)
        return Why(
            scorer=name,
            version=scorer.version,
            band=self.band,
            text=text,
            reasons=reasons,
            note=note,
        )

    def _scorer(self, name: str) -> Scorer:
        from analyzer import sentiment

        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = sentiment.load(name, band=self.band, folder=self._folder)
            return self._loaded[name]


def _of_grave_events(scorer: str, text: str) -> str:
    """What else decided: a text that names a grave event is neither positive nor neutral."""
    from analyzer.sentiment import events, features

    if scorer not in _KNOW_EVENTS:
        return ""
    grave = [word for word, grade, *_ in events.named(text[: features.HEAD]) if grade >= _GRAVE]
    if not grave:
        return ""
    named = "、".join(f"“{word}”" for word in list(dict.fromkeys(grave))[:_NAMED])
    return f"文中有{named}，属重大事项：不判正面，也不判中性。"


def _with(why: Why, note: str) -> Why:
    return Why(
        scorer=why.scorer,
        version=why.version,
        band=why.band,
        text=why.text,
        reasons=why.reasons,
        note=note,
    )
