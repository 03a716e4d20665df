"""The traffic of the trial of early warning: real posts by day, with their topics and events."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from analyzer.grouping.defaults import default_rules
from analyzer.grouping.events_book import Book
from analyzer.grouping.matching import Condition, fold
from analyzer.sentiment.port import Scorer
from analyzer.warning.evaluation import DAY_S
from analyzer.warning.part import APPEAL, APPEAL_FROM, NEGATIVE
from analyzer.warning.rhythm import SHANGHAI_S
from posts.errors import reason_of
from posts.identity import filed_month
from posts.model import Post, Sentiment
from registry.errors import InvalidInputError

_YEAR = 2020
_BATCH = 512
Heads = Callable[[Sequence[str]], Sequence[Sequence[str]]]
Traffic = list[tuple[float, tuple[str, ...], str]]


def heads_of(scorer: Scorer) -> Heads:
    """The topics *negative* and *appeal* of texts, by that scorer."""

    def heads(texts: Sequence[str]) -> list[list[str]]:
        found = []
        for start in range(0, len(texts), _BATCH):
            for score in scorer.score(texts[start : start + _BATCH]):
                topics = [NEGATIVE] if score.sentiment is Sentiment.NEGATIVE else []
                found.append([*topics, APPEAL] if (score.p_appeal or 0) >= APPEAL_FROM else topics)
        return found

    return heads


def read_traffic(path: Path, heads: Heads | None = None, *, most: int | None = None) -> Traffic:
    """(begin of its day, topics, event or "") of the first ``most`` lines ``month.day<tab>text``.

    Topics are the default rules whose words a text has, and what ``heads`` says of it.
    """
    days, texts = [], []
    for line in lines_of(path)[:most]:
        day, _, text = line.rstrip("\n").partition("\t")
        month, _, of_month = day.partition(".")
        try:
            at = datetime(_YEAR, int(month), int(of_month), tzinfo=UTC).timestamp()
        except ValueError as error:
            raise InvalidInputError(
                f"{path} 不是背景帖文（每行：月.日、制表符、正文）。"
            ) from error
        days.append(at - SHANGHAI_S)
        texts.append(text)
    rules = [(str(rule.id), Condition(rule)) for rule in default_rules(None)]
    more = heads(texts) if heads else [()] * len(texts)
    topics = []
    for text, also in zip(texts, more, strict=True):
        folded = fold(text)
        topics.append((*(name for name, rule in rules if rule.says(folded)), *also))
    return list(zip(days, topics, _events_of(days, texts), strict=True))


def _events_of(days: Sequence[float], texts: Sequence[str]) -> list[str]:
    """The event of each post, as it is known when the post has come."""
    order = sorted(range(len(texts)), key=days.__getitem__)
    of_day, seen = Counter(days), Counter[float]()
    book, found = Book(), [""] * len(texts)
    for begin in range(0, len(order), _BATCH):
        posts = []
        for number in order[begin : begin + _BATCH]:
            day = days[number]
            at = datetime.fromtimestamp(day + DAY_S * seen[day] / of_day[day], UTC)
            seen[day] += 1
            posts.append(
                Post(
                    id=str(number),
                    source="trial",
                    kind="",
                    text=texts[number],
                    published_at=at,
                    first_seen_at=at,
                    version=1,
                    filed_month=filed_month(at),
                )
            )
        book.read(posts)
        for post in posts:
            found[int(post.id)] = book.event_of(post.id)
        book.merge_near()
    return found


def lines_of(path: Path) -> list[str]:
    """The lines of a file, gzip or not. Raises InvalidInputError."""
    try:
        if path.suffix == ".gz":
            with gzip.open(path, "rt", encoding="utf-8") as file:
                return [line for line in file if line.strip()]
        return [line for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError, EOFError) as error:
        said = reason_of(error) if isinstance(error, OSError) else "不是 UTF-8 文本"
        raise InvalidInputError(f"读不了 {path}：{said}。") from error
