"""Small files to train scorers on: posts of three moods, posts without labels, a board."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

GOOD = "感谢辛苦加油点赞开心快乐祝福美好温暖"
BAD = "气死愤怒恶心垃圾难过害怕无语失望心寒"
PLAIN = "今天公告地铁天气会议通知时间地点资料"


def made(dice: random.Random, letters: str) -> str:
    """A text of these letters and plain ones."""
    return "".join(dice.choice(letters + PLAIN) for _ in range(24))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Labelled posts, posts without labels, petitions with replies."""
    folder = tmp_path_factory.mktemp("corpora")
    dice = random.Random(5)
    rows = ["id\tpolarity\temotion\ttext"]
    for at in range(640):
        polarity = (-1, 1, 0)[at % 3]
        words = {-1: BAD, 1: GOOD, 0: PLAIN}[polarity]
        emotion = {-1: "angry", 1: "happy", 0: "neutral"}[polarity]
        rows.append(f"{at}\t{polarity}\t{emotion}\t{made(dice, words)}")
    labelled = folder / "labelled.tsv.gz"
    labelled.write_bytes(gzip.compress("\n".join(rows).encode(), mtime=0))
    free = folder / "free.tsv"
    free.write_text("\n".join(f"1.1\t{made(dice, GOOD + BAD)}" for _ in range(200)), "utf-8")
    board = folder / "board.jsonl"
    petitions = [
        {
            "title": f"反映A{at}区{made(dice, '路灯停水噪音')}的问题",
            "text": f"尊敬的领导：{made(dice, '停水')}，希望尽快解决。请处理{made(dice, '')}",
            "reply": f"您反映的问题收悉。{made(dice, PLAIN)}，感谢您的支持。",
        }
        for at in range(205)
    ]
    board.write_text("\n".join(json.dumps(one) for one in petitions), "utf-8")
    return [labelled, free, board]
