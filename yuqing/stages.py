"""The loops of the stages: each runs until its stop event, by itself or under the supervisor."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from posts.errors import RetryError
from posts.log.port import RAW, SCORED
from registry import changes, jobs, sessions, sources, stages
from registry.errors import UnavailableError
from yuqing import erasing
from yuqing.wellbeing import WellBeing
from yuqing.wiring import Wiring, now

if TYPE_CHECKING:
    from analyzer.scoring.worker import ScoringWorker

log = structlog.get_logger()

IDLE_S = 0.25
BEAT_S = 5.0
MAX_BACKOFF_S = 15.0
DRAIN_TRIES = 5  # half a minute: longer than a backup holds a lock
PRUNE_EVERY_S = 3600.0
NAMES_EVERY_S = 10.0
LOOK_EVERY_S = 5.0
CHANGES_KEPT = timedelta(days=2)
STEP_S = 0.5
FIRST_BATCH = 32
SWITCH_S = 0.0005


class Progress:
    """Counts the steps that a stage has done: a stage that gets nowhere does not beat.

    ``waits``: what it waits for, in Chinese; empty while it works. To wait for a server that is
    away is no standstill: to start the stage again would not help, and the desk says what is away.
    """

    def __init__(self) -> None:
        self.count = 0
        self.waits = ""

    def __call__(self, waits: str = "") -> None:
        """One more step was done, or can't be done before that server is back."""
        self.waits = waits
        self.count += 1


def heartbeat(
    wiring: Wiring, name: str, stop: threading.Event, progress: Progress | None = None
) -> None:
    """Say every few seconds that this stage lives, from a thread of its own.

    With ``progress`` only while that counts on. The database hears it, and a file in DATA, which a
    container's health check looks at without a database.
    """
    every = min(BEAT_S, wiring.settings.respond.silent_s / 6)
    alive = wiring.folder.state / f"{name}.alive"

    def beat() -> None:
        said = -1
        while not stop.wait(every):
            if progress is not None:
                if progress.count == said:
                    continue
                said = progress.count
            with contextlib.suppress(OSError):
                alive.touch()
            try:
                with wiring.database.transaction() as session:
                    detail = progress.waits if progress is not None else ""
                    stages.beat(session, name, pid=os.getpid(), now=now(), detail=detail)
            except UnavailableError as error:
                log.warning("beat_failed", error=error.message)

    threading.Thread(target=beat, daemon=True).start()


def run_steps(
    step: Callable[[], int],
    stop: threading.Event,
    *,
    name: str,
    tries: int | None = None,
    progress: Callable[[str], None] = lambda _waits: None,
) -> None:
    """Call ``step`` until ``stop``: at once while there is work, else after a short wait.

    What may work later (a locked database, a full disk) is waited for with backoff. With
    ``tries`` a person waits too: each wait is told on standard error, and after so many failures
    in a row the last of them is raised.
    """
    failures = 0
    while not stop.is_set():
        try:
            done = step()
            failures = 0
            progress("")
        except (RetryError, UnavailableError) as error:
            failures += 1
            if tries is not None and failures >= tries:
                raise
            wait = min(MAX_BACKOFF_S, 0.5 * 2.0**failures)
            if isinstance(error, RetryError):
                progress(str(error))
            if tries is None:
                log.warning("step_waits", name=name, error=str(error), retry_in_s=wait)
            else:
                sys.stderr.write(f"{error}{wait:.0f} 秒后再试。\n")
                sys.stderr.flush()
            stop.wait(wait)
            continue
        if not done:
            stop.wait(IDLE_S)


