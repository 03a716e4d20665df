"""``yuqing eval`` and ``yuqing train`` as a person meets them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

APPEALS = Path(__file__).parent / "sentiment_appeals.jsonl"


def _run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "yuqing", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_eval_prints_the_cards_and_a_file(tmp_path: Path):
    names = ("--scorer", "ngram", "--scorer", "snownlp-retrained", "--scorer", "trivial")
    done = _run("eval", "--data", str(APPEALS), *names, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any("| ngram | 训练数据 | 负面 |" in line and "分组交叉验证" in line for line in lines)
    assert any(
        "| ngram | sentiment_appeals.jsonl | 诉求 |" in line and "直接测量" in line
        for line in lines
    )
    assert not any("trivial" in line for line in lines)  # it knows no appeals
    assert "可靠性曲线" in done.stdout


def test_eval_tells_what_it_can_not_read(tmp_path: Path):
    (tmp_path / "few.jsonl").write_text('{"text": "a", "appeal": 1}')
    for file, sentence in (("few.jsonl", "不足 20 条"), ("none.tsv", "读不了 none.tsv")):
        done = _run("eval", "--scorer", "trivial", "--data", file, cwd=tmp_path)
        assert done.returncode == 1
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr


def test_train_tells_what_is_missing(tmp_path: Path):
    (tmp_path / "few.jsonl").write_text('{"text": "a", "polarity": 1}')
    done = _run("train", "--data", "few.jsonl", "--out", "models", cwd=tmp_path)
    assert done.returncode == 1
    assert "负面帖文只有 0 条，至少要 200 条" in done.stderr
    assert not (tmp_path / "models").exists()


def test_a_model_folder_that_is_none_is_told(tmp_path: Path):
    (tmp_path / "yuqing.toml").write_text(
        '[analyze]\nscorer = "ngram"\nmodel_folder = "nowhere"\n', "utf-8"
    )
    done = _run("score", cwd=tmp_path)
    assert done.returncode == 1
    assert "缺少模型文件 nowhere/ngram.json" in done.stderr
    assert "Traceback" not in done.stderr
