"""The window of near-duplicates: the newest 200,000 originals, and whose copy a new text is.

A copy that differs from its original stands in the window too, as a variant: a copy of it is of
the same group. The further from the original, the more alike it must be, so that a chain of small
changes does not drift far from where it began. Candidates share some of the keys that
copies_text.py makes (a table of eight places a bucket, the newest kept); they are verified by how
much of the shorter one's sketches the other has.
The oldest original leaves for a new one; one that was copied since the hand last passed stays for
another round (second chance), so that a story outlives the window while it is being told.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from analyzer.grouping.copies_hashing import EMPTY16, U32, Bools, Ints
from analyzer.grouping.copies_pairs import (
    ENOUGH,
    Bar,
    Floats,
    all_keys,
    best_pair,
    listed,
    most_shared,
    pairs_of,
    shared,
    similar,
)
from analyzer.grouping.copies_table import SLOTS, Table
from analyzer.grouping.copies_text import ROW, SKETCH, Signatures

WINDOW = 200_000
_BUCKETS = 1 << 20


class Found(Struct, frozen=True):
    """What became of n posts.

    ``slot`` (n): that of the original or variant that the post is a copy of; its own where it is
    an original itself; -1 where its text says nothing. ``placed`` (n): the slot that the post has
    now, -1 for none. ``records``: the numbers that were given out, ascending, to what was placed
    and to what got a second chance; a record's slot is its remainder by the size of the window.
    """

    slot: Ints
    placed: Ints
    records: Ints


class Window:
    """Texts by slot. ``find`` tells of each post in a batch the slot that it is a copy of."""

    def __init__(
        self, size: int = WINDOW, bar: Bar | None = None, *, buckets: int = _BUCKETS
    ) -> None:
        if not 0 < size < SLOTS:
            raise ValueError(f"a window of 1 to {SLOTS - 1} posts, not {size}")
        self.size = size
        self.bar = bar or Bar()
        self.placed = 0
        """How many records were ever placed; the next one goes to slot ``placed % size``."""
        self.exact = np.zeros(size, np.uint64)
        self.length = np.zeros(size, np.uint16)
        self.thin = np.zeros(size, np.bool_)
        # Zeros take no memory before they are written, and nothing leads to an empty slot.
        self.pairs = np.zeros((size, SKETCH), np.uint16)
        self.body = np.zeros((size, ROW), np.uint8)
        self.tagged = np.zeros((size, ROW // 64), np.uint64)
        self.depth = np.zeros(size, np.uint8)
        self.root = np.zeros(size, np.int32)
        self._least = np.array([1e-9, *self.bar.variants])
        self._copied = np.zeros(size, np.bool_)
        self._led = np.zeros(size, np.uint8)  # in which half of a round keys last led there
        self._table = Table(buckets)

    @property
    def nbytes(self) -> int:
        """Of memory, once the window was full."""
        columns = [one for one in vars(self).values() if isinstance(one, np.ndarray)]
        return sum(one.nbytes for one in columns) + self._table.nbytes

    def find(self, signed: Signatures) -> Found:
        """Of each post what it is a copy of. Originals and variants are placed, in order."""
        posts = len(signed.exact)
        slot = np.full(posts, -1, np.int64)
        keys = all_keys(signed)
        owner, known, score = self._known(signed, keys)
        slot[owner] = known
        alike = score >= self.bar.same
        led, leads_to = self._due(owner[alike], known[alike])
        depth = np.zeros(posts, np.uint8)
        depth[owner] = np.where(score < self.bar.same, self._deeper(self.depth[known]), 0)
        new = np.flatnonzero((signed.exact > 0) & (slot < 0))
        root = np.where(slot >= 0, self.root[slot], -1)
        leader = self._among(signed, keys, new, depth, root)
        self._copied[slot[slot >= 0]] = True
        placing = np.flatnonzero((depth > 0) | ((leader == np.arange(posts)) & (slot < 0)))
        placing = placing[signed.exact[placing] > 0]
        records = self._make_room(len(placing))
        placed = np.full(posts, -1, np.int64)
        placed[placing] = records[: len(placing)] % self.size
        self._write(placed[placing], signed, placing)
        self._led[placed[placing]] = self._half
        where = placed.copy()
        where[led] = leads_to
        at, hashes = listed(keys, np.concatenate([led, placing]))
        self._table.put(where[at], hashes)
        self.depth[placed[placing]] = depth[placing]
        top = leader[leader[leader[placing]]]
        self.root[placed[placing]] = np.where(root[top] >= 0, root[top], placed[top])
        slot[new] = np.where(placed[leader[new]] >= 0, placed[leader[new]], slot[leader[new]])
        self._copied[slot[new[leader[new] != new]]] = True
        return Found(slot=slot, placed=placed, records=np.sort(records))

    @property
    def _half(self) -> int:
        return self.placed // max(1, self.size // 2) & 0xFF

    def _due(self, posts: Ints, slots: Ints) -> tuple[Ints, Ints]:
        """(posts, slots): whose keys shall lead to the slots of what they are alike to.

        Once in half a round, or newer keys drive a story's out of the table while it is being told.
        """
        due = self._led[slots] != self._half
        slots, first = np.unique(slots[due], return_index=True)
        self._led[slots] = self._half
        return posts[due][first], slots

    def _known(self, signed: Signatures, keys: U32) -> tuple[Ints, Ints, Floats]:
        """(posts, slots, scores): the posts that are copies of what is in the window."""
        here, there = most_shared(*self._table.find(*listed(keys)), SLOTS.bit_length())
        score = self._scored(signed, here, there)
        good = score > 0
        return best_pair(here[good], there[good], score[good])

    def _scored(self, signed: Signatures, here: Ints, there: Ints) -> Floats:
        """How similar the posts are to what stands in those slots; 0 where that is no copy."""
        score = self._similar(signed, here, self, there)
        score = np.where(score < self._least[self.depth[there]], 0.0, score)
        far = np.flatnonzero((score > 0) & (score < self.bar.same) & (self.depth[there] > 0))
        near = self._near(signed, here[far], self, self.root[there[far]].astype(np.int64))
        score[far[~near]] = 0.0
        return score

    def _deeper(self, depth: Any) -> Any:
        return np.minimum(depth + 1, len(self._least) - 1)

    def _among(
        self,
        signed: Signatures,
        keys: U32,
        new: Ints,
        depth: npt.NDArray[np.uint8],
        root: Ints,
    ) -> Ints:
        """For each new post that of the batch which it is a copy of, else itself.

        ``depth`` is over 0 for variants of what is in the window; new variants are added. ``root``
        is the slot of their original, else -1.
        """
        leader = np.arange(len(signed.exact))
        pool = np.sort(np.concatenate([new, np.flatnonzero(depth)]))
        if not len(new):
            return leader
        here, there = pairs_of(*listed(keys, pool))
        score = self._similar(signed, here, signed, there)
        fresh = np.zeros(len(leader), np.bool_)
        fresh[new] = True
        pairs: dict[int, list[tuple[float, int]]] = {}
        for one, other, how in zip(here.tolist(), there.tolist(), score.tolist(), strict=True):
            if how > 0 and fresh[one]:
                pairs.setdefault(one, []).append((how, other))
        for one in sorted(pairs):
            best, chosen = self._best_of(signed, one, pairs[one], leader, depth, root)
            if chosen != one:
                leader[one] = chosen
                depth[one] = self._deeper(depth[chosen]) if best < self.bar.same else 0
        return leader

    def _best_of(
        self,
        signed: Signatures,
        one: int,
        pairs: list[tuple[float, int]],
        leader: Ints,
        depth: npt.NDArray[np.uint8],
        root: Ints,
    ) -> tuple[float, int]:
        """(score, post): what of the batch the post is most alike; of equals its original."""
        best, chosen = 0.0, one
        scores = {other: known for known, other in pairs}
        for known, other in sorted(pairs, key=lambda pair: (-pair[0], pair[1])):
            if best >= ENOUGH:
                break
            target, how = other, known
            if leader[other] != other and not depth[other]:  # it is not placed: its original is
                target = int(leader[other])
                if target not in scores:
                    two = np.array([one]), np.array([target])
                    scores[target] = float(self._similar(signed, two[0], signed, two[1])[0])
                how = scores[target]
            if how < self._least[depth[target]] or how <= best:
                continue
            if depth[target] and how < self.bar.same:
                top = int(leader[leader[leader[target]]])
                where = (self, root[top]) if root[top] >= 0 else (signed, top)
                if not self._near(signed, np.array([one]), where[0], np.array([where[1]]))[0]:
                    continue
            best, chosen = how, target
        return best, chosen

    def _make_room(self, wanted: int) -> Ints:
        """Record numbers: those wanted, of slots that are free now; then second chances."""
        free: list[int] = []
        again: list[int] = []
        while len(free) < wanted:
            slot = self.placed % self.size
            if self._copied[slot]:
                self._copied[slot] = False
                again.append(self.placed)
            else:
                free.append(self.placed)
            self.placed += 1
        return np.array(free + again, np.int64)

    def put(self, slots: Ints, signed: Signatures) -> None:
        """Write these signatures into the slots."""
        every = np.arange(len(slots))
        self._write(slots, signed, every)
        at, hashes = listed(all_keys(signed))
        self._table.put(slots[at], hashes)
        self._led[slots] = self._half

    def _write(self, slots: Ints, signed: Signatures, posts: Ints) -> None:
        for name in ("exact", "length", "thin", "pairs", "body", "tagged"):
            getattr(self, name)[slots] = getattr(signed, name)[posts]

    def clear(self, slots: Ints) -> None:
        """Forget what stands in the slots: nothing is a copy of it any more."""
        self.exact[slots] = 0
        self.length[slots] = 0
        self.pairs[slots] = EMPTY16
        self.body[slots] = 0
        self.tagged[slots] = 0

    def _near(self, mine: Any, here: Ints, theirs: Any, there: Ints) -> Bools:
        """Whether the posts are not too far from those originals; loosely, for variants."""
        if not len(here):
            return np.zeros(0, np.bool_)
        share, _, _ = shared(mine.pairs[here], theirs.pairs[there])
        return np.asarray(share >= self.bar.near)

    def _similar(self, mine: Any, here: Ints, theirs: Any, there: Ints) -> Floats:
        return similar(self.bar, mine, here, theirs, there)
