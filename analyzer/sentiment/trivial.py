"""The scorer ``trivial``: two short word lists, for tests and benchmarks. Not for duty."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.sentiment.port import Reason
from posts.model import Score, Sentiment

_NEGATIVE = ("停水", "停电", "投诉", "污染", "扰民", "死亡", "谣言", "拖欠", "没人管", "噪音")
_POSITIVE = ("感谢", "满意", "点赞", "表扬", "好评")
_BOUND = 20_000


class TrivialScorer:
    """Negative, positive or neutral by whether a listed word occurs; mixed is uncertain."""

    name = "trivial"
    version = "1"

    def score(self, texts: Sequence[str]) -> list[Score]:
        """Four possible scores; only the first 20,000 code points are read."""
        return [_OF[self._words(text[:_BOUND])] for text in texts]

    def reasons(self, text: str, *, most: int = 8) -> tuple[Reason, ...]:
        """The listed words that the text holds."""
        lists = (("negative", _NEGATIVE), ("positive", _POSITIVE))
        found = [(text.find(word), head, word) for head, words in lists for word in words]
        return tuple(
            Reason(head, word, at, at + len(word), 1.0)
            for at, head, word in sorted(found)
            if at >= 0
        )[:most]

    @staticmethod
    def _words(text: str) -> tuple[bool, bool]:
        return any(w in text for w in _NEGATIVE), any(w in text for w in _POSITIVE)


def _score(p_negative: float, p_positive: float, sentiment: Sentiment) -> Score:
    return Score(
        p_negative=p_negative,
        p_positive=p_positive,
        sentiment=sentiment,
        scorer="trivial",
        version="1",
    )


_OF = {
    (True, False): _score(0.9, 0.05, Sentiment.NEGATIVE),
    (False, True): _score(0.05, 0.9, Sentiment.POSITIVE),
    (True, True): _score(0.5, 0.5, Sentiment.UNCERTAIN),
    (False, False): _score(0.1, 0.1, Sentiment.NEUTRAL),
}
