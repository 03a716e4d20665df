"""The saved pages with their ground truth, and how an extraction is measured against it."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any


def ground_truth(eval_data: Path) -> list[dict[str, Any]]:
    lines = (eval_data / "pages/dev/ground_truth.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def page_bytes(eval_data: Path, row: dict[str, Any]) -> bytes:
    return (eval_data / "pages" / row["file"]).read_bytes()


def plain(text: str | None) -> str:
    return re.sub(r"[\s\u3000\xa0\u2000-\u200f]+", "", text or "")


def bigram_f1(found: str | None, truth: str | None) -> float:
    """F1 of the two texts' bags of character pairs, white space apart."""
    left, right = (plain(text) for text in (found, truth))
    one, two = (Counter(pairwise(text)) for text in (left, right))
    common = (one & two).total()
    if not common:
        return float(left == right)
    return 2 * common / (one.total() + two.total())
