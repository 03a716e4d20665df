"""The unit's own rule file, taken in when it changes (规则文件): a plan beside the reminders.

What is in force changes in one transaction of the tick's owner, for what begins after it; every
stage reads it from there. A faulty file is told to the administrators, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from registry.errors import InvalidInputError
from responder import addressees, rulebook
from responder.rules import RuleSet, desk_file, load
from responder.telling import CONSOLE, Telling, tell

log = structlog.get_logger()

KIND = "rules"
LOOK_EVERY = timedelta(seconds=2)
_TO = ("角色:管理员",)
_Stamp = tuple[int, int, int]


class RuleFile:
    """Give :meth:`on` to the responder as a plan; ``path`` is the file of ``respond.rules``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._channels: tuple[str, ...] = (CONSOLE,)
        self._looked_at: datetime | None = None
        self._seen: _Stamp | None = None
        self._looking: _Stamp | None = None

    def on(self, channels: tuple[str, ...]) -> RuleFile:
        """The same, for these channels."""
        self._channels = channels
        return self

    def wanted(self, session: Session, now: datetime) -> list[RuleSet | InvalidInputError]:
        """The rules to put in force, or what is wrong with the file; [] where it is as it was."""
        last = self._looked_at
        if last is not None and last <= now < last + LOOK_EVERY:
            return []
        self._looked_at = now
        self._looking = _stamp(self._path)
        if self._looking == self._seen:
            return []
        try:
            rules = load(desk_file(), self._path)
        except InvalidInputError as error:
            return [error]
        calendar = rulebook.in_force(session).calendar
        new = rulebook.wanting(session, rules=rules, calendar=calendar)
        return [one for one in new if isinstance(one, RuleSet)]

    def put(
        self, session: Session, wanted: Sequence[RuleSet | InvalidInputError], *, now: datetime
    ) -> int:
        """Adopt the rules, or leave them; the administrators are told of either, once."""
        tellings = [
            _faulty(session, one, now)
            if isinstance(one, InvalidInputError)
            else _adopted(session, one, now)
            for one in wanted
        ]
        return len(tell(session, tellings, channels=self._channels, now=now))

    def done(self) -> None:
        """The file is known as it stands."""
        self._seen = self._looking


def _faulty(session: Session, error: InvalidInputError, now: datetime) -> Telling:
    version = rulebook.in_force(session).rules.version
    log.warning("rules_kept", reason=error.message, version=version)
    text = f"【规则】{error.message}。仍按原来的规则（{version}）计时；改好后自动启用，不必重启。"
    digest = sha256(f"{version}{error.message}".encode()).hexdigest()[:16]
    return _telling(session, f"rules:fault:{digest}", "时限规则文件有误", text, now)


def _adopted(session: Session, rules: RuleSet, now: datetime) -> Telling:
    version = rulebook.adopt(session, rules, who=rulebook.SYSTEM, now=now).version
    log.info("rules_adopted", version=version)
    text = f"【规则】时限规则文件已启用（{version}）：此后立项的事件按新规则计时，原有结论不变。"
    return _telling(session, f"rules:adopted:{version}", "时限规则已更新", text, now)


def _telling(session: Session, key: str, title: str, text: str, now: datetime) -> Telling:
    return Telling(
        kind=KIND,
        key=key[:150],
        due_at=now,
        payload={"title": title, "text": text},
        to=addressees.resolve(session, _TO, now).plain,
    )


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
