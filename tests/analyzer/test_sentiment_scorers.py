from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer import sentiment
from analyzer.sentiment import features, model_file
from analyzer.sentiment.port import Band, Scorer
from posts.model import Sentiment
from registry.errors import InvalidInputError

ODD = ["", " ", "\x00", "\ud800", "😀", "。", "a", "\u202e停水", "\n" * 50, "停" * 1_000_000]
any_text = st.text(alphabet=st.characters(), max_size=300)


@pytest.fixture(scope="module")
def snownlp():
    return sentiment.load("snownlp")


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(
        InvalidInputError, match=r"没有名为“bert”的打分器.*ngram、stack、snownlp、.*trivial"
    ):
        sentiment.load("bert")


def test_the_model_is_not_loaded_unless_it_is_chosen():
    code = (
        "import sys; from analyzer import sentiment; import analyzer.scoring.worker;"
        "sentiment.load('trivial'); sys.exit('snownlp' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_snownlp_tells_praise_from_complaint(snownlp: Scorer):
    praise, complaint = snownlp.score(
        ["非常满意，质量很好，物美价廉，值得推荐", "质量太差，退货还不理人，再也不买"]
    )
    assert praise.sentiment is Sentiment.POSITIVE
    assert complaint.sentiment is Sentiment.NEGATIVE
    assert praise.p_negative == pytest.approx(1 - praise.p_positive)
    assert praise.scorer == "snownlp"
    assert praise.p_appeal is None


def test_snownlp_abstains_between_its_thresholds_and_never_says_neutral(snownlp: Scorer):
    [score] = snownlp.score([""])
    assert (score.p_negative, score.p_positive, score.sentiment) == (0.5, 0.5, "uncertain")


def test_the_band_is_a_setting():
    assert Band().sentiment(0.69, 0.31) is Sentiment.UNCERTAIN
    assert Band().sentiment(0.7, 0.3) is Sentiment.NEGATIVE
    assert Band(negative=0.5).sentiment(0.55, 0.45) is Sentiment.NEGATIVE
    assert Band(positive=0.9).sentiment(0.2, 0.8) is Sentiment.UNCERTAIN


@pytest.mark.parametrize("name", sentiment.NAMES)
def test_odd_texts_have_a_score(name: str, snownlp: Scorer):
    scorer = snownlp if name == "snownlp" else sentiment.load(name)
    for score in scorer.score(ODD):
        assert 0 <= score.p_negative <= 1
        assert 0 <= score.p_positive <= 1


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(any_text, max_size=4))
def test_any_texts_have_a_score_each(snownlp: Scorer, texts: list[str]):
    for scorer in (snownlp, sentiment.load("trivial")):
        found = scorer.score(texts)
        assert len(found) == len(texts)
        assert all(0 <= score.p_negative <= 1 for score in found)


@pytest.mark.parametrize("name", ["snownlp", "snownlp-retrained"])
def test_both_bayes_name_what_decided(name: str, snownlp: Scorer):
    scorer = snownlp if name == "snownlp" else sentiment.load(name)
    text = "今天又停水了，\u202e物业真是垃圾，气死我了"
    found = scorer.reasons(text, most=30)
    assert all(text[one.start : one.end] == one.text for one in found)
    assert any(one.head == "negative" and one.weight > 0.5 for one in found)
    assert [abs(one.weight) for one in found] == sorted(abs(one.weight) for one in found)[::-1]
    assert len(scorer.reasons(text, most=2)) == 2
    for odd in ODD[:-1]:
        scorer.reasons(odd)


def test_trivial_knows_its_words():
    found = sentiment.load("trivial").score(["又停水了", "感谢政府", "感谢，但是停水", "今天天气"])
    assert [score.sentiment for score in found] == ["negative", "positive", "uncertain", "neutral"]


def test_the_file_of_a_model_has_as_many_slots_as_there_are_features():
    assert model_file._SLOTS == features.SLOTS


def _fewer_slots(arrays: dict) -> None:
    arrays["weights"] = arrays["weights"][:, :100]


def _fewer_heads(arrays: dict) -> None:
    arrays["bias"] = arrays["bias"][:2]


def _no_number(arrays: dict) -> None:
    arrays["bias"] = np.full_like(arrays["bias"], np.nan)


def _text(arrays: dict) -> None:
    arrays["bias"] = np.array(["a", "b", "c"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_fewer_slots, "是给另一版程序的，权重不是 1048576 个"),
        (_fewer_heads, "与本程序不合，打不出分，像是给另一版程序的"),
        (_no_number, "里的 bias 含有不是数的值"),
        (_text, "里的 bias 含有不是数的值"),
    ],
)
def test_a_model_whose_arrays_do_not_fit_is_told_when_it_is_loaded(tmp_path: Path, change, said):
    for file in ("ngram.npz", "ngram.json"):
        shutil.copy(model_file.PACKAGED / file, tmp_path)
    with np.load(tmp_path / "ngram.npz") as packaged:
        arrays = dict(packaged)
    change(arrays)
    model_file.write(tmp_path, model_file.read_card(tmp_path / "ngram.json"), arrays)
    with pytest.raises(InvalidInputError, match=said):
        sentiment.load("ngram", folder=tmp_path)
