"""The trial of early warning: real cascades of reposts inside the traffic of real posts.

What is real: the texts' topics and how many posts each day had (traffic), the instants of the
reposts (cascades), and the rhythm of the day, which is that of the reposts. What is made, by a
seed: the hour of each post of the traffic, of which only the day is known; its locality, the shares
of localities falling as 1, 1/2, 1/3 …; and in which series and on which day a cascade begins. Its
time of day is its own. Of each cascade a desk sees a part only. Posts of the traffic are of the
events that grouping puts them into; the reposts of a cascade, which repeat its text, are one event.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from analyzer.warning.evaluation import (
    DAY_S,
    Cascade,
    Outcome,
    Scores,
    Seen,
    Trial,
    at_most,
    curve,
    early_warning,
    fixed_count,
    mean_and_deviations,
    outcome,
)
from analyzer.warning.rhythm import DAY_HOURS, HOUR, SHANGHAI_S
from analyzer.warning.state import Key
from analyzer.warning.traffic import Traffic, lines_of
from registry.errors import InvalidInputError

BEGIN_DAYS = 16
RUNS_S = 3 * DAY_S
_QUIET_S = 5 * DAY_S
_TRIES = 20
_PRESENT_S = DAY_S


class Setting(Struct, frozen=True, kw_only=True):
    """How a trial is made. ``seen``: the part of a cascade that the desk sees."""

    seed: int = 1
    places: int = 12
    cascades: int = 300
    seen: float = 0.05
    fewest: int = 8  # posts seen on the first day, or it is no event
    days: int = 90
    every: int = 2  # cascade of so many is used: the others are for tuning
    rest: int = 1


def read_cascades(path: Path) -> list[tuple[float, list[float]]]:
    """(instant, offsets in seconds) of JSON Lines with ``time`` and ``offsets``."""
    found = []
    for line in lines_of(path):
        try:
            row = json.loads(line)
            found.append((begin_of(row["time"]), sorted(float(one) for one in row["offsets"])))
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInputError(f"{path} 不是转发链（每行要有 time 和 offsets）。") from error
    return found


def begin_of(time: object) -> float:
    """Seconds since 1970, given so or as Weibo writes it. Raises ValueError."""
    if isinstance(time, str):
        return datetime.strptime(time, "%a %b %d %H:%M:%S %z %Y").timestamp()
    if isinstance(time, int | float) and not isinstance(time, bool):
        return float(time)
    raise ValueError(time)


def make(
    cascades: Sequence[tuple[float, list[float]]],
    traffic: Traffic,
    setting: Setting,
) -> tuple[Trial, list[str]]:
    """The trial and the codes of its localities."""
    rng = random.Random(setting.seed)  # noqa: S311 (an experiment that can be repeated)
    hours = _hours(cascades)
    names = [f"{number:02d}" for number in range(setting.places)]
    shares = [1 / (number + 1) for number in range(setting.places)]
    first = min(day for day, _, _ in traffic)
    posts: list[tuple[float, tuple[Key, ...]]] = []
    for day, topics, event in traffic:
        if day - first > setting.days * DAY_S:
            continue
        hour = rng.choices(range(DAY_HOURS), hours)[0]
        place = rng.choices(names, shares)[0]
        at = day + (hour + rng.random()) * HOUR
        keys = [Key(place, topic) for topic in topics]
        if event:
            keys += [Key(place, topic, event) for topic in topics]
        posts.append((at, tuple(keys)))
    begins = first + BEGIN_DAYS * DAY_S
    last = max(at for at, _ in posts)
    every = {key for _, keys in posts for key in keys if not key.event}
    series = sorted(every, key=lambda key: key.text)
    busy: dict[Key, list[float]] = defaultdict(list)
    chosen = list(cascades[setting.rest :: setting.every])
    rng.shuffle(chosen)
    found: list[Cascade] = []
    for time, offsets in chosen:
        if len(found) == setting.cascades:
            break
        seen = [0.0, *(one for one in offsets if rng.random() < setting.seen and one < RUNS_S)]
        if sum(one < _PRESENT_S for one in seen) < setting.fewest:
            continue
        for _ in range(_TRIES):
            key = rng.choice(series)
            day = rng.randrange(int((last - begins) / DAY_S) - 3)
            start = begins + day * DAY_S + (time + SHANGHAI_S) % DAY_S
            if all(abs(start - other) > _QUIET_S for other in busy[key]):
                busy[key].append(start)
                own = Key(key.area, key.topic, f"cascade-{len(found)}")
                found.append(Cascade(own, start, start + RUNS_S))
                posts += [(start + one, (key, own)) for one in seen]
                break
    posts.sort(key=lambda post: post[0])
    return Trial(tuple(Seen(*post) for post in posts), tuple(found), begins), names


class Row(Struct, frozen=True):
    """A method with a threshold, and what it reached."""

    method: str
    outcome: Outcome


def compare(trial: Trial, areas: Sequence[str]) -> tuple[list[Row], list[Outcome]]:
    """The rows of the table, and the whole curve of early warning.

    Each method as it is usually set, then with the threshold that is quickest at no more than one
    false alarm a day and locality.
    """
    rows = []
    own: list[Outcome] = []
    for name, scores, usual, thresholds in _methods(trial):
        if usual is not None:
            rows.append(Row(f"{name}{_set(usual)}", outcome(trial, scores, usual, areas)))
        along = curve(trial, scores, areas, thresholds)
        best = at_most(along, 1.0)
        if best is not None:
            rows.append(Row(f"{name}，调到每天每地至多 1 次误报", best))
        own = own or along
    return rows, own


def _set(usual: float) -> str:
    return "，按声明的每天每地 1 次" if usual == 0 else f"，{usual:g} 倍标准差"


def _methods(trial: Trial) -> list[tuple[str, Scores, float | None, list[float]]]:
    return [
        ("早期预警", early_warning(trial), 0.0, [one / 8 for one in range(-16, 41)]),
        (
            "早期预警（不分事件）",
            early_warning(trial, of_events=0.0),
            0.0,
            [one / 8 for one in range(-16, 41)],
        ),
        (
            "均值加标准差（1 小时）",
            mean_and_deviations(trial, HOUR),
            3.0,
            [one / 4 for one in range(2, 80)],
        ),
        (
            "均值加标准差（1 小时，至少 3 条）",
            mean_and_deviations(trial, HOUR, fewest=3),
            3.0,
            [one / 4 for one in range(2, 80)],
        ),
        (
            "均值加标准差（1 小时，同一时刻）",
            mean_and_deviations(trial, HOUR, same_hour=True),
            3.0,
            [one / 4 for one in range(2, 80)],
        ),
        ("固定条数（1 小时）", fixed_count(trial, HOUR), None, [float(n) for n in range(2, 80)]),
    ]


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as lines of Markdown."""
    lines = [
        "| 方法 | 中位时间 | 四分之三 | 报出 | 误报／天·地 | 最多的一地 |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        one = row.outcome
        lines.append(
            f"| {row.method} | {_minutes(one.median)} | {_minutes(one.upper)} | {one.found:.3f} "
            f"| {one.false_per_day:.2f} | {one.worst:.2f} |"
        )
    return lines


def curve_lines(along: Sequence[Outcome]) -> list[str]:
    """The curve of delay against false alarms, as lines of Markdown."""
    lines = ["| 误报／天·地 | 中位时间 | 报出 | 最多的一地 |", "|---|---|---|---|"]
    lines += [
        f"| {one.false_per_day:.2f} | {_minutes(one.median)} | {one.found:.3f} | {one.worst:.2f} |"
        for one in along[::4]
    ]
    return lines


def _minutes(seconds: float) -> str:
    return "–" if seconds == float("inf") else f"{seconds / 60:.1f} 分钟"


def _hours(cascades: Sequence[tuple[float, list[float]]]) -> list[int]:
    counts: Counter[int] = Counter()
    for time, offsets in cascades:
        start = datetime.fromtimestamp(time, UTC) + timedelta(seconds=SHANGHAI_S)
        seconds = start.hour * HOUR + start.minute * 60
        counts.update(int((seconds + one) // HOUR) % DAY_HOURS for one in offsets)
    return [counts[hour] + 1 for hour in range(DAY_HOURS)]
