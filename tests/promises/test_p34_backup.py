"""P34 A backup under load, restored: identical deadlines and audit head, on either database.

P36 too: what was destroyed by law after a backup was made is gone again after its restore.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from support.evidence import MARK, NOW, Evidence, found_in, make_evidence
from support.service import run
from support.stores import ENGINES, Postgres

from crawlers.admission import Item
from posts.index.port import Query
from posts.log.port import RAW
from registry import audit, db_dump, erasures, sightings
from responder import erasing, incidents, query
from yuqing import backup
from yuqing.folder import DataFolder
from yuqing.settings import Settings
from yuqing.verification import check_data
from yuqing.wiring import Wiring

LATER = NOW + timedelta(hours=30)
PAIRS = [
    pytest.param("sqlite", "sqlite"),
    pytest.param("postgresql", "postgresql", marks=pytest.mark.needs("postgres")),
    pytest.param("sqlite", "postgresql", marks=pytest.mark.needs("postgres")),
]


@pytest.fixture
def settings_of(request: pytest.FixtureRequest) -> Iterator[Callable[..., Settings]]:
    """Settings for a new, empty or migrated, database of the engine."""
    made: list[tuple[Postgres, str]] = []

    def settings(engine: str, *, empty: bool = False) -> Settings:
        if engine == "sqlite":
            return Settings()
        server: Postgres = request.getfixturevalue("postgres")
        made.append((server, server.make(template="template0" if empty else "")))
        return Settings(database_url=made[-1][1])

    yield settings
    for server, url in made:
        server.drop(url)


def environment(settings: Settings) -> dict[str, str]:
    return {"YUQING_DATABASE_URL": settings.database_url} if settings.database_url else {}


def evidence(folder: Path, settings: Settings) -> Evidence:
    made = make_evidence(folder, settings=settings)
    if settings.database_url:
        (made.data / "registry.db").unlink()
    return made


@contextmanager
def load(made: Evidence) -> Iterator[list[int]]:
    """People who open incidents and write, and posts that come in, until the block ends."""
    stop, failed = threading.Event(), []
    opened: list[int] = []
    wiring = made.wiring
    scoring = wiring.scoring("trivial")

    def going_on() -> Iterator[int]:
        return itertools.takewhile(lambda _: not stop.is_set(), itertools.count())

    def write() -> None:
        for number in going_on():
            now = NOW + timedelta(seconds=number)
            with wiring.database.transaction() as session:
                incident = incidents.open_incident(
                    session, title=f"事件{number}", by="张三", now=now, occurred=now
                ).id
            with wiring.database.transaction() as session:
                incidents.set_level(session, incident, "重大", by="李四", now=now)
            made.write({"type": "note", "text": f"第 {number} 条"}, now=now)
            opened.append(incident)
            stop.wait(0.05)

    def crawl() -> None:
        for number in going_on():
            items = [
                Item(source="f", kind="forum", native=f"{number}.{n}", text="停水", fetched_at=NOW)
                for n in range(5)
            ]
            wiring.admission.admit(items)
            scoring.step(100)
            stop.wait(0.05)

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (write, crawl)]
    for thread in threads:
        thread.start()
    try:
        yield opened
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []


def restored(source: Path, folder: Path, settings: Settings, *more: str) -> Wiring:
    done = run(
        "restore",
        str(source),
        "--data",
        str(folder),
        *more,
        cwd=source.parent,
        env=environment(settings),
    )
    assert done.returncode == 0, done.stderr
    assert "与备份时相同" in done.stdout
    return Wiring(settings, DataFolder(folder))


def everything(wiring: Wiring) -> tuple[object, ...]:
    """Deadlines and verdicts of all incidents, the audit head."""
    with wiring.database.reading() as session:
        head = audit.head(session)
        return head, query.open_clocks(session, LATER, settled=True)


@pytest.mark.promise("P34")
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_backup_under_load_restores_to_the_same_deadlines_and_audit_head(
    source: str, target: str, settings_of: Callable[..., Settings], tmp_path: Path, figure
) -> None:
    made = evidence(tmp_path / "data", settings_of(source))
    wiring = made.wiring
    command = ["backup", str(tmp_path / "backups"), "--data", str(made.data)]
    with load(made) as opened:
        while len(opened) < 5:
            threading.Event().wait(0.01)
        before = len(opened)
        answer = run(*command, cwd=tmp_path, env=environment(wiring.settings))
        during = len(opened) - before
    assert answer.returncode == 0, answer.stderr
    assert during > 0, "nothing was written while the backup was made"
    folder = backup.newest(tmp_path / "backups")
    manifest = backup.read(folder)

    there = restored(folder, tmp_path / "there", settings_of(target, empty=True))
    assert check_data(there).faults == []
    head, clocks = everything(there)
    assert head == manifest.audit_head
    with there.database.reading() as new, wiring.database.reading() as old:
        numbers = [one.id for one in query.incidents(new)]
        whole = 0
        for number in numbers:
            has, had = incidents.entries(new, number), incidents.entries(old, number)
            assert has == had[: len(has)]
            if len(has) == len(had):
                whole += 1
                now_says, then_said = (query.incident(one, number, LATER) for one in (new, old))
                assert now_says.clocks == then_said.clocks
        seen = [one.key for one in there.log.consumer(RAW, "test").poll(100_000)]
        known = sightings.known(new, [f"{one.key}" for one in poll_all(wiring)])
    assert whole >= 5
    assert set(known) <= set(seen), "what counts as seen is on the log"
    scoring = there.scoring("trivial")
    while scoring.step(500):
        pass
    assert there.index.count(Query()) == len(set(seen)), "and what is on the log gets indexed"
    there.close()

    # The load is over: now all is the same, to the last entry.
    answer = run(*command, cwd=tmp_path, env=environment(wiring.settings))
    assert answer.returncode == 0, answer.stderr
    same = restored(
        backup.newest(tmp_path / "backups"), tmp_path / "same", settings_of(target, empty=True)
    )
    assert everything(same) == everything(wiring)
    same.close()
    wiring.close()
    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    figure(
        f"{names[source]} to {names[target]}: {during} incidents opened while the backup was made, "
        f"{len(numbers)} in it with {len(clocks)} clocks, 0 different; audit head the same"
    )


def poll_all(wiring: Wiring):
    return wiring.log.consumer(RAW, "test").poll(1_000_000)


@pytest.mark.promise("P36")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("lost", [False, True], ids=["the database is replaced", "all is lost"])
def test_what_was_destroyed_after_a_backup_is_gone_after_its_restore(
    engine: str, settings_of: Callable[..., Settings], tmp_path: Path, figure, *, lost: bool
) -> None:
    made = evidence(tmp_path / "data", settings_of(engine))
    wiring = made.wiring
    seq = made.write({"type": "note", "text": f"{MARK} 的电话"})
    old, _ = backup.make(wiring, tmp_path / "backups", now=NOW)
    with wiring.database.transaction() as session:
        erasing.act(
            session,
            posts=[made.posts[0].post.id],
            entries=[(made.incident, seq)],
            reason="当事人申请",
            clause="第四十七条",
            signer="王安",
            second="赵领",
            now=NOW,
        )
    later = made.write({"type": "note", "text": f"{MARK} 又一条"})
    with wiring.database.transaction() as session:  # written and destroyed after the backup
        erasing.act(
            session,
            entries=[(made.incident, later)],
            reason="当事人申请",
            clause="第四十七条",
            signer="王安",
            second="赵领",
            now=NOW,
        )
    if lost:  # only what stands beside the old backup is left
        backup.make(wiring, tmp_path / "backups", now=NOW + timedelta(days=1))
    wiring.close()

    if lost:
        there = restored(old, tmp_path / "there", settings_of(engine, empty=True))
    else:
        there = restored(old, made.data, wiring.settings, "--overwrite")
        for aside in made.data.glob("replaced-*/*"):
            aside.unlink()
    assert check_data(there).faults == []
    with there.database.reading() as session:
        acts = erasures.recent(session)
        text = "".join(
            line for table in db_dump.tables(session) for line in db_dump.lines(session, table)
        )
    assert MARK not in text
    assert [act.reason for act in acts] == ["当事人申请（恢复备份后重新销毁，原销毁于 2026-03-02）"]
    assert (acts[0].signer, acts[0].second, acts[0].count) == ("王安", "赵领", 2)
    assert there.index.count(Query()) == 5
    there.close()
    assert found_in(there.folder.path, MARK) == []
    figure(
        f"{'SQLite' if engine == 'sqlite' else 'PostgreSQL'}: a post and an entry destroyed after "
        f"the backup, gone again after its restore ({'all lost' if lost else 'replaced'})"
    )
