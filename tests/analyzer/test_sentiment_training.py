"""Training: the same files give the same model, and what can't be trained on is told."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import pytest
from support.sentiment_files import BAD, GOOD, files, made

from analyzer.sentiment import bayes, measures
from analyzer.sentiment.ngram import NgramScorer
from analyzer.sentiment.training import appeal, build, corpora, groups
from registry.errors import InvalidInputError

__all__ = ["files"]


def test_the_same_files_give_the_same_model(files: list[Path], tmp_path: Path):
    plan = build.Plan(seed=3, unlabelled=60, folds=2)
    first = build.train(files, tmp_path / "a", plan, lambda _: None)
    again = build.train(files, tmp_path / "b", plan, lambda _: None)
    assert [one.sha256 for one in first] == [one.sha256 for one in again]
    for name in ("ngram.npz", "ngram.json", "snownlp-retrained.npz", "snownlp-retrained.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    scorer = NgramScorer(folder=tmp_path / "a")
    bad, good, asks = scorer.score([BAD, GOOD, "反映停水的问题，希望尽快解决，请处理"])
    assert bad.p_negative > 0.8 > good.p_negative
    assert good.p_positive > 0.8 > bad.p_positive
    assert (asks.p_appeal or 0) > 0.8 > (good.p_appeal or 0)
    blame, praise = bayes.RetrainedBayes(folder=tmp_path / "a").score([BAD, GOOD])
    assert (blame.sentiment, praise.sentiment) == ("negative", "positive")
    assert scorer.card.figures["negative"]["auc"] > 0.9


def test_too_little_is_told(files: list[Path], tmp_path: Path):
    with pytest.raises(InvalidInputError, match="诉求（留言）只有 0 条，至少要 200 条"):
        build.train(files[:2], tmp_path, build.Plan(), lambda _: None)
    with pytest.raises(InvalidInputError, match="负面帖文只有 0 条"):
        build.train(files[1:], tmp_path, build.Plan(), lambda _: None)


def test_without_its_libraries_training_says_so(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "sklearn.neural_network", None)
    with pytest.raises(InvalidInputError, match="训练需要 scikit-learn"):
        build.train(files, tmp_path, build.Plan(), lambda _: None)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "是空的"),
        (b"\xff\xfe\x00", "不是 UTF-8"),
        (b"\x1f\x8b\x08broken", "压缩数据不完整|读不了"),
        (b"text\tday\nx\ty", "缺少 polarity"),
        (b"text\tpolarity\nx\t7", "第 2 行的 polarity 是 7"),
        (b"one column", "认不出"),
        (b'{"text": "x"}', "第 1 行认不出"),
        (b'{"text": "x", "polarity": 1}\n{"text"', "第 2 行不是有效的 JSON"),
        (b'{"polarity": 1}', "第 1 行没有 text"),
    ],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, content: bytes, sentence: str):
    file = tmp_path / "given"
    file.write_bytes(content)
    with pytest.raises(InvalidInputError, match=sentence):
        corpora.read([file])


def test_a_missing_file_is_told(tmp_path: Path):
    with pytest.raises(InvalidInputError, match="读不了"):
        corpora.read([tmp_path / "none.tsv"])


def test_near_duplicates_are_in_one_group_and_one_fold():
    dice = random.Random(1)
    texts = [made(dice, GOOD + BAD) for _ in range(60)]
    copies = [f"//@某人: {text}[心]" for text in texts]
    found = groups.near_duplicates(texts + copies)
    assert (found[:60] == found[60:]).all()
    assert len(set(found)) == 60
    fold = groups.folds(found, 5)
    assert (fold[:60] == fold[60:]).all()
    assert set(fold) == set(range(5))


def test_the_marks_of_anonymised_sets_are_gone():
    dice = random.Random(2)
    names = appeal.place_names()
    text = appeal.plain("西地省A市K11县#话题#@某人：路灯坏了[泪] O网页链接", dice, names)
    assert not any(mark in text for mark in ("西地省", "A市", "K11", "#", "@", "[", "链接"))
    assert "路灯坏了" in text
    assert appeal.first_sentence("您好！路灯坏了一个月。请修。") == "您好！路灯坏了一个月。"


def test_the_figures_are_what_they_are_called():
    target = np.array([0, 0, 1, 1, 1, 0.0])
    p = np.array([0.1, 0.4, 0.35, 0.8, 0.9, 0.2])
    assert measures.auc(target, p) == pytest.approx(8 / 9)
    assert measures.auc(target, np.full(6, 0.5)) == pytest.approx(0.5)
    assert measures.recall_at(target, p) == pytest.approx(2 / 3)
    assert measures.macro_f1(target, p >= 0.5) == pytest.approx((0.8 + 6 / 7) / 2)
    even = np.tile([0.0, 1.0], 300)
    assert measures.calibration_error(even, np.full(600, 0.5)) < 0.01
    assert measures.calibration_error(even, np.full(600, 0.9)) == pytest.approx(0.4, abs=0.01)
    full = measures.full(even, np.linspace(0, 1, 600))
    low, high = full["intervals"]["auc"]
    assert low <= full["auc"] <= high
    assert len(full["reliability"]) == measures.BINS
