"""From corrections to a model: better where officers spoke, the same elsewhere, or none."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from analyzer.sentiment import model_file
from analyzer.sentiment.ngram import NgramScorer
from analyzer.sentiment.stack import StackScorer
from analyzer.sentiment.training import adapting, corpora, corrections
from analyzer.sentiment.training.corrections import Correction
from posts.identity import post_id
from posts.model import Post, Score, ScoredPost, Sentiment
from registry import labels
from registry.errors import InvalidInputError
from yuqing import corrected
from yuqing.commands.train import train
from yuqing.folder import DataFolder
from yuqing.settings import Settings
from yuqing.wiring import Wiring

_PLAIN = "今天公告地铁天气会议通知时间地点资料道路学校医院市场"
SAID = Score(
    p_negative=0.2, p_positive=0.2, sentiment=Sentiment.NEUTRAL, scorer="ngram", version="2"
)


def run(**given: object) -> None:
    """``yuqing train`` with these options."""
    usual = {
        "out": Path("models"),
        "data": None,
        "scorer": "ngram",
        "with_corrections": True,
        "weight": 1.0,
        "anyway": False,
        "seed": 0,
        "unlabelled": 60,
        "desk": None,
        "config": None,
    }
    train(**{**usual, **given})


def _text(dice: random.Random, mark: str) -> str:
    plain = "".join(dice.choice(_PLAIN) for _ in range(30))
    return plain[:15] + mark + plain[15:]


def _corrections(count: int = 60, *, bad: str = "恼火惨咯", good: str = "巴适得板"):
    dice = random.Random(1)
    return [
        Correction(_text(dice, bad if at % 2 else good), -1 if at % 2 else 0, None)
        for at in range(count)
    ]


def _others(count: int = 150) -> list[str]:
    dice = random.Random(2)
    return [_text(dice, dice.choice(("谢谢大家", "气死了", "请尽快处理"))) for _ in range(count)]


def test_words_that_the_model_did_not_know_are_learnt_and_the_rest_stays():
    scorer, held = NgramScorer(), [_text(random.Random(3), "恼火惨咯"), "这下恼火惨咯，路断了"]
    arrays, changes = adapting.adapted(scorer, _corrections(), _others())
    assert [change.head for change in changes] == ["negative"], "nothing was called praise"
    assert all(change.better for change in changes)
    assert all(change.moved < adapting.MOST_MOVED for change in changes)
    negative = changes[0]
    assert negative.figures_after["macro_f1"] > negative.figures_before["macro_f1"]
    before, weights = scorer.log_odds(held), arrays["weights"]
    assert weights.dtype == np.int8
    assert (weights[2] == scorer.state()["weights"][2]).mean() > 0.999, "nobody spoke of appeals"
    new = _scorer_of(scorer, arrays)
    assert (new.log_odds(held)[:, 0] > before[:, 0] + 0.5).all()
    again, _ = adapting.adapted(scorer, _corrections(), _others())
    assert all((arrays[key] == again[key]).all() for key in arrays)


def _scorer_of(scorer: NgramScorer, arrays) -> NgramScorer:
    made = NgramScorer.__new__(NgramScorer)
    made.__dict__.update(scorer.__dict__)
    made._scale, made._slope = arrays["scale"], arrays["slope"]
    made._of_grade, made._bias = arrays["of_grade"], arrays["bias"]
    from analyzer.sentiment.ngram import packed

    made._packed = packed(arrays["weights"])
    return made


def test_too_few_are_refused_with_what_there_is():
    with pytest.raises(InvalidInputError, match="现有情感 10 条，诉求 0 条；一项至少要 40 条"):
        adapting.adapted(NgramScorer(), _corrections(10), [])
    one_sided = [Correction(f"第{at}条", 1, None) for at in range(60)]
    with pytest.raises(InvalidInputError, match="两边"):
        adapting.adapted(NgramScorer(), one_sided, [])
    with pytest.raises(InvalidInputError, match="现有情感 10 条；一项至少要 40 条"):
        adapting.adapted_stack(StackScorer(), _corrections(10), [])


def test_corrections_among_labelled_posts_count_several_times_and_are_named():
    given = corpora.Corpora()
    rows = (Correction("坏", -1, None), Correction("求助", None, True))
    corrections.add(given, corrections.Corrections(rows, "abc"))
    assert [one.polarity for one in given.labelled] == [-1] * corrections.COPIES
    assert given.appeals == [("求助", 1)] * corrections.COPIES
    assert given.sources[0]["weight"] == corrections.COPIES
    assert "坏" not in json.dumps(given.sources, ensure_ascii=False)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """DATA with 60 corrected posts and 150 others, scored an hour ago."""
    monkeypatch.chdir(tmp_path)
    wiring = Wiring(Settings(), DataFolder(tmp_path / "data"))
    now = datetime.now(UTC)
    texts = [one.text for one in _corrections()] + _others()
    scored = [_scored(at, text, now) for at, text in enumerate(texts)]
    try:
        wiring.index.write(scored)
        with wiring.database.transaction() as session:
            for one, given in zip(scored, _corrections(), strict=False):
                labels.add(
                    session,
                    post=one.post.id,
                    score=SAID,
                    polarity=given.polarity,
                    appeal=None,
                    by="值班员甲",
                    now=now,
                )
    finally:
        wiring.close()
    return tmp_path


def _scored(number: int, text: str, now: datetime) -> ScoredPost:
    post = Post(
        id=post_id("s", str(number)),
        source="s",
        kind="forum",
        text=text,
        published_at=now - timedelta(hours=1),
        first_seen_at=now,
        version=1,
        filed_month="2026-01",
    )
    return ScoredPost(post=post, score=SAID, scored_at=now)


def test_train_with_corrections_writes_a_model_that_the_desk_can_use(desk: Path, capsys):
    run()
    told = capsys.readouterr()
    assert "更正 60 条" in told.err
    assert "每条更正的分量 1；另取未更正的帖文 150 条" in told.err
    assert "负面：60 条更正，留出检验的对数损失" in told.err
    assert "sha256" in told.out
    new, present = NgramScorer(folder=desk / "models"), NgramScorer()
    assert new.version.startswith(f"{present.version}+60.")
    assert new.card.sources[-1]["kind"] == "corrections"
    assert "negative 更正" in new.card.figures
    assert "恼火" not in (desk / "models" / "ngram.json").read_text("utf-8")
    there = {file.name for file in (desk / "models").iterdir()}
    assert there == {file.name for file in model_file.PACKAGED.iterdir()}
    text = ["这下恼火惨咯，路断了"]
    assert new.score(text)[0].p_negative > present.score(text)[0].p_negative


def test_the_slow_scorer_learns_them_too_and_says_what_stays(desk: Path, capsys):
    run(scorer="stack")
    told = capsys.readouterr().err
    assert "负面：60 条更正，留出检验的对数损失" in told
    assert "正面与诉求取自同目录的 ngram" in told
    new, present = StackScorer(folder=desk / "models"), StackScorer()
    assert new.card.version.startswith(f"{present.card.version}+60.")
    for name in ("ngram.npz", "ngram.json"):
        assert (desk / "models" / name).read_bytes() == (model_file.PACKAGED / name).read_bytes()
    [after], [before] = (one.score(["这下恼火惨咯，路断了"]) for one in (new, present))
    assert after.p_negative > before.p_negative
    assert after.p_appeal == before.p_appeal


def test_erased_and_withdrawn_posts_are_not_learnt_from(desk: Path, capsys):
    wiring = Wiring(Settings(), DataFolder(desk / "data"))
    try:
        with wiring.database.transaction() as session:
            given = labels.counting(session)
            labels.withdraw(session, given[0].id, by="x", now=datetime.now(UTC))
        wiring.index.erase([label.post for label in given[1:31]])
        found, gone = corrected.read(wiring.database, wiring.index)
    finally:
        wiring.close()
    assert (len(found.rows), gone) == (29, 30)
    with pytest.raises(InvalidInputError, match="更正太少，还不能训练：现有情感 29 条"):
        run()
    assert "更正 29 条；另有 30 条的帖文已不在索引里，不用" in capsys.readouterr().err
    assert not (desk / "models").exists()


def test_a_model_that_is_no_better_is_not_written(desk: Path, monkeypatch):
    monkeypatch.setattr(adapting, "MOST_MOVED", -1.0)
    with pytest.raises(InvalidInputError, match="新模型不比现有的好，没有写出"):
        run()
    assert not (desk / "models").exists()
    run(anyway=True)
    assert (desk / "models" / "ngram.npz").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"with_corrections": False}, "请用 --data 指定数据文件，或用 --with-corrections"),
        ({"scorer": "gone", "data": [Path("x")]}, "能训练的打分器：ngram、stack"),
        ({}, "/data 里没有舆情台的数据"),
        ({"desk": Path("slip")}, "/slip 里没有舆情台的数据；请用 --desk 指明"),
    ],
)
def test_what_train_is_asked_for_must_make_sense(tmp_path: Path, monkeypatch, given, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInputError, match=said):
        run(**given)
    assert not list(tmp_path.iterdir())


def test_a_desk_where_nobody_corrected_anything_is_told(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wiring = Wiring(Settings(), DataFolder(tmp_path / "data"))
    with wiring.database.reading():
        pass
    wiring.close()
    with pytest.raises(InvalidInputError, match="还没有可用的更正"):
        run()


def test_folds_that_fell_are_told():
    card = NgramScorer().card
    worse = {"negative": {**card.figures["negative"], "auc": 0.9, "macro_f1": 0.8}}
    import msgspec

    said = corrected.compare(msgspec.structs.replace(card, figures=worse), card)
    assert len(said) == 2
    assert said[0].startswith("负面的AUC由 0.93")
    assert corrected.compare(card, card) == []
