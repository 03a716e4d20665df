"""Full disks, locked databases, kills: nothing acknowledged is lost, and all goes on by itself."""

import contextlib
import json
import shutil
import signal
import sqlite3
import time
import urllib.error

import psutil
import pytest
from support.faults import held, small_disk, write_posts
from support.service import Service, run, service, start, stop, until

from posts.log.port import RAW

TRIVIAL = {"YUQING_ANALYZE__SCORER": "trivial"}
STAGES = {"serve", "analyze", "respond", "crawl"}


@pytest.fixture
def disk(tmp_path):
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(small_disk(tmp_path / "disk"))
        except OSError as error:
            pytest.skip(f"not tried: {error}")


def opened(file):
    return contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True))


def indexed(data) -> int:
    with opened(data / "index.db") as db:
        return int(db.execute("select count(*) from posts").fetchone()[0])


def logged(data) -> int:
    """Different posts that the log has acknowledged."""
    with opened(data / "log.db") as db:
        (number,) = db.execute("select number from topics where name = ?", (RAW,)).fetchone()
        return int(db.execute(f"select count(distinct key) from records_{number}").fetchone()[0])


def summary(done) -> dict[str, int]:
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


def told(done, *words: str) -> None:
    """It ended with a sentence that has these words, and without a traceback."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("错误：")
    for word in words:
        assert word in last


def pids(up: Service) -> dict[str, int]:
    return {name: child.pid for name, child in up.children().items()}


def all_four(up: Service) -> dict[str, int]:
    found: dict[str, int] = until(
        lambda: set(now := pids(up)) == STAGES and now, what="four stages run"
    )
    return found


def refused_lead(up: Service) -> tuple[int, str] | None:
    """Enter a lead by hand; status and sentence where the service can't take it."""
    try:
        up.call("POST", "api/v1/leads", {"text": f"来电反映停水，{time.monotonic_ns()}。" * 50})
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())["error"]["message"]
    return None


def no_traceback(data) -> None:
    for file in (data / "logs").iterdir():
        assert "Traceback" not in file.read_text(encoding="utf-8"), file.name


@pytest.mark.needs("tmpfs")
def test_commands_on_a_full_disk_say_so_and_go_on_when_there_is_room(tmp_path, disk) -> None:
    data = disk.path / "data"
    posts = write_posts(tmp_path / "posts.jsonl", range(3000))
    ingest = ("ingest", "--data", str(data), str(posts))
    analyze = ("analyze", "--drain", "--scorer", "trivial", "--data", str(data))
    some = write_posts(tmp_path / "some.jsonl", range(100))
    run("ingest", "--data", str(data), str(some), cwd=tmp_path)
    assert run(*analyze, cwd=tmp_path).returncode == 0

    disk.fill(leave=1_000_000)
    told(run(*ingest, cwd=tmp_path), ".db", "磁盘已满")
    acknowledged = logged(data)
    assert 100 <= acknowledged < 3000
    disk.fill()
    told(run("up", "--port", "0", "--data", str(data), cwd=tmp_path), str(data), "磁盘已满")
    told(run(*analyze, cwd=tmp_path), ".db", "磁盘已满")
    disk.free()
    disk.fill(leave=300_000)
    waiting = start(*analyze, cwd=tmp_path)
    assert waiting.stdout is not None
    said = waiting.stdout.readline()
    assert "磁盘已满" in said
    assert ".db" in said

    disk.free()
    rest = waiting.stdout.read()
    assert waiting.wait(90) == 0, said + rest
    waiting.stdout.close()
    assert "Traceback" not in said + rest
    assert indexed(data) == acknowledged
    again = summary(run(*ingest, cwd=tmp_path))
    assert again["read"] == 3000
    assert again["accepted"] + again["duplicates"] == 3000
    assert run(*analyze, cwd=tmp_path).returncode == 0
    assert indexed(data) == 3000
    assert run("verify", "--data", str(data), cwd=tmp_path).returncode == 0


@pytest.mark.needs("tmpfs")
def test_the_service_outlives_a_full_disk(tmp_path, disk) -> None:
    data = disk.path / "data"
    first = write_posts(tmp_path / "first.jsonl", range(300))
    second = write_posts(tmp_path / "second.jsonl", range(2300))
    with service(data, cwd=tmp_path, env=TRIVIAL) as up:
        before = all_four(up)
        summary(run("ingest", "--data", str(data), str(first), cwd=tmp_path))
        until(lambda: indexed(data) == 300, what="the first posts are searchable")
        disk.fill(leave=500_000)
        told(run("ingest", "--data", str(data), str(second), cwd=tmp_path), ".db", "磁盘已满")
        disk.fill()
        code, sentence = until(lambda: refused_lead(up), what="a lead is refused", every_s=0)
        assert code == 503
        assert "磁盘已满" in sentence
        assert up.get("api/v1/posts?limit=1")["total"] >= 300
        kept = logged(data)

        disk.free()
        until(lambda: indexed(data) == kept, what="what was acknowledged is searchable")
        again = summary(run("ingest", "--data", str(data), str(second), cwd=tmp_path))
        assert again["accepted"] + again["duplicates"] == 2300
        until(lambda: indexed(data) == logged(data), what="all posts are searchable")
        assert indexed(data) >= 2300
        assert pids(up) == before
        assert all(one["restarts"] == 0 for one in up.get("api/v1/stages")["items"])
    no_traceback(data)


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    home = tmp_path_factory.mktemp("faults")
    with service(home / "data", cwd=home, env=TRIVIAL) as running:
        all_four(running)
        yield running


