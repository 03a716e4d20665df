"""Lawful erasure over all stores (依法销毁): database, index, log, and what grouping remembers.

The act is committed first; what a crash leaves undone, the responder's stage finishes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import structlog

from posts.errors import PostsError
from posts.identity import SHANGHAI
from registry import erasures, events, sightings
from registry.erasures import Erasure
from registry.errors import DeskError, UnavailableError
from registry.quotes import Quotes
from yuqing.wiring import Wiring, now

log = structlog.get_logger()

#: A post that a stage held in its hands at the act is written down again at most so much later.
SETTLED_AFTER = timedelta(seconds=30)
LOOK_EVERY_S = 5.0
SWEEP_EVERY_S = 3600.0
BATCH = 5000
_AT_ONCE = 500  # posts whose texts are looked for at once: bounds memory


def empty(wiring: Wiring, erasure: Erasure, *, moment: datetime) -> list[str]:
    """Destroy what index, log, files and quotations hold of the act's posts; repeatable.

    Returns the entries of incidents that still quote a post (``3#12``): part of the record, to be
    named if they shall go too. The act is finished only when it is older than what any stage may
    still have in its hands. Raises RetryError, UnavailableError where a store can't do it now.
    """
    with wiring.database.reading() as session:
        posts = erasures.posts(session, erasure.id)
    quoting: set[str] = set()
    if posts:
        for start in range(0, len(posts), _AT_ONCE):
            some = posts[start : start + _AT_ONCE]
            quoting |= set(_forget_quotations(wiring, some, erasure, moment=moment))
        wiring.log.erase(posts)
        wiring.index.erase(posts)
        _forget_windows(wiring, posts, moment=moment)
    # Servers of a distributed index keep what was deleted for a while: the act waits for that.
    is_gone = not posts or wiring.index.scrub()
    if not wiring.database.scrub():
        raise UnavailableError("数据库正被读取，日志暂时清不空；稍后自动再清。")
    if is_gone and moment - erasure.at >= SETTLED_AFTER:
        with wiring.database.transaction() as session:
            erasures.finish(session, erasure.id, now=moment)
        log.info("erasure_finished", erasure=erasure.id, count=erasure.count)
    return sorted(quoting)


def _forget_quotations(
    wiring: Wiring, posts: Sequence[str], erasure: Erasure, *, moment: datetime
) -> Iterable[str]:
    """Destroy what quotes these posts in the database and among rejected rows.

    Read first, without a lock: only what was found is written. Returns the entries that quote.
    """
    from crawlers.imports.rejects import forget
    from responder import erasing, quoting

    held = wiring.index.get_many(posts).values()
    with wiring.database.reading() as session:
        said, others = quoting.quoted_in_alerts(session, posts)
        # An alert that lists the post may have quoted others of its posts, which stay.
        said -= {quoting.quotation(one) for one in wiring.index.get_many(list(others)).values()}
        exact = said | {quoting.quotation(one) for one in held}
        texts = {text for one in held for text in (one.post.title, one.post.text)}
        quotes = Quotes(texts | exact, exact=exact)
        found = quoting.find(session, quotes) if quotes else None
    with wiring.database.transaction() as session:
        erasing.forget_quotations(session, posts, quoted=exact, now=moment)
        if found is not None:
            quoting.destroy(session, found, quotes, act=erasure, now=moment)
    if found is None:
        return ()
    forget(wiring.folder.rejects, quotes)
    return found.entries


def empty_pending(wiring: Wiring, *, moment: datetime) -> int:
    """Finish what is unfinished; returns how many acts were worked on."""
    with wiring.database.reading() as session:
        pending = erasures.pending(session)
    for erasure in pending:
        empty(wiring, erasure, moment=moment)
    return len(pending)


def expire(wiring: Wiring, *, moment: datetime) -> int:
    """Destroy the posts that were kept for as long as the settings say; returns how many.

    A post is as old as its first sight; posts of open incidents stay. Days end at midnight in
    Shanghai, so that there is something to do once a day and not every hour.
    """
    from responder import erasing

    days = wiring.settings.keep.post_days
    if days is None:
        return 0
    today = moment.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    with wiring.database.transaction() as session:
        held = erasing.held(session)
        old = sightings.seen_before(session, today - timedelta(days=days), limit=BATCH + len(held))
        posts = [one for one in old if one not in held][:BATCH]
        if posts:
            erasing.act(
                session,
                posts=posts,
                reason="保存期满",
                clause=f"本单位设置 keep.post_days = {days}",
                signer="系统",
                second="",
                now=moment,
            )
    return len(posts)


def start(wiring: Wiring, stop: threading.Event) -> threading.Thread:
    """Erase in a thread of its own: emptying a large index takes minutes, reminders can't wait."""

    def run() -> None:
        waited = SWEEP_EVERY_S  # retention is looked at when the stage starts, then hourly
        tried: dict[int, datetime] = {}
        while not stop.wait(LOOK_EVERY_S):
            waited += LOOK_EVERY_S
            try:
                if waited >= SWEEP_EVERY_S:
                    while not stop.is_set() and expire(wiring, moment=now()) == BATCH:
                        pass
                    waited = 0.0
                _look(wiring, tried)
            except (PostsError, DeskError) as error:
                log.warning("erasing_waits", error=str(error))

    thread = threading.Thread(target=run, name="erasing", daemon=True)
    thread.start()
    return thread


def _look(wiring: Wiring, tried: dict[int, datetime]) -> None:
    """Each unfinished act once at once, and once more when it has settled."""
    with wiring.database.reading() as session:
        pending = erasures.pending(session)
    for erasure in pending:
        moment = now()
        if erasure.id not in tried or moment - erasure.at >= SETTLED_AFTER:
            tried[erasure.id] = moment
            empty(wiring, erasure, moment=moment)


def _forget_windows(wiring: Wiring, posts: Sequence[str], *, moment: datetime) -> None:
    """What grouping remembers between starts; while it runs, it forgets by itself."""
    from analyzer.grouping.copies import forget_stored
    from analyzer.grouping.events import Events
    from analyzer.grouping.events import forget as forget_book
    from analyzer.grouping.memory import forget

    memory = wiring.grouping_memory(None)
    rules = memory.load()
    if forget(rules, posts):
        memory.save(rules)
    forget_book(wiring.grouping_store(Events.name, None), posts)
    with wiring.database.transaction() as session:
        events.forget(session, posts)
    with wiring.database.transaction() as session:
        forget_stored(session, posts, now=moment)
