"""The composition root: the only place that picks an adapter and joins the packages."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from posts.index.sqlite import SqliteIndex
from posts.log.sqlite import SqliteLog
from registry.areas import Area
from registry.db import Database
from registry.units import Unit
from yuqing.folder import DataFolder
from yuqing.settings import Settings

if TYPE_CHECKING:  # loaded only by the stage that needs them: memory is counted per process
    from analyzer.grouping.memory import Memory, Store
    from analyzer.grouping.parts import Part
    from analyzer.grouping.worker import GroupingWorker
    from analyzer.locality import Matcher
    from analyzer.scoring.worker import ScoringWorker
    from analyzer.sentiment import Scorer
    from analyzer.units import UnitMatcher
    from crawlers.admission import Admission
    from crawlers.settings import CrawlSettings
    from posts.index.port import PostIndex
    from posts.log.port import PostLog
    from responder.worker import Responder


def now() -> datetime:
    """The clock of the service: aware, UTC. Handed to everything; nothing else reads it."""
    return datetime.now(UTC)


def holder_of(pid: int) -> str:
    """The name under which a process of this machine holds leases."""
    return f"{socket.gethostname()}:{pid}"


class KnownNames(Struct, frozen=True):
    """Areas, units and the own area of each source; equal where nothing has changed."""

    areas: tuple[Area, ...]
    units: tuple[Unit, ...]
    source_areas: dict[str, str]

    def matcher(self) -> Matcher:
        """Places: the national gazetteer and the own area's names."""
        from analyzer.locality import Matcher
        from registry import gazetteer

        return Matcher(gazetteer.load(), self.areas)

    def unit_matcher(self, places: Matcher) -> UnitMatcher:
        """Units by name and alias; what stands right behind a place elsewhere is none of them."""
        from analyzer.units import UnitMatcher

        return UnitMatcher(self.units, places.elsewhere() if self.units else ())


