"""The fast scorer: what it says, what it never says, and what it does with any text at all."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer import sentiment
from analyzer.sentiment import Band, events, features, model_file
from analyzer.sentiment.ngram import NgramScorer
from posts.model import Sentiment
from registry.errors import InvalidInputError

GRAVE = [
    "塌方事故造成三人死亡",
    "化工厂爆炸，多人受伤，送医抢救",
    "村民与施工队发生冲突，有人头破血流",
    "河水被污染，下游大量死鱼",
    "好消息！感谢大家，昨天的车祸三人遇难，加油加油，点赞[心][心]",
    "太棒了！！恭喜恭喜，工地坍塌两人被埋，开心快乐每一天[哈哈][鼓掌]",
    "祝大家新年快乐，一名女子坠楼身亡，笑哈哈",
    "死\u200b亡三人，真开心，好棒，爱你们[心]",
]
ODD = [
    "",
    " ",
    "\x00",
    "\x00\x00停水\x00",
    "\ud800",
    "\udfff停水\ud800",
    "😀",
    "😀😡👨‍👩‍👧‍👦" * 40,
    "。",
    "a",
    "\u202e停水\u202c",
    "\n" * 50,
    "停" * 1_000_000,
    "ＡＢＣ１２３停水",
    "ᥘᥙᥴ ᥛᥬᥰ မြန်မာ ئۇيغۇر Latin",
    "\u200b\u200c\u200d",
    "\U0010ffff",
    "﷽" * 10,
    "@" * 5000,
    "http://" * 900,
    "斷水斷電，請處理",
    "\ufeff",
]
any_text = st.text(alphabet=st.characters(), max_size=300)


@pytest.fixture(scope="module")
def scorer() -> NgramScorer:
    return NgramScorer()


@pytest.mark.parametrize("text", GRAVE)
def test_grave_events_are_never_positive(scorer: NgramScorer, text: str):
    [score] = scorer.score([text])
    assert score.p_positive <= 0.3
    assert score.sentiment in {Sentiment.NEGATIVE, Sentiment.UNCERTAIN}


def test_praise_is_positive_and_anger_negative(scorer: NgramScorer):
    praise, anger = scorer.score(
        ["感谢医护人员，你们辛苦了！大家一起加油！", "气死我了，什么垃圾单位，恶心，太让人愤怒了"]
    )
    assert (praise.sentiment, anger.sentiment) == ("positive", "negative")
    assert praise.p_negative + praise.p_positive <= 1


def test_a_polite_complaint_is_an_appeal_and_a_reply_is_none(scorer: NgramScorer):
    asks, answers = scorer.score(
        [
            "小区门口的路灯坏了一个月，希望有关部门尽快派人来修",
            "网友您好，您反映的问题已收悉，现将调查处理情况回复如下",
        ]
    )
    assert asks.p_appeal is not None
    assert answers.p_appeal is not None
    assert asks.p_appeal > 0.9
    assert answers.p_appeal < 0.2


def test_a_score_does_not_depend_on_the_company(scorer: NgramScorer):
    texts = [*GRAVE, "停水三天了没人管", "", "x" * 3000, "今天天气不错@某人 http://t.cn/abc"]
    alone = [scorer.score([text])[0] for text in texts]
    assert scorer.score(texts) == alone
    assert scorer.score(texts * 700) == alone * 700


def test_odd_texts_have_a_score_each(scorer: NgramScorer):
    for score in scorer.score(ODD):
        assert 0 <= score.p_negative <= 1
        assert 0 <= score.p_positive <= 1
        assert 0 <= (score.p_appeal or 0) <= 1
    assert scorer.score([]) == []
    assert scorer.score([""])[0].sentiment is Sentiment.UNCERTAIN


def test_five_megabytes_take_no_longer_than_their_head(scorer: NgramScorer):
    long = "停水没人管" * 350_000
    assert scorer.score([long]) == scorer.score([long[: features.HEAD]])
    assert scorer.reasons(long)


@settings(max_examples=150, deadline=None)
@given(st.lists(any_text, max_size=5))
def test_any_texts_have_a_score_each(texts: list[str]):
    found = sentiment.load("ngram").score(texts) if not texts else _shared().score(texts)
    assert len(found) == len(texts)
    assert all(np.isfinite([one.p_negative, one.p_positive, one.p_appeal]).all() for one in found)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="停水无人管@a :/htp.\u200b😀\ud800\x00Ａ", max_size=60))
def test_reasons_stand_where_they_say(text: str):
    for reason in _shared().reasons(text):
        assert text[reason.start : reason.end] == reason.text
        assert reason.head in {"negative", "positive", "appeal"}


def test_reasons_name_what_decided(scorer: NgramScorer):
    found = scorer.reasons("今天路过，希望有关部门尽快处理一下噪音扰民", most=6)
    ups = "".join(one.text for one in found if one.head == "appeal" and one.weight > 0)
    assert any(word in ups for word in ("希望", "部门", "处理", "扰民", "噪音"))
    assert len(found) <= 6


def test_zero_width_marks_and_full_width_letters_change_nothing(scorer: NgramScorer):
    plain, hidden, wide = scorer.score(
        ["停水ABC没人管", "停\u200b水ABC没\u200d人管", "停水ＡＢＣ没人管"]
    )
    assert plain == hidden == wide


def test_a_handle_is_not_read(scorer: NgramScorer):
    one, other = scorer.score(["@开心快乐 停水了", "@愤怒恶心 停水了"])
    assert one == other


def test_the_band_is_obeyed(scorer: NgramScorer):
    [score] = scorer.score(["气死我了，什么垃圾单位，恶心"])
    strict = NgramScorer(Band(negative=1.0, positive=1.0, neutral=0.0))
    assert score.sentiment is Sentiment.NEGATIVE
    assert strict.score(["气死我了，什么垃圾单位，恶心"])[0].sentiment is Sentiment.UNCERTAIN


def test_neither_snownlp_nor_scikit_learn_is_loaded():
    code = (
        "import sys; from analyzer import sentiment; sentiment.load('ngram').score(['停水']);"
        "sys.exit(bool({'snownlp', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for file in ("ngram.npz", "ngram.json"):
        shutil.copy(model_file.PACKAGED / file, tmp_path)
    return tmp_path


def test_a_missing_model_is_told(models: Path):
    (models / "ngram.npz").unlink()
    with pytest.raises(InvalidInputError, match=r"缺少模型文件 .*ngram\.npz.*请重新安装"):
        NgramScorer(folder=models)


def test_a_changed_model_is_told(models: Path):
    data = bytearray((models / "ngram.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (models / "ngram.npz").write_bytes(data)
    with pytest.raises(InvalidInputError, match="校验值不符，文件损坏或被改动过"):
        NgramScorer(folder=models)


def test_a_model_for_other_code_is_told(models: Path):
    card = json.loads((models / "ngram.json").read_text("utf-8"))
    (models / "ngram.json").write_text(json.dumps({**card, "features": 99}), "utf-8")
    with pytest.raises(InvalidInputError, match=r"另一版程序.*99.*yuqing train"):
        NgramScorer(folder=models)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": 1}', "\ud800"])
def test_a_broken_card_is_told(models: Path, text: str):
    (models / "ngram.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InvalidInputError, match="读不懂"):
        NgramScorer(folder=models)


def test_the_card_says_what_must_be_known():
    card = NgramScorer().card
    assert card.sources
    assert all(len(source["sha256"]) == 64 for source in card.sources)
    assert "未声明许可" in card.licence
    assert card.limits
    assert (model_file.PACKAGED / "ngram.npz").stat().st_size < 6 * 1024 * 1024


def test_events_have_grades():
    assert events.grade("塌方事故造成三人死亡") == 3
    assert events.grade("两车相撞，司机轻伤") == 2
    assert events.grade("小区停水") == 1
    assert events.grade("今天天气不错") == 0


@pytest.mark.parametrize("text", ["笑死我了", "演习零伤亡", "防溺水宣传进校园", "这首歌很有感染力"])
def test_a_word_taken_out_of_its_gravity_counts_nothing(text: str):
    assert events.grade(text) == 0


def test_grave_events_in_traditional_characters_are_never_positive(scorer: NgramScorer):
    assert events.grade("遇難者家屬獲得賠償") == 3
    assert events.grade("無人員傷亡") == 0
    [said] = scorer.score(["遇難者家屬獲得賠償，真是太好了，感謝"])
    assert said.sentiment is not Sentiment.POSITIVE
    assert said.p_positive <= 0.15


def test_a_grave_word_counts_beside_one_that_is_none():
    assert events.grade("房屋倒塌，无人员伤亡") == 2
    assert [word for word, *_ in events.named("房屋倒塌，无人员伤亡")] == ["倒塌"]
    assert events.grade("\ud800死亡") == 3


def test_a_batch_has_the_grades_that_its_texts_have_alone():
    dice = random.Random(9)
    words = [*events._NAMES, "今天", "的", "\ud800", "\x00", "a", "😀"]
    texts = ["".join(dice.choices(words, k=dice.randrange(12))) for _ in range(3_000)]
    texts += [word + other[-1] for word, other in itertools.pairwise(events._NAMES)]
    plain = [one for one in texts if "弑" not in one]  # a word of one character: the slow way
    for some in (plain, texts):
        found = [
            events.grades(chunk.points, chunk.owners, len(chunk.firsts))
            for chunk in features.chunks(some)
        ]
        assert np.concatenate(found).tolist() == [events.grade(one) for one in some]


def test_a_batch_has_the_features_that_its_texts_have_alone():
    texts = [*GRAVE, *ODD, "停水停水停水", "a\u200bb", "\u200b", "x" * 1_999, "停水" * 1_500] * 40
    expected = [set(_slots_alone(one)) for one in texts]
    found = [
        chunk.slots[first:after].tolist()
        for chunk in features.chunks(texts)
        for first, after in itertools.pairwise(chunk.starts.tolist())
    ]
    assert list(map(set, found)) == expected
    assert list(map(len, found)) == list(map(len, expected))  # each once


def _slots_alone(text: str) -> list[int]:
    points = features.normal_points(features.head(text))
    points = np.where(points == 0, np.uint32(32), points)[points != features.DROPPED]
    by_size = features.slots_of(np.concatenate([points, np.zeros(2, dtype=np.uint32)]))
    return [0, *by_size.ravel().tolist()]


_kept: list[NgramScorer] = []


def _shared() -> NgramScorer:
    if not _kept:
        _kept.append(NgramScorer())
    return _kept[0]
