"""``yuqing train``: the models of the scorers from labelled files, the same from the same files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

_NEEDED = "数据文件（可多次）：有标注的帖文、无标注的帖文、留言与答复、新闻；首个有标注的为本领域"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("train")(train)


def train(
    data: Annotated[list[Path], typer.Option("--data", help=_NEEDED)],
    out: Annotated[Path, typer.Option("--out", help="模型与说明写入的目录")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="随机种子；相同则结果相同")] = 0,
    unlabelled: Annotated[
        int, typer.Option("--unlabelled", min=0, help="蒸馏用的无标注帖文至多多少条")
    ] = 80_000,
) -> None:
    """训练打分模型（ngram 与 snownlp-retrained），并写出说明卡。"""
    from analyzer.sentiment.training import build

    plan = build.Plan(seed=seed, unlabelled=unlabelled)
    for card in build.train(data, out, plan, _tell):
        sys.stdout.write(f"{out / card.name}.npz  sha256 {card.sha256}\n")


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
