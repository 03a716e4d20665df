import os
import signal
import sys
import threading
from pathlib import Path

import psutil
import pytest
from support.registry import make_database
from support.service import until

from registry import lease
from yuqing import supervisor
from yuqing.service import Reporter
from yuqing.supervisor import Stage, Supervisor
from yuqing.wiring import holder_of, now


class Reports:
    """Remembers what the supervisor said of each stage."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, str]] = []

    def __call__(self, name: str, **what) -> bool:
        self.said.append((name, what["state"], what["error"]))
        return True

    def states(self, name: str) -> list[str]:
        return [state for one, state, _ in self.said if one == name]


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Stages are small programs in place of ours; the supervisor's own code runs as it is."""

    def make(text: str) -> Stage:
        file = tmp_path / "stage.py"
        file.write_text(text)
        monkeypatch.setattr(supervisor, "COMMAND", (sys.executable, str(file)))
        return Stage("stage", [], tmp_path / "stage.log")

    return make


def run(reports: Reports, stage: Stage, stop: threading.Event) -> threading.Thread:
    thread = threading.Thread(target=Supervisor([stage], report=reports).run, args=(stop,))
    thread.start()
    return thread


def test_a_stage_that_dies_is_started_again_and_its_last_words_are_told(program) -> None:
    stage = program("import sys; print('磁盘已满'); sys.exit(3)")
    reports, stop = Reports(), threading.Event()
    thread = run(reports, stage, stop)
    until(lambda: reports.states("stage").count("running") >= 2, what="second start")
    stop.set()
    thread.join(60)
    state, error = next((s, e) for _, s, e in reports.said if s == "restarting")
    assert state == "restarting"
    assert "退出，状态 3" in error
    assert "磁盘已满" in error
    assert reports.states("stage")[-1] == "stopped"


def test_restarts_wait_longer_each_time(program) -> None:
    stage = program("import sys; sys.exit(1)")
    reports, stop = Reports(), threading.Event()
    thread = run(reports, stage, stop)
    until(lambda: reports.states("stage").count("restarting") >= 3, what="three deaths")
    stop.set()
    thread.join(60)
    waits = [e.split("，")[2] for _, s, e in reports.said if s == "restarting"][:3]
    assert waits == [
        "1 秒后重启；没有留下记录",
        "2 秒后重启；没有留下记录",
        "4 秒后重启；没有留下记录",
    ]


def test_a_stage_that_ignores_the_signal_is_killed(program, monkeypatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_GRACE_S", 0.3)
    stage = program(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready', flush=True)\nwhile True: time.sleep(1)"
    )
    reports, stop = Reports(), threading.Event()
    thread = run(reports, stage, stop)
    until(lambda: "ready" in _text(stage.log_file), what="ready")
    assert stage.process is not None
    pid = stage.process.pid
    stop.set()
    thread.join(60)
    assert not psutil.pid_exists(pid)


def test_stages_end_when_the_supervisor_is_killed(tmp_path) -> None:
    """The pipe that is their standard input closes, whatever ended the supervisor."""
    child = tmp_path / "child.py"
    child.write_text(
        "from yuqing.stopping import stop_event\n"
        "stop = stop_event(supervised=True)\nprint('ready', flush=True)\nstop.wait()\n"
    )
    parent = tmp_path / "parent.py"
    parent.write_text(
        "import sys, threading\nfrom pathlib import Path\nfrom yuqing import supervisor\n"
        f"supervisor.COMMAND = (sys.executable, {str(child)!r})\n"
        f"stage = supervisor.Stage('s', [], Path({str(tmp_path / 's.log')!r}))\n"
        "def report(name, **what): print(what['pid'], flush=True); return True\n"
        "supervisor.Supervisor([stage], report=report).run(threading.Event())\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    import subprocess

    process = subprocess.Popen(
        [sys.executable, str(parent)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    until(lambda: "ready" in _text(tmp_path / "s.log"), what="child ready")
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    until(lambda: not psutil.pid_exists(pid), what="child gone", deadline_s=60)


def test_the_leases_of_a_stage_end_with_its_process(tmp_path) -> None:
    database = make_database(tmp_path)
    reporter = Reporter(database, lambda _: None)

    def tell(pid: int | None, state: str) -> None:
        assert reporter("respond", state=state, pid=pid, restarts=0, error="")

    def held() -> str | None:
        with database.reading() as session:
            return lease.holder(session, "responder")

    tell(7, "running")
    assert lease.Tenure("responder", holder=holder_of(7), ttl_s=600).hold(database, now())
    tell(7, "hung")
    assert held() == holder_of(7), "it may still wake up"
    tell(None, "restarting")
    assert held() is None
    tell(8, "running")
    assert lease.Tenure("responder", holder=holder_of(8), ttl_s=600).hold(database, now())
    tell(9, "running")
    assert held() is None, "started again so soon that nobody saw it ended"
    database.dispose()


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""
