"""Figures of near-duplicates on real posts that must not fall; margins for other samples."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.grouping.copies_evaluation import alike, evaluate, table

FEW = 6_000


@pytest.mark.needs("eval_data")
def test_changed_copies_of_real_posts_are_found_and_others_are_not(
    eval_data: Path, figure: Callable[[str], None]
) -> None:
    with gzip.open(eval_data / "throughput" / "covid_weibo_150k.tsv.gz", "rt", "utf-8") as file:
        lines = [next(file) for _ in range(FEW)]
    report = evaluate([line.rstrip("\n").split("\t", 1)[1] for line in lines], copies=800)
    found = {one.recipe: one for one in report.recalls}
    figure("; ".join(f"{name} {one.long_found:.3f}" for name, one in found.items()))
    assert found["5%"].long_found >= 0.99
    assert found["10%"].long_found >= 0.96
    assert found["5%"].found >= 0.985
    assert found["10%"].found >= 0.95
    for exact in ("prefix", "full_width", "shuffled"):
        assert found[exact].long_found >= 0.99, exact
    assert report.wrong <= 0.0005
    assert len(list(table(report))) == 4 + len(found)


def test_the_judge_tells_changed_copies_from_other_texts():
    text = "城东水库今天下午三点放水请下游的居民不要下河不要靠近河边"
    assert alike(text, text[:14] + "另外" + text[14:])
    assert alike(text[14:] + text[:14], text)
    assert not alike(text, "新区学校门口每天早上堵得走不动请问归哪个部门管")
