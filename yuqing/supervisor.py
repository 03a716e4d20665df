"""Keeps the stages running as child processes: restart with backoff, stop within seconds.

A stage that dies is started again after 1, 2, 4 … 30 s; one that has run for a minute starts
counting anew. What happens is told to ``report`` and is shown in the console.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import structlog

from posts.errors import reason_of

log = structlog.get_logger()

COMMAND = (sys.executable, "-m", "yuqing")
# All stages share one small machine: numpy's huge pages would take 30 MB for tables hardly used.
SMALL = {"NUMPY_MADVISE_HUGEPAGE": "0"}
STOP_GRACE_S = 2.5
HEALTHY_AFTER_S = 60.0
MAX_BACKOFF_S = 30.0
LOG_ROTATE_BYTES = 20_000_000

REPORT_AGAIN_S = 2.0

Report = Callable[..., bool]
"""Keeps what it is told of a stage; False where that can't be done just now."""


@dataclass
class Stage:
    """One child: its name, its command line after ``python -m yuqing``, its log file."""

    name: str
    arguments: Sequence[str]
    log_file: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restarts: int = 0
    failures: int = 0
    due_at: float = field(default=0.0)
    unsaid: dict[str, Any] | None = None
    hung: str = ""  # why it was put down; until it was started again

    def forget(self) -> None:
        """Give up the ended process and our end of its pipe."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None


class Supervisor:
    """Starts the stages, watches them until ``stop`` is set, then ends all of them."""

    def __init__(self, stages: Sequence[Stage], *, report: Report) -> None:
        self.stages = list(stages)
        self._report = report
        self._report_at = 0.0

    def run(self, stop: Event, *, each: Callable[[], None] = lambda: None) -> None:
        """Blocks until ``stop``. ``each`` is called about five times a second."""
        try:
            while not stop.is_set():
                for stage in self.stages:
                    self._tend(stage)
                self._say()
                each()
                stop.wait(0.2)
        finally:
            self.end()

    def end(self) -> None:
        """SIGTERM to all, a short grace, then SIGKILL to those that remain."""
        running = [s for s in self.stages if s.process is not None and s.process.poll() is None]
        for stage in running:
            assert stage.process is not None
            stage.process.terminate()
        deadline = time.monotonic() + STOP_GRACE_S
        for stage in running:
            assert stage.process is not None
            try:
                stage.process.wait(max(0.05, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("stage_killed", name=stage.name, pid=stage.process.pid)
                stage.process.kill()
                stage.process.wait()
        for stage in self.stages:
            stage.forget()
            self._note(stage, state="stopped")
        self._say(again=True)

    def pids(self) -> dict[str, int]:
        """The running stages and their processes."""
        return {
            stage.name: stage.process.pid
            for stage in self.stages
            if stage.process is not None and stage.process.poll() is None
        }

    def put_down(self, name: str, *, reason: str) -> None:
        """End a stage that hangs, at once; it is started again like one that died."""
        for stage in self.stages:
            if stage.name == name and stage.process is not None:
                stage.hung = reason
                stage.process.kill()

    def _tend(self, stage: Stage) -> None:
        now = time.monotonic()
        if stage.process is not None:
            code = stage.process.poll()
            if code is None:
                if stage.failures and now - stage.started_at > HEALTHY_AFTER_S:
                    stage.failures = 0
                return
            stage.forget()
            stage.restarts += 1
            stage.failures += 1
            wait = min(MAX_BACKOFF_S, 2.0 ** (stage.failures - 1))
            stage.due_at = now + wait
            error = f"{_ended(code)}，{wait:.0f} 秒后重启；{last_words(stage.log_file)}"
            log.error("stage_died", name=stage.name, code=code, retry_in_s=wait)
            state = "hung" if stage.hung else "restarting"
            self._note(stage, state=state, error=stage.hung or error)
        elif now >= stage.due_at:
            try:
                self._start(stage)
            except OSError as error:
                # No room for its log file, or for one more process: neither ends the others.
                stage.failures += 1
                wait = min(MAX_BACKOFF_S, 2.0 ** (stage.failures - 1))
                stage.due_at = now + wait
                why = f"{reason_of(error)}，{wait:.0f} 秒后重试"
                log.warning("stage_not_started", name=stage.name, error=why)
                self._note(stage, state="restarting", error=f"没有启动：{why}")

    def _start(self, stage: Stage) -> None:
        if stage.log_file.exists() and stage.log_file.stat().st_size > LOG_ROTATE_BYTES:
            stage.log_file.replace(stage.log_file.with_suffix(".log.1"))
        with stage.log_file.open("ab") as out:
            stage.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*COMMAND, *stage.arguments, "--supervised"],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                env={**os.environ, **SMALL},
                # Ctrl-C in the terminal reaches the supervisor alone, which ends the stages.
                start_new_session=True,
            )
        stage.started_at = time.monotonic()
        # One that hung counts as hung until its own beat says otherwise.
        self._note(stage, state="hung" if stage.hung else "running", error=stage.hung)
        stage.hung = ""

    def _note(self, stage: Stage, *, state: str, error: str = "") -> None:
        pid = None if stage.process is None else stage.process.pid
        stage.unsaid = {"state": state, "pid": pid, "restarts": stage.restarts, "error": error}

    def _say(self, *, again: bool = False) -> None:
        """Tell the newest of each stage. What can't be kept (a locked database) is told later."""
        now = time.monotonic()
        if now < self._report_at and not again:
            return
        for stage in self.stages:
            if stage.unsaid is None:
                continue
            if not self._report(stage.name, **stage.unsaid):
                self._report_at = time.monotonic() + REPORT_AGAIN_S
                return
            stage.unsaid = None


def last_words(log_file: Path) -> str:
    """The last line that a stage wrote, shortened: why it ended, as far as it could say."""
    try:
        with log_file.open("rb") as file:
            file.seek(max(0, log_file.stat().st_size - 4000))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return f"最后的记录：{lines[-1][:300]}" if lines else "没有留下记录"


def _ended(code: int) -> str:
    return f"被信号 {-code} 终止" if code < 0 else f"退出，状态 {code}"
