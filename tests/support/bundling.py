"""The offline bundle, made and tried in an empty network while another test waits.

Both take a minute or two of work, and a test that only lets time pass has the machine to spare.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 900  # for each of the two, on a busy machine

Done = subprocess.CompletedProcess[str]


class Bundling:
    """Begun once, by whoever comes first; then asked for what became of it."""

    def __init__(self, folder: Path) -> None:
        self._bundle = folder / "bundle" / "yuqing-desk"
        self._place = folder / "machine"
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="bundling")
        self._begun: tuple[Future[Done], Future[Done | None]] | None = None

    def begin(self) -> tuple[Future[Done], Future[Done | None]]:
        """Make the bundle, then try it; returns at once."""
        if self._begun is None:
            self._begun = self._pool.submit(self._make), self._pool.submit(self._try)
        return self._begun

    def bundle(self) -> Path:
        """Its folder, once it is made and nobody reads it any more."""
        made, tried = self.begin()
        assert made.result().returncode == 0, made.result().stderr
        tried.result()
        return self._bundle

    def tried(self) -> Done:
        """What support/offline.py said of the bundle in an empty network."""
        done = self.begin()[1].result()
        assert done is not None, "unshare is not installed"
        return done

    def close(self) -> None:
        """Wait for what was begun."""
        self._pool.shutdown()

    def _make(self) -> Done:
        self._bundle.parent.mkdir(parents=True)
        return _run(
            ["sh", "deploy/bundle.sh", str(self._bundle), platform.machine()],
            {**os.environ, "PYTHON": sys.executable},
        )

    def _try(self) -> Done | None:
        unshare = shutil.which("unshare")
        if unshare is None:
            return None
        self._place.mkdir()
        user = [] if os.geteuid() == 0 else ["--map-root-user"]
        offline = [sys._base_executable, str(ROOT / "tests" / "support" / "offline.py")]
        command = [unshare, *user, "--net", *offline, str(self._bundle), str(self._place)]
        return _run(command, None)


def _run(command: list[str], environment: dict[str, str] | None) -> Done:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
