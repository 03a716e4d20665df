"""Places in sentences that others marked: the gates, and what the evaluation reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.analyzer import nowhere

from analyzer import locality_evaluation as evaluation
from analyzer.locality_foreign import is_abroad
from registry.errors import InvalidInputError


@pytest.mark.needs("eval_data")
def test_places_in_posts_and_news_keep_their_figures(eval_data: Path):
    marked = evaluation.read(eval_data / "locality" / "ner_loc_dev.jsonl.gz")
    precision, recall = evaluation.posts(nowhere(), marked)
    assert precision.value >= 0.86
    assert recall.value >= 0.55
    assert precision.low < precision.value < precision.high
    assert evaluation.news(nowhere(), marked).value >= 0.93


def test_a_mark_counts_where_its_text_is_and_only_within_china(tmp_path: Path):
    rows = [
        {
            "src": "weibo_x",
            "text": "在北京和巴黎",
            "spans": [[1, 3, "北京", "GPE.NAM"], [4, 6, "巴黎", "GPE.NAM"]],
        },
        {"src": "weibo_x", "text": "@某某：昆明", "spans": [[1, 3, "海淀", "GPE.NAM"]]},
        {"src": "pd_x", "text": "江苏省的路", "spans": [[0, 3, "江苏省", "LOC"]]},
    ]
    file = tmp_path / "marked.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    marked = evaluation.read(file)
    precision, recall = evaluation.posts(nowhere(), marked)
    assert (precision.value, precision.of) == (0.5, 2)
    assert (recall.value, recall.of) == (1.0, 1)
    assert evaluation.news(nowhere(), marked).value == 1.0
    assert len(list(evaluation.table(file, nowhere()))) == 4
    assert is_abroad("迈阿密海滩")


def test_a_file_of_another_form_is_refused_with_its_line(tmp_path: Path):
    file = tmp_path / "other.jsonl"
    file.write_text('{"text": "x"}\n', encoding="utf-8")
    with pytest.raises(InvalidInputError, match="第 1 行"):
        evaluation.read(file)
