"""How many posts are scored at once."""

import pytest

from yuqing.stages import FIRST_BATCH, STEP_S, Batch


@pytest.mark.parametrize("per_post_s", [0.014, 0.002])
def test_a_batch_takes_the_scorer_about_half_a_second(per_post_s: float) -> None:
    batch = Batch(500)
    for _ in range(10):
        batch.took(batch.size, batch.size * per_post_s)
    assert batch.size * per_post_s == pytest.approx(STEP_S, rel=0.1)


def test_a_quick_scorer_gets_the_whole_batch_and_a_slow_sink_shrinks_nothing() -> None:
    batch = Batch(500)
    for _ in range(10):
        batch.took(batch.size, 0.0)
    assert batch.size == 500


def test_a_batch_that_was_not_full_shrinks_nothing_but_lets_the_next_grow() -> None:
    batch = Batch(500)
    batch.took(FIRST_BATCH - 1, 100.0)
    assert batch.size == FIRST_BATCH
    batch.took(FIRST_BATCH - 1, 0.001)
    assert batch.size == 2 * FIRST_BATCH
    batch.took(0, 0.0)
    assert batch.size == 2 * FIRST_BATCH
