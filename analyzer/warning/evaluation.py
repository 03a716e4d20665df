"""How early and how falsely it warns: cascades of reposts inside background traffic, measured.

Each method gives every post of every series a score; for a threshold, an alarm is a post whose
score reaches it, and for six hours after it the series is silent. Alarms while a cascade runs in
that series are its detection, all others are false. All methods see the same posts and may tell
at each of them.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from analyzer.warning.rhythm import DAY_HOURS, HOUR
from analyzer.warning.series import FEWEST, LAG_H, Point
from analyzer.warning.state import Key
from analyzer.warning.watch import COOL_S, OF_EVENTS, Watch

HISTORY_H = 14 * DAY_HOURS
DAY_S = DAY_HOURS * HOUR
Scores = dict[Key, list[tuple[float, float]]]


class Seen(Struct, frozen=True, array_like=True):
    """A post of the evaluation: its instant and the series that it counts in."""

    at: float
    keys: tuple[Key, ...]


class Cascade(Struct, frozen=True):
    """A true event: its series, its first post, and until when an alarm is its detection.

    The key names the event, too; an alarm of its topic detects it as well as one of the event.
    """

    key: Key
    first: float
    until: float


class Trial(Struct, frozen=True):
    """Posts in order of time, the cascades in them, and when judging begins."""

    posts: tuple[Seen, ...]
    cascades: tuple[Cascade, ...]
    begins: float


class Outcome(Struct, frozen=True, kw_only=True):
    """What a method reached at a threshold. Delays are seconds; a miss is an infinite one.

    ``false_per_day`` is the mean over localities and days, ``worst`` that of the worst locality.
    """

    threshold: float
    median: float
    upper: float
    found: float
    false_per_day: float
    worst: float


def early_warning(trial: Trial, *, of_events: float = OF_EVENTS) -> Scores:
    """The score of the service: how many days lie between two such in a locality, by chance.

    As a power of ten, so that the threshold 0 stands for one a day and locality.
    """
    watch = Watch(per_day=math.inf, of_events=of_events)
    found: Scores = defaultdict(list)
    for number, post in enumerate(trial.posts):
        keys = post.keys if of_events else [key for key in post.keys if not key.event]
        watch.count(Point(post.at, str(number), ""), keys)
        for key, _, unusual in watch.unusual():
            if post.at >= trial.begins:
                borne = unusual.per_day / watch.part(key)
                found[key].append((post.at, -math.log10(max(borne, 1e-300))))
    return found


def fixed_count(trial: Trial, window_s: int) -> Scores:
    """The number of posts within the window."""
    return {
        key: [
            (at, float(index + 1 - bisect_left(times, at - window_s)))
            for index, at in enumerate(times)
            if at >= trial.begins
        ]
        for key, times in _times(trial).items()
    }


def mean_and_deviations(
    trial: Trial, window_s: int, *, same_hour: bool = False, fewest: int = FEWEST
) -> Scores:
    """By how many standard deviations the window is above the mean of 14 days of such windows.

    ``same_hour``: windows that ended at the same time of day only; fewer than ``fewest`` posts
    are never told.
    """
    found: Scores = {}
    for key, times in _times(trial).items():
        rows: list[tuple[float, float]] = []
        known: tuple[int, float, float] = (-1, 0.0, 1.0)
        for index, at in enumerate(times):
            count = index + 1 - bisect_left(times, at - window_s)
            if at < trial.begins or count < fewest:
                continue
            hour = int(at // HOUR)
            if hour != known[0]:
                known = (hour, *_moments(times, hour, window_s, same_hour=same_hour))
            rows.append((at, (count - known[1]) / max(known[2], 0.1)))
        found[key] = rows
    return found


def outcome(trial: Trial, scores: Scores, threshold: float, areas: Sequence[str]) -> Outcome:
    """What that method reaches with that threshold, false alarms counted in these localities."""
    cascades: dict[Key, list[Cascade]] = defaultdict(list)
    for one in trial.cascades:
        cascades[Key(one.key.area, one.key.topic)].append(one)
        cascades[one.key].append(one)
    first: dict[Cascade, float] = {}
    false: dict[str, int] = dict.fromkeys(areas, 0)
    for key, rows in scores.items():
        for at in _alarms(rows, threshold):
            true = next((c for c in cascades[key] if c.first <= at <= c.until), None)
            if true is not None:
                first[true] = min(at - true.first, first.get(true, float("inf")))
            elif key.area in false:
                false[key.area] += 1
    delays = sorted(first.get(one, float("inf")) for one in trial.cascades)
    days = (trial.posts[-1].at - trial.begins) / DAY_S
    return Outcome(
        threshold=threshold,
        median=delays[len(delays) // 2],
        upper=delays[len(delays) * 3 // 4],
        found=sum(one < float("inf") for one in delays) / len(delays),
        false_per_day=sum(false.values()) / len(areas) / days,
        worst=max(false.values()) / days,
    )


def curve(
    trial: Trial, scores: Scores, areas: Sequence[str], thresholds: Iterable[float]
) -> list[Outcome]:
    """The outcomes along the thresholds."""
    return [outcome(trial, scores, one, areas) for one in thresholds]


def at_most(found: Sequence[Outcome], false_per_day: float) -> Outcome | None:
    """The quickest of these with no more false alarms a day and locality."""
    good = [one for one in found if one.false_per_day <= false_per_day]
    return min(good, key=lambda one: (one.median, one.upper, one.false_per_day), default=None)


def _alarms(rows: Sequence[tuple[float, float]], threshold: float) -> Iterable[float]:
    silent = 0.0
    for at, score in rows:
        if score >= threshold and at > silent:
            silent = at + COOL_S
            yield at


def _times(trial: Trial) -> dict[Key, list[float]]:
    found: dict[Key, list[float]] = defaultdict(list)
    for post in trial.posts:
        for key in post.keys:
            if not key.event:
                found[key].append(post.at)
    return found


def _moments(
    times: Sequence[float], hour: int, window_s: int, *, same_hour: bool
) -> tuple[float, float]:
    hours = range(hour - LAG_H - HISTORY_H, hour - LAG_H)
    if same_hour:
        hours = range(hour - HISTORY_H, hour - LAG_H, DAY_HOURS)
    counts = []
    for one in hours:
        upto = (one + 1) * HOUR
        counts.append(bisect_left(times, upto) - bisect_left(times, upto - window_s))
    mean = sum(counts) / len(counts)
    return mean, (sum((one - mean) ** 2 for one in counts) / len(counts)) ** 0.5
