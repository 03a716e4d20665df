"""Run a parser on hostile input in a process of its own, with a limit on memory and a deadline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

_FRAME = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
from datetime import UTC, datetime
NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)
began = time.perf_counter()
def run():
{body}
result = run()
# ru_maxrss would count the parent that forked us; the high-water mark is this program's own
mark = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
peak = int(mark.split()[1]) // 1024
print(json.dumps(dict(result=result, seconds=time.perf_counter() - began, peak_mb=peak)))
"""


def run_bounded(body: str, *, memory_mb: int = 1_200, deadline_s: float = 120) -> dict[str, Any]:
    """The result, seconds and peak memory of ``body`` (a function's lines that return JSON).

    A process that wants more memory gets MemoryError and fails the test, one that does not end
    in time is killed and fails it too.
    """
    script = _FRAME.format(memory=memory_mb * 1024 * 1024, body=textwrap.indent(body, "    "))
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=deadline_s,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return json.loads(done.stdout.splitlines()[-1])
