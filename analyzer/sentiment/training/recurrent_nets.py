"""Training of the recurrent net by hand in numpy, as :mod:`analyzer.sentiment.training.nets` does.

Emotions are the task, word vectors stay as they are, and the hidden layer has a part that only
texts of the own domain see.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analyzer.sentiment.convolution import softmax
from analyzer.sentiment.recurrent import Batch, Held, Recurrent, read
from analyzer.sentiment.training import descent
from analyzer.sentiment.training.descent import Descent, Floats32

Rows = NDArray[np.int64]
Slopes = dict[str, Floats32]
UNITS = 48
ATTENTION = 32
HIDDEN = 64
EPOCHS = 4
_BATCH = 128
_RATE = 2e-3
_WORDS_DROPPED = 0.1
_JITTER = 4.0
_LONGEST = 1.0


def train(
    vectors: Floats32,
    texts: Sequence[Rows],
    own: NDArray[np.bool_],
    emotions: NDArray[np.int64],
    *,
    seed: int,
    epochs: int = EPOCHS,
) -> Recurrent:
    """A net for texts of the own domain; ``emotions`` are numbers from 0, ``vectors[0]`` zeros."""
    learner = Learner(vectors, int(emotions.max()) + 1, seed)
    down = Descent(learner.weights)
    rounds = descent.rounds(
        learner.dice, texts, times=epochs, size=_BATCH, jitter=_JITTER, rate=_RATE
    )
    for batch, rate in rounds:
        given = Batch.of([texts[one] for one in batch])
        dropped = learner.dice.random(given.forth.shape) < _WORDS_DROPPED
        slopes = learner.slopes(given.without(dropped), own[batch], emotions[batch])
        down.step(slopes, rate, longest=_LONGEST)
    return learner.net()


class Learner:
    """The weights, and their slopes on a batch."""

    def __init__(self, vectors: Floats32, classes: int, seed: int) -> None:
        self.dice = np.random.default_rng(seed)
        self._vectors = vectors
        size, both = vectors.shape[1], 2 * UNITS
        read_of = 2 * both
        self.weights: dict[str, Floats32] = {
            "attention": self._drawn(both, ATTENTION),
            "attention_offsets": np.zeros(ATTENTION, dtype=np.float32),
            "attention_out": self._drawn(ATTENTION, 1),
            "hidden": descent.drawn(self.dice, 2 * read_of, HIDDEN, read_of),
            "hidden_offsets": np.zeros(HIDDEN, dtype=np.float32),
            "out": self._drawn(HIDDEN, classes),
            "out_offsets": np.zeros(classes, dtype=np.float32),
        }
        for way in ("forth", "back"):
            self.weights[f"{way}_read"] = self._drawn(size, 3 * UNITS)
            self.weights[f"{way}_offsets"] = np.zeros(3 * UNITS, dtype=np.float32)
            self.weights[f"{way}_gates"] = self._drawn(UNITS, 2 * UNITS)
            self.weights[f"{way}_state"] = self._drawn(UNITS, UNITS)

    def _drawn(self, rows: int, columns: int) -> Floats32:
        return descent.drawn(self.dice, rows, columns, rows)

    def slopes(
        self,
        batch: Batch,
        own: NDArray[np.bool_],
        emotions: NDArray[np.int64],
        *,
        drop: bool = True,
    ) -> Slopes:
        """The slope of the mean loss for each weight."""
        weights, count = self.weights, len(batch.forth)
        held = read(self._vectors, batch, weights, keep=True)
        inside = own[:, None].astype(np.float32)
        kept = descent.kept(self.dice, held.pooled.shape) if drop else np.float32(1)
        pooled = held.pooled * kept
        both = np.hstack([pooled, pooled * inside])
        inner = np.maximum(both @ weights["hidden"] + weights["hidden_offsets"], 0)
        kept_inner = descent.kept(self.dice, inner.shape) if drop else np.float32(1)
        shown = inner * kept_inner
        error = softmax(shown @ weights["out"] + weights["out_offsets"])
        error[np.arange(count), emotions] -= 1
        error /= count
        of_inner = (error @ weights["out"].T) * kept_inner * (inner > 0)
        of_both = of_inner @ weights["hidden"].T
        half = pooled.shape[1]
        slopes = {
            "hidden": both.T @ of_inner,
            "hidden_offsets": of_inner.sum(axis=0),
            "out": shown.T @ error,
            "out_offsets": error.sum(axis=0),
        }
        of_pooled = (of_both[:, :half] + of_both[:, half:] * inside) * kept
        of_states = self._of_states(held, of_pooled, slopes) * batch.within
        units = of_states.shape[2] // 2
        self._of_way("forth", self._vectors[batch.forth], held, of_states[:, :, :units], slopes)
        turned = np.zeros_like(of_states[:, :, units:])
        texts = np.broadcast_to(np.arange(count)[None], batch.turned.shape)
        there = batch.within[:, :, 0]
        turned[batch.turned[there], texts[there]] = of_states[:, :, units:][there]
        self._of_way("back", self._vectors[batch.back], held, turned, slopes)
        return slopes

    def _of_states(self, held: Held, of_pooled: Floats32, slopes: Slopes) -> Floats32:
        """Through the attention and the largest, back to what the units held."""
        weights = self.weights
        length, count, units = held.states.shape
        of_mean, of_most = of_pooled[:, :units], of_pooled[:, units:]
        of_states: Floats32 = held.shares * of_mean[None]
        there = held.largest[None]
        now = np.take_along_axis(of_states, there, axis=0)
        np.put_along_axis(of_states, there, now + of_most[None], axis=0)
        of_shares = (held.states * of_mean[None]).sum(axis=2, keepdims=True)
        of_asked = held.shares * (of_shares - (held.shares * of_shares).sum(axis=0))
        of_asked = of_asked.reshape(-1, 1)
        slopes["attention_out"] = held.inner.T @ of_asked
        of_inner = (of_asked @ weights["attention_out"].T) * (1 - held.inner * held.inner)
        slopes["attention"] = held.states.reshape(-1, units).T @ of_inner
        slopes["attention_offsets"] = of_inner.sum(axis=0)
        of_states += (of_inner @ weights["attention"].T).reshape(length, count, units)
        return of_states

    def _of_way(
        self, way: str, words: Floats32, held: Held, of_states: Floats32, slopes: Slopes
    ) -> None:
        """Back through the steps of one direction."""
        gates_of, state_of = self.weights[f"{way}_gates"], self.weights[f"{way}_state"]
        steps = held.steps[way == "back"]
        length, count, units = of_states.shape
        of_given = np.empty((length, count, 3 * units), dtype=of_states.dtype)
        of_held = np.zeros((count, units), dtype=of_states.dtype)
        of_gates, of_state = np.zeros_like(gates_of), np.zeros_like(state_of)
        for at in range(length - 1, -1, -1):
            before, gates, opened, kept, new = steps[at]
            of_held = of_held + of_states[at]
            of_new = of_held * opened * (1 - new * new)
            # Where a text has ended its gate is shut, whatever the gate would be.
            of_opened = of_held * (new - before) * (opened > 0)
            of_before = of_held * (1 - opened)
            of_kept = of_new @ state_of.T
            of_state += kept.T @ of_new
            of_before += of_kept * gates[:, units:]
            of_both = np.hstack([of_opened, of_kept * before]) * gates * (1 - gates)
            of_gates += before.T @ of_both
            of_before += of_both @ gates_of.T
            of_given[at] = np.hstack([of_both, of_new])
            of_held = of_before
        flat = of_given.transpose(1, 0, 2).reshape(-1, 3 * units)
        slopes[f"{way}_read"] = words.reshape(-1, words.shape[2]).T @ flat
        slopes[f"{way}_offsets"] = flat.sum(axis=0)
        slopes[f"{way}_gates"], slopes[f"{way}_state"] = of_gates, of_state

    def net(self) -> Recurrent:
        """The net as the file holds it: half precision, both parts of the hidden layer as one."""
        parts = {**self.weights, "hidden": descent.joined(self.weights["hidden"])}
        return Recurrent(**{name: one.astype(np.float16) for name, one in parts.items()})
