"""A small recurrent net over word vectors, in numpy: what an order of words tells, far apart too.

Gated recurrent units (Cho et al. 2014) read a text in both directions; of what they hold at each
word the mean by an attention (Bahdanau et al. 2015) and the largest go into a hidden layer, as in
:mod:`analyzer.sentiment.convolution`. Sums are in double precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment.convolution import Floats, softmax

Reals = NDArray[Any]
Rows = NDArray[np.int64]
_BATCH = 256
_NEVER = -9.0
_FAR = 60.0


class Recurrent(Struct):
    """The weights of a net. ``gates`` and ``state`` are of what the units held a word before."""

    forth_read: Reals
    forth_offsets: Reals
    forth_gates: Reals
    forth_state: Reals
    back_read: Reals
    back_offsets: Reals
    back_gates: Reals
    back_state: Reals
    attention: Reals
    attention_offsets: Reals
    attention_out: Reals
    hidden: Reals
    hidden_offsets: Reals
    out: Reals
    out_offsets: Reals

    def chances(self, vectors: Reals, texts: Sequence[Rows]) -> Floats:
        """Texts × emotions; texts are rows of ``vectors``, of which row 0 is of unknown words."""
        weights = {name: getattr(self, name).astype(np.float64) for name in self.__struct_fields__}
        table = np.asarray(vectors, dtype=np.float64)
        order = np.argsort([len(text) for text in texts], kind="stable")
        found = np.zeros((len(texts), self.out.shape[1]))
        for start in range(0, len(order), _BATCH):
            some = order[start : start + _BATCH]
            held = read(table, Batch.of([texts[at] for at in some]), weights)
            inner = np.maximum(held.pooled @ weights["hidden"] + weights["hidden_offsets"], 0)
            found[some] = softmax(inner @ weights["out"] + weights["out_offsets"])
        return found


class Batch(Struct):
    """Texts as rows of a table: texts × words, filled with 0, forth and back.

    ``within`` (words × texts × 1) is 1 where a text has a word; ``turned`` (words × texts) says at
    which step back the word was read.
    """

    forth: Rows
    back: Rows
    within: Reals
    turned: Rows
    lengths: Rows

    @staticmethod
    def of(texts: Sequence[Rows]) -> Batch:
        """A text without words has one that is unknown."""
        lengths = np.maximum([len(text) for text in texts], 1).astype(np.int64)
        steps = np.arange(int(lengths.max()))
        forth = np.zeros((len(texts), len(steps)), dtype=np.int64)
        for at, text in enumerate(texts):
            forth[at, : len(text)] = text
        turned = np.clip(lengths[None] - 1 - steps[:, None], 0, None)
        within = (steps[:, None] < lengths[None])[:, :, None]
        return Batch(forth, _back(forth, turned, within), within, turned, lengths)

    def without(self, dropped: NDArray[np.bool_]) -> Batch:
        """The same with some words unknown."""
        forth = np.where(dropped, 0, self.forth)
        back = _back(forth, self.turned, self.within)
        return Batch(forth, back, self.within, self.turned, self.lengths)


class Held(Struct):
    """What the units held: ``states`` words × texts × units, and what became of it."""

    steps: tuple[list[tuple[Reals, ...]], list[tuple[Reals, ...]]]
    states: Reals
    inner: Reals
    shares: Reals
    largest: Rows
    pooled: Reals


def read(table: Reals, batch: Batch, weights: dict[str, Reals], *, keep: bool = False) -> Held:
    """Read a batch in both directions; ``keep`` what learning needs of each step."""
    within = batch.within.astype(table.dtype)
    forth, forth_steps = _one_way(table[batch.forth], within, weights, "forth", keep=keep)
    back, back_steps = _one_way(table[batch.back], within, weights, "back", keep=keep)
    back = back[batch.turned, np.arange(len(batch.forth))[None]]
    states = np.concatenate([forth, back], axis=2) * within
    length, count, units = states.shape
    inner = np.tanh(states.reshape(-1, units) @ weights["attention"] + weights["attention_offsets"])
    asked = (inner @ weights["attention_out"]).reshape(length, count, 1)
    asked = np.where(batch.within, asked, -np.inf)
    asked = np.exp(asked - asked.max(axis=0))
    shares = asked / asked.sum(axis=0)
    bounded = np.where(batch.within, states, table.dtype.type(_NEVER))
    largest = bounded.argmax(axis=0)
    most = np.take_along_axis(bounded, largest[None], axis=0)[0]
    pooled = np.hstack([(shares * states).sum(axis=0), most])
    return Held((forth_steps, back_steps), states, inner, shares, largest, pooled)


def _one_way(
    words: Reals, within: Reals, weights: dict[str, Reals], way: str, *, keep: bool
) -> tuple[Reals, list[tuple[Reals, ...]]]:
    count, length, size = words.shape
    units = weights[f"{way}_state"].shape[0]
    given = words.reshape(-1, size) @ weights[f"{way}_read"] + weights[f"{way}_offsets"]
    given = np.ascontiguousarray(given.reshape(count, length, -1).transpose(1, 0, 2))
    gates_of, state_of = weights[f"{way}_gates"], weights[f"{way}_state"]
    held = np.zeros((count, units), dtype=words.dtype)
    states = np.empty((length, count, units), dtype=words.dtype)
    steps: list[tuple[Reals, ...]] = []
    for at in range(length):
        gates = 1 / (1 + np.exp(-np.clip(given[at, :, : 2 * units] + held @ gates_of, -_FAR, _FAR)))
        opened = gates[:, :units] * within[at]
        kept = gates[:, units:] * held
        new = np.tanh(given[at, :, 2 * units :] + kept @ state_of)
        if keep:
            steps.append((held, gates, opened, kept, new))
        held = held + opened * (new - held)
        states[at] = held
    return states, steps


def _back(forth: Rows, turned: Rows, within: Reals) -> Rows:
    texts = np.arange(len(forth))[:, None]
    back: Rows = np.where(within[:, :, 0].T, forth[texts, turned.T], 0)
    return back