def test_two_imports_of_one_file_at_once_write_none_twice(up, tmp_path) -> None:
    posts = write_posts(tmp_path / "posts.jsonl", range(10_000, 12_000))
    before = indexed(up.data)
    both = [start("ingest", "--data", str(up.data), str(posts), cwd=tmp_path) for _ in range(2)]
    for one in both:
        assert one.stdout is not None
        counts = json.loads(one.stdout.read().splitlines()[-1])
        assert one.wait(120) == 0
        one.stdout.close()
        assert counts["read"] == counts["accepted"] + counts["duplicates"] == 2000
    until(lambda: indexed(up.data) == before + 2000, what="each post is searchable once")
    third = summary(run("ingest", "--data", str(up.data), str(posts), cwd=tmp_path))
    assert third["duplicates"] == 2000
    time_left = time.monotonic() + 1.5  # nothing more may come in afterwards
    until(lambda: time.monotonic() > time_left, what="a moment")
    assert indexed(up.data) == before + 2000


def test_the_service_outlives_locked_databases(up, tmp_path) -> None:
    posts = write_posts(tmp_path / "posts.jsonl", range(20_000, 20_100))
    before, count = pids(up), indexed(up.data)
    beats = {one["name"]: one["beat_at"] for one in up.get("api/v1/stages")["items"]}
    with held(*(up.data / f"{name}.db" for name in ("registry", "log", "index"))):
        told(run("ingest", "--data", str(up.data), str(posts), cwd=tmp_path), "registry.db", "占用")
        assert up.get("api/v1/posts?limit=1")["total"] == count
    assert (
        summary(run("ingest", "--data", str(up.data), str(posts), cwd=tmp_path))["accepted"] == 100
    )
    until(lambda: indexed(up.data) == count + 100, what="all posts are searchable")
    assert pids(up) == before
    until(
        lambda: all(
            one["state"] == "running" and one["beat_at"] != beats[one["name"]]
            for one in up.get("api/v1/stages")["items"]
        ),
        what="all stages beat again",
    )
    no_traceback(up.data)


def test_a_stage_that_died_while_the_registry_was_locked_is_shown_afterwards(up) -> None:
    with held(up.data / "registry.db"):
        old = up.children()["respond"]
        old.kill()
        until(lambda: pids(up).get("respond") not in (None, old.pid), what="respond is back")

    def shown():
        stages = {one["name"]: one for one in up.get("api/v1/stages")["items"]}
        return stages["respond"]["restarts"] == 1 and stages["respond"]["state"] == "running"

    until(shown, what="the restart is shown")


@pytest.mark.parametrize("what", ["nothing", "registry"])
def test_ctrl_c_ends_all_in_time_even_with_a_locked_registry(tmp_path, what) -> None:
    data = tmp_path / "data"
    with service(data, cwd=tmp_path, env=TRIVIAL) as up:
        running = all_four(up)
        with held(*([data / "registry.db"] if what == "registry" else [])):
            assert stop(up, by=signal.SIGINT if what == "registry" else signal.SIGTERM) < 20
        assert up.process.returncode == 0
        assert not any(map(psutil.pid_exists, running.values()))


def test_stages_end_with_a_killed_supervisor_and_a_new_one_starts_at_once(tmp_path) -> None:
    data = tmp_path / "data"
    with service(data, cwd=tmp_path, env=TRIVIAL) as up:
        running = all_four(up)
        up.process.kill()
        up.process.wait()
        with service(data, cwd=tmp_path, env=TRIVIAL) as after:
            until(
                lambda: not any(map(psutil.pid_exists, running.values())),
                what="no orphan",
                deadline_s=60,
            )
            all_four(after)
            posts = write_posts(tmp_path / "posts.jsonl", range(10))
            summary(run("ingest", "--data", str(data), str(posts), cwd=tmp_path))
            until(lambda: indexed(data) == 10, what="the new stages work")


def test_commands_wait_for_a_lock_and_then_tell(tmp_path) -> None:
    posts = write_posts(tmp_path / "posts.jsonl", range(50))
    more = write_posts(tmp_path / "more.jsonl", range(80))
    one = tmp_path / "one"
    summary(run("ingest", "--data", str(one), str(posts), cwd=tmp_path))
    analyze = ("analyze", "--drain", "--scorer", "trivial", "--data")
    assert run(*analyze, str(one), cwd=tmp_path).returncode == 0
    others = [tmp_path / name for name in ("registry", "log", "index")]
    for other in others:
        shutil.copytree(one, other)
    registry, log, index = others
    summary(run("ingest", "--data", str(index), str(more), cwd=tmp_path))
    with held(registry / "registry.db", log / "log.db"):
        with held(index / "index.db"):
            tells = [
                (start("ingest", "--data", str(registry), str(more), cwd=tmp_path), "registry.db"),
                (start("ingest", "--data", str(log), str(more), cwd=tmp_path), "log.db"),
            ]
            waits = start(*analyze, str(index), cwd=tmp_path)
            assert waits.stdout is not None
            said = waits.stdout.readline()
        assert "index.db" in said
        assert "占用" in said
        assert json.loads(waits.stdout.read().splitlines()[-1]) == {"scored": 30}
        assert waits.wait(90) == 0
        waits.stdout.close()
        for process, name in tells:
            assert process.stdout is not None
            text = process.stdout.read()
            assert process.wait(90) == 1
            process.stdout.close()
            assert name in text
            assert "占用" in text
            assert "Traceback" not in text
    assert indexed(index) == 80
    assert summary(run("ingest", "--data", str(log), str(more), cwd=tmp_path))["accepted"] == 30
