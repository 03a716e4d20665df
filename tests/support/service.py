"""Run the real command line in processes of its own, on a DATA folder of the test."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

DEADLINE_S = 90.0


def run(
    *arguments: str,
    cwd: Path,
    env: dict[str, str] | None = None,
    timeout: float = 120,
    **kwargs: Any,
):
    """``yuqing ARGUMENTS`` to its end; output as text."""
    return subprocess.run(
        [sys.executable, "-m", "yuqing", *arguments],
        cwd=cwd,
        env=environment(env),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
        **kwargs,
    )


def start(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """``yuqing ARGUMENTS`` in the background."""
    return subprocess.Popen(
        [sys.executable, "-m", "yuqing", *arguments],
        cwd=cwd,
        env=environment(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The environment without settings of the machine, so that tests see the defaults."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YUQING_")}
    return {**kept, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), **(extra or {})}


def until(
    look: Callable[[], Any], *, what: str, deadline_s: float = DEADLINE_S, every_s: float = 0.1
) -> Any:
    """The first true answer of ``look``; fails with ``what`` at the deadline."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(every_s)
    raise AssertionError(f"not within {deadline_s} s: {what}")


def slowness(cwd: Path) -> float:
    """How many times slower than by itself this machine is just now, at least 1.

    By the start of a command that does nothing, which takes less than half a second of it.
    """
    began = time.monotonic()
    run("--help", cwd=cwd)
    return max(1.0, (time.monotonic() - began) / 0.5)


@dataclass
class Service:
    """A running ``yuqing up``."""

    process: subprocess.Popen[str]
    data: Path
    first: dict[str, str] = field(default_factory=dict)
    trust: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        """The console's address, with the slash."""
        return self.first["url"]

    def get(self, path: str) -> Any:
        """The JSON answer of the API as the first user."""
        return self.call("GET", path)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the API as the first user."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.first['api_token']}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=30, context=self.trust) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def children(self) -> dict[str, psutil.Process]:
        """The stages by name."""
        found = {}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                line = child.cmdline()
                if "-m" in line and "yuqing" in line:
                    found[line[line.index("yuqing") + 1]] = child
        return found


@contextlib.contextmanager
def service(
    data: Path,
    *arguments: str,
    cwd: Path,
    env: dict[str, str] | None = None,
    port: int | None = 0,
    trust: ssl.SSLContext | None = None,
) -> Iterator[Service]:
    """``yuqing up --port 0`` until the block ends; waits until it answers."""
    listen = () if port is None else ("--port", str(port))
    process = start("up", *listen, "--data", str(data), *arguments, cwd=cwd, env=env)
    running = Service(process, data, trust=trust)
    try:
        what = f"the console answers ({_said(process)})"
        until(lambda: _answers(running), what=what, deadline_s=180)
        yield running
    finally:
        stop(running)


def stop(running: Service, *, by: signal.Signals = signal.SIGINT) -> float:
    """End it as Ctrl-C does; returns the seconds it took."""
    began = time.monotonic()
    if running.process.poll() is None:
        running.process.send_signal(by)
    try:
        running.process.wait(60)
    except subprocess.TimeoutExpired:
        running.process.kill()
        running.process.wait()
        raise
    finally:
        assert running.process.stdout is not None
        running.process.stdout.close()
    return time.monotonic() - began


def _answers(running: Service) -> bool:
    if running.process.poll() is not None:
        raise AssertionError(f"up ended: {_said(running.process)}")
    file = running.data / "first-run.json"
    try:
        running.first = json.loads(file.read_text(encoding="utf-8"))
        # The lock says where it listens now; the first start's address may have been another.
        running.first["url"] = json.loads((running.data / "lock").read_text())["url"]
        with urllib.request.urlopen(
            running.url + "healthz", timeout=5, context=running.trust
        ) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _said(process: subprocess.Popen[str]) -> str:
    if process.poll() is None or process.stdout is None:
        return ""
    return process.stdout.read()