class Batch:
    """How many posts at once: as many as the scorer does in half a second.

    With a slow scorer alerts then still come soon, and a stop is obeyed. Only the scorer's own
    time counts: what a write takes hardly falls with fewer posts, and would shrink batches to one.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = min(most, FIRST_BATCH)

    def took(self, done: int, seconds: float) -> None:
        """Learn from the last batch; one that was not full lets the next grow, never shrink.

        A log of several partitions seldom fills one, so growth must not wait for that.
        """
        if not done:
            return
        wanted = int(done / max(seconds, 1e-6) * STEP_S)
        if done >= self.size or wanted > self.size:
            self.size = max(1, min(self.most, wanted, self.size * 2))


def analyze(
    wiring: Wiring,
    stop: threading.Event,
    *,
    scorer: str | None,
    drain: bool,
    progress: Callable[[str], None] = lambda _waits: None,
) -> int:
    """Score and group; with ``drain`` until the log is read to its end. Returns posts scored."""
    # Judging computes while other threads talk to the servers: each of their answers would wait
    # for the interpreter's lock, five milliseconds a time.
    sys.setswitchinterval(SWITCH_S)
    scoring = wiring.scoring(scorer)
    grouping = wiring.grouping()
    batch = Batch(wiring.settings.analyze.batch)
    total = 0
    names = Names(wiring, scoring)
    pruned_at = time.monotonic()

    def step() -> int:
        nonlocal total, pruned_at
        names.look()
        before = scoring.scoring_s
        scored = scoring.step(batch.size)
        batch.took(scored, scoring.scoring_s - before)
        total += scored
        grouped = grouping.step(batch.most)
        if time.monotonic() - pruned_at > PRUNE_EVERY_S:
            pruned_at = time.monotonic()
            wiring.prune_log()
        drained = drain and not scored and not grouped and _read_to_end(wiring)
        if drained:
            stop.set()
        return scored + grouped

    tries = DRAIN_TRIES if drain else None
    run_steps(step, stop, name="analyze", tries=tries, progress=progress)
    grouping.close()
    scoring.close()
    return total


class Names:
    """Gives the scoring worker the places, units and sources anew when people have changed them."""

    def __init__(self, wiring: Wiring, scoring: ScoringWorker) -> None:
        self._wiring = wiring
        self._scoring = scoring
        self._known = wiring.known_names()
        self._looked_at = time.monotonic()

    def look(self) -> None:
        """Compare every few seconds; building the automata anew takes about half a second."""
        if time.monotonic() - self._looked_at < NAMES_EVERY_S:
            return
        self._looked_at = time.monotonic()
        found = self._wiring.known_names()
        if found != self._known:
            self._known = found
            self._scoring.matcher = matcher = found.matcher()
            self._scoring.units = found.unit_matcher(matcher)
            self._scoring.source_areas = found.source_areas
            log.info("names_renewed", areas=len(found.areas), units=len(found.units))


def _read_to_end(wiring: Wiring) -> bool:
    from registry import lease

    if wiring.log.lag(RAW, "scoring"):
        return False
    if not wiring.log.lag(SCORED, "grouping"):
        return True
    # Another process owns the grouping and goes on with it.
    with wiring.database.reading() as session:
        return lease.holder(session, "grouping") not in (None, wiring.holder)


class Housekeeping:
    """What falls due by the mere passing of time, beside the clocks of incidents."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._looked_at = time.monotonic()
        self._pruned_at = time.monotonic()
        self._well_being = WellBeing(wiring.settings.respond.all_well_at)

    def look(self) -> None:
        """Every few seconds sources that became slow and jobs past their time; hourly the rest."""
        tick = time.monotonic()
        if tick - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = tick
        moment = now()
        with self._wiring.database.transaction() as session:
            sources.refresh(session, now=moment)
            jobs.expire(session, now=moment)
            self._well_being.look(session, now=moment)
            if tick - self._pruned_at > PRUNE_EVERY_S:
                self._pruned_at = tick
                changes.prune(session, before=moment - CHANGES_KEPT)
                sessions.prune(session, now=moment)


def respond(
    wiring: Wiring,
    stop: threading.Event,
    *,
    drain: bool = False,
    progress: Callable[[str], None] = lambda _waits: None,
) -> None:
    """Alerts, clocks and reminders; with ``drain`` until there is nothing to do now."""
    responder = wiring.responder()
    housekeeping = Housekeeping(wiring)
    if not drain:
        erasing.start(wiring, stop)

    def step() -> int:
        housekeeping.look()
        ticked_at = responder.ticked_at
        done = responder.step()
        if responder.ticked_at != ticked_at:  # a tick that was interrupted is none
            progress(str(responder.unread or ""))
        if drain and responder.unread is not None:
            raise responder.unread
        if drain and not done:
            stop.set()
        return done

    run_steps(step, stop, name="respond", tries=DRAIN_TRIES if drain else None)
    try:
        responder.close()  # gives back the lease: the next one starts at once
    except (RetryError, UnavailableError) as error:
        log.warning("lease_not_given_back", error=str(error))
