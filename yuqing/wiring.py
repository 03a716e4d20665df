"""The composition root: the only place that picks an adapter and joins the packages."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from posts.index.sqlite import SqliteIndex

from posts.log.sqlite import SqliteLog
from registry.db import Database
from yuqing.folder import DataFolder
from yuqing.settings import Settings

if TYPE_CHECKING:  # loaded only by the stage that needs them: memory is counted per process
    from analyzer.locality import Matcher
    from analyzer.scorers import Scorer
    from crawlers.admission import Admission
    from posts.index.port import PostIndex
    from posts.log.port import PostLog


def now() -> datetime:
    """The clock of the service: aware, UTC. Handed to everything; nothing else reads it."""
    return datetime.now(UTC)


class Wiring:
    """The parts of one service on one DATA folder, each made when first asked for."""

    def __init__(self, settings: Settings, folder: DataFolder) -> None:
        self.settings = settings
        self.folder = folder
        self.holder = f"{socket.gethostname()}:{os.getpid()}"

    @cached_property
    def database(self) -> Database:
        """The registry, migrated and seeded from the settings."""
        from yuqing.seeding import seed

        self.folder.make()
        database = Database(f"sqlite:///{self.folder.registry}")
        database.migrate()
        seed(database, self.settings, now=now())
        return database

    @cached_property
    def log(self) -> PostLog:
        """The message log."""
        self.folder.make()
        return SqliteLog(self.folder.log)

    @cached_property
    def index(self) -> PostIndex:
        """The search index."""
        self.folder.make()
        return SqliteIndex(self.folder.index)

    @cached_property
    def admission(self) -> Admission:
        """The one way in for posts."""
        from crawlers.admission import Admission

        return Admission(self.log, self.database)

    def matcher(self) -> Matcher:
        """Places: the national gazetteer and the own area's names."""
        from analyzer.locality import Matcher
        from registry import areas, gazetteer

        with self.database.reading() as session:
            own = areas.everything(session)
        return Matcher(gazetteer.load(), own)

    def scorer(self, name: str | None = None) -> Scorer:
        """The scorer of that name, or of the settings."""
        from analyzer import scorers

        return scorers.load(name or self.settings.analyze.scorer)

    def close(self) -> None:
        """Release files and connections that were opened."""
        for name in ("log", "index"):
            if name in self.__dict__:
                self.__dict__[name].close()
        if "database" in self.__dict__:
            self.database.dispose()