class Wiring:
    """The parts of one service on one DATA folder, each made when first asked for."""

    def __init__(self, settings: Settings, folder: DataFolder) -> None:
        self.settings = settings
        self.folder = folder
        self.holder = holder_of(os.getpid())

    @cached_property
    def database(self) -> Database:
        """The registry, migrated and seeded from the settings."""
        from yuqing.seeding import put_in_force, seed

        self.folder.make()
        database = self.bare_database()
        database.migrate()
        seed(database, self.settings, now=now())
        put_in_force(database, self.settings, now=now())
        return database

    def bare_database(self) -> Database:
        """The registry as it is: not migrated, nothing seeded."""
        return Database(self.settings.database_url or f"sqlite:///{self.folder.registry}")

    @cached_property
    def log(self) -> PostLog:
        """The message log: Kafka where the settings name it, else a file in DATA."""
        if self.settings.kafka:
            from posts.log.kafka import KafkaLog
            from yuqing.settings_kafka import adapter_settings

            return KafkaLog(adapter_settings(self.settings), clock=now)
        self.folder.make()
        return SqliteLog(self.folder.log)

    @cached_property
    def index(self) -> PostIndex:
        """The search index: Elasticsearch where the settings name it, else a file in DATA."""
        if self.settings.elasticsearch:
            from posts.index.elasticsearch import ElasticsearchIndex
            from yuqing.settings_elasticsearch import adapter_settings

            return ElasticsearchIndex(adapter_settings(self.settings))
        self.folder.make()
        return SqliteIndex(self.folder.index)

    @cached_property
    def admission(self) -> Admission:
        """The one way in for posts."""
        from crawlers.admission import Admission

        return Admission(self.log, self.database)

    def crawl_settings(self) -> CrawlSettings:
        """How the crawl behaves towards sites."""
        from crawlers.settings import CrawlSettings

        section = self.settings.crawl
        return CrawlSettings(
            user_agent=section.user_agent,
            delay_s=section.delay_s,
            timeout_s=section.timeout_s,
            max_bytes=section.max_bytes,
            allow_private=tuple(section.allow_private),
        )

    def known_names(self) -> KnownNames:
        """The names that scoring looks for, as the registry has them now."""
        from registry import areas, sources, units

        with self.database.reading() as session:
            return KnownNames(
                areas=tuple(areas.everything(session)),
                units=tuple(units.everything(session)),
                source_areas={one.id: one.area for one in sources.everything(session) if one.area},
            )

    def scorer(self, name: str | None = None) -> Scorer:
        """The scorer of that name, or of the settings."""
        from yuqing.scorers import scorer_of

        return scorer_of(self.settings, name)

    def scoring(self, scorer: str | None = None) -> ScoringWorker:
        """A scoring worker with the places, units and sources of the registry."""
        from analyzer.scoring.worker import ScoringWorker

        names = self.known_names()
        matcher = names.matcher()
        return ScoringWorker(
            self.log,
            self.index,
            self.scorer(scorer),
            matcher,
            now,
            units=names.unit_matcher(matcher),
            source_areas=names.source_areas,
        )

    def grouping(self) -> GroupingWorker:
        """The grouping worker; it works only while it holds the lease."""
        from analyzer.grouping.worker import GroupingWorker

        return GroupingWorker(
            self.log,
            self.database,
            now,
            self.holder,
            index=self.index,
            memory=self.grouping_memory(self.holder),
            parts=self.grouping_parts(),
        )

    def grouping_parts(self) -> list[Part]:
        """What grouping does beside the alert rules, in this order."""
        from analyzer.grouping.copies import Copies
        from analyzer.grouping.events import Events

        events = Events(self.database, self.grouping_store(Events.name, self.holder))
        parts: list[Part] = [Copies(self.database, self.holder), events]
        if self.settings.analyze.early_warning:
            from analyzer.warning.part import EarlyWarning

            parts.append(
                EarlyWarning(
                    self.database,
                    self.grouping_store(EarlyWarning.name, self.holder),
                    per_day=self.settings.analyze.early_warning,
                    events=events,
                    appeal_from=self.settings.analyze.appeal_from,
                )
            )
        return parts

    def grouping_memory(self, holder: str | None) -> Memory:
        """What grouping remembers: a file beside an embedded database, else a row of it.

        ``holder`` is whose lease it takes to write; None is an erasure, which needs none.
        """
        from analyzer.grouping.memory import FileMemory, TableMemory
        from analyzer.grouping.worker import LEASE

        if self.database.sqlite:
            return FileMemory(self.folder.state / "grouping.json")
        return TableMemory(self.database, LEASE, holder=holder, clock=now)

    def grouping_store(self, part: str, holder: str | None) -> Store:
        """Where that part of grouping keeps its bytes: ``state/grouping-<part>.bin``, or a row.

        ``holder`` as in :meth:`grouping_memory`.
        """
        from analyzer.grouping.memory import FileStore, TableStore
        from analyzer.grouping.worker import LEASE

        if self.database.sqlite:
            return FileStore(self.folder.state / f"grouping-{part}.bin")
        name = f"{LEASE}:{part}"
        return TableStore(self.database, name, holder=holder, clock=now, lease=LEASE)

    def responder(self) -> Responder:
        """The responder with the notifiers of the settings."""
        from responder.worker import Responder
        from yuqing import channels, watching

        every = timedelta(minutes=self.settings.respond.repeat_min)
        return Responder(
            self.log,
            self.database,
            channels.notifiers(self.settings, self.database, now),
            now,
            self.holder,
            every=every,
            limits=channels.limits(self.settings),
            **watching.parts(self.settings.duty, rules=self.settings.respond.rules, every=every),
        )

    def app(self, *, demo: bool = False) -> Any:
        """The web application."""
        from importlib.metadata import version

        from api.app import create_app
        from api.settings import ApiSettings
        from registry import areas
        from yuqing import watching

        with self.database.reading() as session:
            own = areas.own(session)
        server = self.settings.server
        return create_app(
            database=self.database,
            log=self.log,
            index=self.index,
            admission=self.admission,
            settings=ApiSettings(
                area_name=own[0].name if own else "",
                version=version("yuqing-desk"),
                demo=demo,
                secure_cookies=server.secure_cookies or bool(server.tls_cert),
                allowed_hosts=tuple(server.allowed_hosts),
                duty_hours=watching.hours(self.settings.duty),
                model_folder=self.settings.analyze.model_folder,
                score_band=(
                    self.settings.analyze.negative_from,
                    self.settings.analyze.positive_from,
                    self.settings.analyze.neutral_below,
                ),
            ),
            clock=now,
        )

    def prune_log(self) -> int:
        """Delete what is older than the settings keep and was handled by all. Returns how many."""
        return self.log.prune(before=now() - timedelta(days=self.settings.keep.log_days))

    def close(self) -> None:
        """Release files and connections that were opened."""
        for name in ("log", "index"):
            if name in self.__dict__:
                self.__dict__[name].close()
        if "database" in self.__dict__:
            self.database.dispose()
