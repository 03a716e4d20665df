"""What a figure of a bench is to reach, said beside it."""

from __future__ import annotations

MARK = "(goal:"
"""Stands in each line that has one."""


def least(value: float, goal: float) -> str:
    """For a figure that is to be at least so large."""
    return _said("at least", goal, reached=value >= goal)


def most(value: float, goal: float) -> str:
    """For a figure that is to be at most so large."""
    return _said("at most", goal, reached=value <= goal)


def _said(bound: str, goal: float, *, reached: bool) -> str:
    return f" {MARK} {bound} {goal:,g}; {'reached' if reached else 'NOT REACHED'})"
