"""Real cascades in real traffic: early warning is earlier than the usual rules, as seldom false."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.warning import traffic as posts
from analyzer.warning import trial
from analyzer.warning.evaluation import at_most, curve, early_warning, fixed_count, outcome
from analyzer.warning.evaluation import mean_and_deviations as deviations

HOUR = 3_600


@pytest.mark.needs("eval_data")
def test_cascades_are_told_earlier_than_by_the_usual_rules(eval_data: Path, figure) -> None:
    cascades = trial.read_cascades(eval_data / "events" / "ced_cascades.jsonl.gz")
    traffic = posts.read_traffic(eval_data / "throughput" / "covid_weibo_150k.tsv.gz", most=45_000)
    made, areas = trial.make(cascades, traffic, trial.Setting(places=5, cascades=60))
    scores = early_warning(made)
    stated = outcome(made, scores, 0.0, areas)
    assert stated.false_per_day <= 1.0  # what is stated is no less than what happens
    best = at_most(curve(made, scores, areas, [one / 8 for one in range(-16, 25)]), 1.0)
    fixed = at_most(
        curve(made, fixed_count(made, HOUR), areas, [float(n) for n in range(3, 60)]), 1.0
    )
    usual = outcome(made, deviations(made, HOUR), 3.0, areas)
    assert best is not None
    assert fixed is not None
    minutes = [one.median / 60 for one in (stated, best, usual, fixed)]
    figure(
        f"median delay {minutes[0]:.1f} min at {stated.false_per_day:.2f} false alarms a day and "
        f"place; mean + 3σ {minutes[2]:.1f} at {usual.false_per_day:.2f}; count {minutes[3]:.0f}"
    )
    assert stated.median <= usual.median
    assert stated.upper <= 0.7 * usual.upper
    assert best.median <= 0.6 * fixed.median
    assert stated.median <= 20 * 60
