"""Whether a post is what an alert rule watches for."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence

import msgspec

from posts.model import Post, ScoredPost
from registry.alert_rules import AlertRule


def fold(text: str) -> str:
    """The form in which words are compared: NFKC, lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def haystack(post: Post) -> str:
    """Title and text of a post, folded; made once for all rules."""
    return fold(f"{post.title}\n{post.text}")


def definition(rule: AlertRule) -> str:
    """A digest of everything that decides what a rule counts and when: changes with an edit."""
    return hashlib.sha256(msgspec.json.encode(rule)).hexdigest()[:16]


class Condition:
    """A rule made ready: words folded, lists as sets. An empty list does not restrict."""

    def __init__(self, rule: AlertRule) -> None:
        self.rule = rule
        self.any_of = _words(rule.any_of)
        self.all_of = _words(rule.all_of)
        self._none_of = _words(rule.none_of)
        self._areas = frozenset(rule.areas)
        self._kinds = frozenset(rule.kinds)
        self._sources = frozenset(rule.sources)
        self._sentiments = frozenset(str(one) for one in rule.sentiments)

    def matches(self, scored: ScoredPost, folded: str) -> bool:
        """Whether the post counts; ``folded`` is its :func:`haystack`."""
        post = scored.post
        if self._sources and post.source not in self._sources:
            return False
        if self._kinds and post.kind not in self._kinds:
            return False
        if self._areas and self._areas.isdisjoint(scored.areas):
            return False
        if self._sentiments and str(scored.score.sentiment) not in self._sentiments:
            return False
        return self.says(folded)

    def words_in(self, folded: str) -> tuple[str, ...]:
        """The rule's words that the text has, for the reason that people read."""
        return tuple(word for word in (*self.all_of, *self.any_of) if word in folded)

    def says(self, folded: str) -> bool:
        """Whether a text, folded, has the words that the rule asks for, and none that it bars."""
        if self.any_of and not any(word in folded for word in self.any_of):
            return False
        if not all(word in folded for word in self.all_of):
            return False
        return not any(word in folded for word in self._none_of)


def _words(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for raw in words if (word := fold(raw).strip())))
