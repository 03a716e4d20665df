"""Escalation policies as data (升级办法): who is told next, after how long, how often.

``default.toml`` holds the national defaults; a unit's own file replaces a policy by id, or adds
one. Faults are told in Chinese with file, policy and key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy.orm import Session

from posts.errors import reason_of
from registry import users
from registry.errors import InvalidInputError
from responder.policies.check import APPLIES, FOREVER, check_policy, check_whole
from responder.wording import toml_fault

__all__ = ["Policies", "Policy", "Step", "default", "load", "strangers"]

_PACKAGED = Path(__file__).parent / "default.toml"
ALERT, CLOCK, LEVEL = APPLIES


class Step(Struct, frozen=True, kw_only=True):
    """Whom to tell ``after`` the wait began; again ``every``, ``repeats`` times (None: on)."""

    after: timedelta
    to: tuple[str, ...]
    every: timedelta
    repeats: int | None


class Policy(Struct, frozen=True, kw_only=True):
    """The steps for one kind of matter that nobody answers."""

    id: str
    name: str
    applies: str  # 预警 | 时限 | 定级
    heats: frozenset[str]
    thresholds: frozenset[int]
    steps: tuple[Step, ...]


class Policies(Struct, frozen=True):
    """All policies that are enabled, under one version."""

    version: str
    policies: tuple[Policy, ...]

    def for_alert(self, heat: str) -> Policy | None:
        """What applies to an unclaimed alert of that colour."""
        return self._first(lambda one: one.applies == ALERT and heat in one.heats)

    def for_clock(self, threshold: int) -> Policy | None:
        """What applies to a reminder at that threshold (percent) that nobody acknowledged."""
        return self._first(lambda one: one.applies == CLOCK and threshold in one.thresholds)

    def for_level(self) -> Policy | None:
        """What applies to an incident that got no level in time."""
        return self._first(lambda one: one.applies == LEVEL)

    def _first(self, holds: Any) -> Policy | None:
        return next((one for one in self.policies if holds(one)), None)


@cache
def default() -> Policies:
    """The national defaults."""
    return load()


def load(*paths: Path | None) -> Policies:
    """The defaults, replaced policy by policy by those files in order; None stands for no file.

    Raises InvalidInputError (file, policy, key) for what can't be used or contradicts itself.
    """
    merged: dict[str, dict[str, Any]] = {}
    version = ""
    for path in (_PACKAGED, *(path for path in paths if path is not None)):
        data = _read(path)
        own = str(data.get("version", path.stem))
        version = f"{version}+{own}" if version else own
        if unknown := set(data) - {"version", "policy"}:
            raise InvalidInputError(f"升级办法 {path}：不认识的键 {min(unknown)}")
        given = data.get("policy", [])
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise InvalidInputError(f"升级办法 {path}：policy 应写成 [[policy]]")
        seen: set[str] = set()
        for raw in given:
            check_policy(path, raw)
            if raw["id"] in seen:
                raise InvalidInputError(f"升级办法 {path}：{raw['id']} 出现了两次，请并为一条")
            seen.add(raw["id"])
            merged[raw["id"]] = raw
    enabled = [raw for raw in merged.values() if raw.get("enabled", True)]
    check_whole(paths[-1] if paths and paths[-1] else _PACKAGED, enabled)
    return Policies(version, tuple(_policy(raw) for raw in enabled))


def strangers(session: Session, policies: Policies) -> list[str]:
    """Sentences on logins that the policies name and no active user has."""
    known = {user.name for user in users.everything(session) if user.active}
    return [
        f"升级办法 {policy.id}：没有登录名为 {name} 的在用用户"
        for policy in policies.policies
        for name in dict.fromkeys(_logins(policy.steps))
        if name not in known
    ]


def _logins(steps: Sequence[Step]) -> list[str]:
    return [
        target.removeprefix("用户:")
        for step in steps
        for target in step.to
        if target.startswith("用户:")
    ]


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InvalidInputError(f"读不到升级办法 {path}：{reason_of(error)}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInputError(f"升级办法 {path} {toml_fault(error)}") from error


def _policy(raw: dict[str, Any]) -> Policy:
    return Policy(
        id=raw["id"],
        name=raw["name"],
        applies=raw["applies"],
        heats=frozenset(raw.get("heats", ())),
        thresholds=frozenset(raw.get("thresholds", ())),
        steps=tuple(
            Step(
                after=timedelta(minutes=step["after_min"]),
                to=tuple(step["to"]),
                every=timedelta(minutes=step.get("repeat_min", 0)),
                repeats=None if step.get("repeats", 0) == FOREVER else step.get("repeats", 0),
            )
            for step in raw["step"]
        ),
    )
