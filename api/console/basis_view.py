"""Why an early warning rang (预警依据), as rows and a small chart: counts against the usual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from api.console import words
from responder.alerts import Reason

_WIDTH, _BASE, _HEIGHT, _GAP = 1000.0, 46.0, 44.0, 4.0
_MINUTE, _HOUR = 60, 3_600
EARLY_WARNING = "early-warning"  # the rule that its signals name
_SURELY = 9_999


class Hour(Struct, frozen=True):
    """One bar of the chart, the mark of what was to be expected, and both as numbers."""

    x: float
    y: float
    width: float
    height: float
    usual_y: float
    text: str
    count: int
    usual: float


class BasisView(Struct, frozen=True):
    """Rows (name, value), and the hours; none where the curve was not kept."""

    rows: tuple[tuple[str, str], ...]
    hours: tuple[Hour, ...]
    label: str


def basis_view(reasons: Sequence[Reason]) -> BasisView | None:
    """That of the newest reason that has one."""
    basis = next((one.basis for one in reversed(reasons) if one.basis), None)
    if basis is None:
        return None
    hours = _hours(basis)
    days = float(basis["once_in_days"])
    rare = "一万天以上" if days >= _SURELY else f"约 {days:g} 天"
    rows = (
        ("窗口", _length(int(basis["window_s"]))),
        ("实际", f"{basis['value']} 条（满 {basis['needed']} 条即预警）"),
        ("往常", f"{float(basis['baseline']):.2f} 条（按前 {basis['history_days']:g} 天推算）"),
        ("把握", f"若只是偶然，{rare}才有一次"),
    )
    label = "、".join(f"{one.text} {one.count} 条" for one in hours if one.count)
    return BasisView(rows, hours, f"近 {len(hours)} 小时每小时条数：{label}")


def _hours(basis: Mapping[str, Any]) -> tuple[Hour, ...]:
    curve = basis.get("curve") or ()
    if not curve or not basis.get("curve_start"):
        return ()
    start = datetime.fromisoformat(basis["curve_start"])
    most = max(1.0, *(max(float(count), float(usual)) for count, usual in curve))
    slot = _WIDTH / len(curve)
    found = []
    for number, (count, usual) in enumerate(curve):
        height = round(_HEIGHT * count / most, 2)
        found.append(
            Hour(
                x=round(number * slot, 2),
                y=round(_BASE - height, 2),
                width=round(slot - _GAP, 2),
                height=height,
                usual_y=round(_BASE - _HEIGHT * float(usual) / most, 2),
                text=words.clock(start + timedelta(hours=number)),
                count=int(count),
                usual=float(usual),
            )
        )
    return tuple(found)


def _length(seconds: int) -> str:
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)} 分钟"
    return f"{seconds / _HOUR:.1f} 小时"
