"""Scorers against each other on the same posts in the same run, one core."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator

from analyzer import sentiment
from tests.bench.scoring import rate, some_texts

POSTS = 20_000
BATCH = 512


def bench() -> Iterator[str]:
    """Lines with the figures."""
    texts, said = some_texts(POSTS)
    yield f"{len(texts):,} posts, {sum(map(len, texts)) / len(texts):.0f} characters each ({said})"
    began = time.process_time()
    ngram = sentiment.load("ngram")
    loaded = time.process_time() - began
    ngram.score(texts[:BATCH])

    fast = rate(ngram.score, texts, part=BATCH)
    whole = rate(ngram.score, texts, part=len(texts))
    alone = rate(lambda some: [ngram.score([text]) for text in some], texts[:2000])
    bayes = rate(sentiment.load("snownlp-retrained").score, texts, part=BATCH)
    stack = rate(sentiment.load("stack").score, texts[:1000])
    slow = rate(sentiment.load("snownlp").score, texts[:100], part=5)
    yield f"ngram, all heads: {fast:,.0f} posts/s in batches of {BATCH}, {whole:,.0f} at once,"
    yield f"  {alone:,.0f} one by one; loaded in {loaded * 1000:.0f} ms"
    yield f"snownlp-retrained: {bayes:,.0f} posts/s"
    yield f"stack: {stack:,.0f} posts/s"
    yield f"snownlp: {slow:,.0f} posts/s; ngram is {fast / slow:,.0f} times as fast"
    yield from _others(texts[:1000])


def _others(texts: list[str]) -> Iterator[str]:
    try:
        jieba = importlib.import_module("jieba")
    except ImportError:
        yield "jieba: not installed, not tried"
        return
    jieba.initialize()
    yield f"jieba, cutting alone: {rate(lambda some: [jieba.lcut(t) for t in some], texts):,.0f}"
