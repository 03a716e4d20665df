"""P12: ticks that stop are noticed, shown in red and told by another way; so is a wrong clock."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.crawling import register
from support.receivers import receiving
from support.registry import make_database
from support.responder import NOON
from support.service import service, until
from support.sites import listing, serving

from api.console.source_view import stage_view
from crawlers.run import crawl_once
from crawlers.settings import CrawlSettings
from posts.log.memory import MemoryLog
from registry import channels, clock_skew, outbox, stages
from registry.db import Database
from yuqing import wellbeing
from yuqing.guards import Guards
from yuqing.settings import Settings
from yuqing.standby import HEARTBEAT_S, Heartbeat
from yuqing.supervisor import Supervisor
from yuqing.watchdog import Watchdog

SILENT_S = 20


class Ward:
    """A supervisor that only remembers whom it was told to end."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, str]] = []

    def pids(self) -> dict[str, int]:
        return {"respond": os.getpid()}

    def put_down(self, name: str, *, reason: str) -> None:
        self.ended.append((name, reason))


class Guarded:
    """A watchdog of 60 s, with beats, a database and a time that the test moves."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.beat = NOON
        self.writable = True
        self.ward = Ward()
        self.told: list[str] = []
        self.dog = Watchdog(
            self.ward,
            beats=lambda: {"respond": self.beat},
            writable=lambda: self.writable,
            tell=lambda _key, _title, text: self.told.append(text),
            names=["respond"],
            monotonic=lambda: self.time,
        )

    def go(self, seconds: int, *, beating: bool) -> None:
        for second in range(seconds):
            self.time += 1
            if beating and second % 5 == 0:
                self.beat += timedelta(seconds=5)
            self.dog.look()


@pytest.mark.promise("P12")
def test_after_sixty_seconds_without_a_tick_it_is_told_and_ended_once(figure):
    guarded = Guarded()
    guarded.go(300, beating=True)
    assert guarded.dog.well
    guarded.go(55, beating=False)  # the last beat was 4 s ago
    assert guarded.told == []
    assert guarded.ward.ended == []
    guarded.go(6, beating=False)
    assert not guarded.dog.well
    assert [name for name, _ in guarded.ward.ended] == ["respond"]
    assert "“响应与提醒”已 60 秒没有进展" in guarded.told[0]
    assert "请人工留意各条时限" in guarded.told[0]
    guarded.go(10, beating=True)
    assert guarded.told[1:] == ["【恢复】“响应与提醒”又在运行了。"]
    assert guarded.dog.well
    assert len(guarded.ward.ended) == 1
    figure("told and ended after 60 s, not after 59")


@pytest.mark.promise("P12")
def test_a_machine_that_slept_and_a_clock_that_was_set_are_no_silence():
    guarded = Guarded()
    guarded.go(10, beating=True)
    guarded.beat -= timedelta(hours=3)
    guarded.go(50, beating=True)
    guarded.beat += timedelta(hours=8)
    guarded.go(50, beating=True)
    assert guarded.told == []


@pytest.mark.promise("P12")
def test_a_database_that_nobody_can_write_ends_nobody_who_runs():
    guarded = Guarded()
    guarded.writable = False
    guarded.go(200, beating=False)
    assert len(guarded.told) == 1
    assert guarded.ward.ended == []
    guarded.go(200, beating=False)
    assert guarded.ward.ended, "after five times as long it is tried all the same"


@pytest.mark.promise("P12")
def test_the_heartbeat_comes_once_a_minute_and_stops_with_the_ticks(figure):
    from registry.addresses import Admitted

    now = 5000.0
    with receiving() as watcher:
        heartbeat = Heartbeat(
            watcher.url, Admitted(["127.0.0.1"], setting="x"), monotonic=lambda: now
        )

        def minutes(count: int, *, well: bool) -> None:
            nonlocal now
            for _ in range(count):
                before = watcher.tried
                for _ in range(6):
                    heartbeat.look(well=well)
                    now += HEARTBEAT_S / 6
                until(
                    lambda seen=before: watcher.tried >= seen + well, what="a visit", every_s=0.01
                )

        minutes(5, well=True)
        assert watcher.tried == 5
        minutes(5, well=False)
        assert watcher.tried == 5
        minutes(1, well=True)
        assert watcher.tried == 6
    figure("heartbeat: 5 in 5 minutes while it ticks, 0 in 5 minutes while it does not")


@pytest.mark.promise("P12")
def test_a_frozen_responder_of_a_real_service(tmp_path: Path, figure):
    data = tmp_path / "data"
    with receiving() as standby, receiving() as watcher:
        config = tmp_path / "yuqing.toml"
        config.write_text(
            f'[respond]\nallow_private = ["127.0.0.1"]\nsilent_s = {SILENT_S}\n'
            f'standby_urls = ["{standby.url}"]\nheartbeat_url = "{watcher.url}"\n'
        )
        with service(data, "--config", str(config), cwd=tmp_path) as running:

            def state() -> str:
                found = running.get("api/v1/stages")["items"]
                return next((one["state"] for one in found if one["name"] == "respond"), "")

            def said(word: str) -> list[str]:
                texts = [one["text"] for one in list(standby.got)]
                return [text for text in texts if f"【{word}】“响应与提醒”" in text]

            until(lambda: watcher.tried, what="a heartbeat")
            until(lambda: state() == "running", what="the responder runs")
            frozen = running.children()["respond"]
            began = time.monotonic()
            os.kill(frozen.pid, signal.SIGSTOP)
            until(lambda: said("停摆"), what="the standby channel is told", every_s=0.05)
            took = time.monotonic() - began
            assert f"“响应与提醒”已 {SILENT_S} 秒没有进展" in said("停摆")[0]
            until(lambda: state() == "hung", what="the console says so", every_s=0.05)
            until(lambda: state() == "running", what="it runs again")
            until(lambda: said("恢复"), what="the standby channel hears of it")
            assert running.children()["respond"].pid != frozen.pid
    assert took < SILENT_S + 30
    figure(
        f"frozen responder with a limit of {SILENT_S} s: told after {took:.0f} s, then restarted"
    )


@pytest.mark.promise("P12")
def test_the_console_shows_it_in_red(tmp_path: Path):
    database = make_database(tmp_path)
    with database.transaction() as session:
        stages.beat(session, "respond", pid=1, now=NOON)
        (stage,) = stages.everything(session)
        silent = stage_view(stage, NOON + timedelta(seconds=61))
        stages.report(session, "respond", state="hung", now=NOON, error="已 60 秒没有进展")
        (stage,) = stages.everything(session)
        hung = stage_view(stage, NOON)
        stages.beat(session, "respond", pid=2, now=NOON)
        (stage,) = stages.everything(session)
    database.dispose()
    assert (silent.code, silent.word) == ("blind", "没有进展")
    assert (hung.code, hung.word) == ("blind", "停摆")
    assert "已 60 秒没有进展" in hung.detail
    assert stage.state == "running"


@pytest.mark.promise("P12")
def test_a_clock_off_by_more_than_a_minute_against_the_sources_is_told(tmp_path: Path, figure):
    database = make_database(tmp_path)
    real = datetime.now(UTC)
    offsets = {}
    with database.transaction() as session:
        channels.announce(session, {"console": "console", "oa": "webhook"}, now=real)
    for minutes in (0, 3, -3):
        with ExitStack() as stack:
            for number in range(3):
                site = stack.enter_context(serving(f"127.0.0.{number + 2}"))
                url = site.page("/", listing([]))
                register(database, f"s{number}{minutes}", url=url)
            crawl_once(
                database=database,
                log=MemoryLog(),
                settings=CrawlSettings(delay_s=0.01, allow_private=("127.0.0.0/8",)),
                sources=[f"s{number}{minutes}" for number in range(3)],
                clock=lambda shift=minutes: datetime.now(UTC) + timedelta(minutes=shift),
            )
        now = real + timedelta(minutes=minutes)
        with database.transaction() as session:
            skew = clock_skew.measured(session, now=now)
            assert skew is not None
            offsets[minutes] = skew
            told = wellbeing.wrong_clock(session, now=now)
        assert told == (2 if minutes == 3 else 0), "once a day"
    with database.reading() as session:
        texts = [row.payload["text"] for row in outbox.recent(session)]
    database.dispose()
    assert not offsets[0].off
    assert offsets[3].off
    assert offsets[-3].off
    assert "本机时钟比 3 个网站的时间快" in texts[0]
    assert "慢" in offsets[-3].sentence
    measured = "、".join(f"{offsets[m].offset.total_seconds():+.0f} s" for m in (0, 3, -3))
    figure(f"set off by 0, +180, -180 s: measured {measured}")


@pytest.mark.promise("P12")
def test_all_is_well_once_a_day_at_its_time(tmp_path: Path):
    database = make_database(tmp_path)
    morning = NOON.replace(hour=0, minute=0)  # 08:00 in Shanghai
    with database.transaction() as session:
        channels.announce(session, {"console": "console", "oa": "webhook"}, now=NOON)
        stages.beat(session, "respond", pid=1, now=NOON)
        put = [
            wellbeing.all_well(session, at="08:30", now=morning + timedelta(minutes=minutes))
            for minutes in range(0, 48 * 60, 10)
        ]
        texts = [row.payload["text"] for row in outbox.recent(session)]
    database.dispose()
    assert sum(put) == 2
    assert put[3] == put[3 + 144] == 1
    assert all("【平安】" in text and "各环节运行正常" in text for text in texts)


@pytest.mark.promise("P12")
def test_whether_the_database_takes_a_write_is_really_tried(tmp_path: Path):
    database = make_database(tmp_path)
    quick = Database(str(database.url), busy_timeout_s=0.1)
    guards = Guards(Settings(), database, quick, Supervisor([], report=lambda *_, **__: True))
    assert guards._writable()
    with database.transaction() as session:
        stages.beat(session, "respond", pid=1, now=NOON)
        assert not guards._writable()
    quick.dispose()
    database.dispose()
