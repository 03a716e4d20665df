"""What the supervisor watches besides its children: silent stages, and the outside heartbeat."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import structlog

from registry import secrets, stages
from registry.addresses import Admitted
from registry.db import Database
from registry.errors import UnavailableError
from yuqing.settings import Settings
from yuqing.standby import NAME, Heartbeat, Standby, notifier
from yuqing.supervisor import Supervisor
from yuqing.watchdog import Watchdog
from yuqing.wiring import now

log = structlog.get_logger()


class Guards:
    """Watchdog, standby channel and heartbeat of one service.

    ``quick`` is the database with a short wait: who watches must not be held up.
    """

    def __init__(
        self, settings: Settings, database: Database, quick: Database, supervisor: Supervisor
    ) -> None:
        section = settings.respond
        self._quick = quick
        self._last: Mapping[str, datetime | None] = {}
        allowed = Admitted(section.allow_private, setting="respond.allow_private")
        secret = standby_secret(database) if section.standby_urls else b""
        standby = Standby([
            notifier(url, secret=secret, clock=now, allowed=allowed)
            for url in section.standby_urls
        ])  # fmt: skip
        self._heartbeat = Heartbeat(section.heartbeat_url, allowed)
        self._watchdog = Watchdog(
            supervisor,
            beats=self._beats,
            writable=self._writable,
            tell=standby.tell,
            silent_s=section.silent_s,
        )

    def look(self) -> None:
        """Called about five times a second."""
        self._watchdog.look()
        self._heartbeat.look(well=self._watchdog.well)

    def _beats(self) -> Mapping[str, datetime | None]:
        try:
            with self._quick.reading() as session:
                self._last = {one.name: one.beat_at for one in stages.everything(session)}
        except UnavailableError as error:  # what can't be read has not changed
            log.warning("beats_unreadable", reason=error.message)
        return self._last

    def _writable(self) -> bool:
        try:
            with self._quick.transaction() as session:
                stages.everything(session)  # the first statement takes the write lock
                return True
        except UnavailableError:
            return False


def standby_secret(database: Database) -> bytes:
    """The key that webhooks of the standby channel are signed with."""
    with database.transaction() as session:
        return secrets.key(session, f"channel:{NAME}").hex().encode()
