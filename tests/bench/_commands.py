"""A command of ours over a file, measured: time to the first line out, time of a core, memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# A process between, since a child's most memory is at first that of who made it.
_BETWEEN = """
import os, sys, time
end, out = os.pipe()
began = time.perf_counter()
child = os.posix_spawn(
    sys.executable, [sys.executable, "-m", "yuqing", *sys.argv[1:]], os.environ,
    file_actions=[(os.POSIX_SPAWN_DUP2, out, 1)],
)
os.close(out)
os.read(end, 1 << 16)
first = time.perf_counter() - began
while os.read(end, 1 << 20):
    pass
_, status, used = os.wait4(child, 0)
print(first, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def run(name: str, file: Path) -> tuple[float, float, float]:
    """``yuqing NAME`` over the file: seconds to the first line out, of a core, MB at most."""
    with file.open("rb") as given:
        done = subprocess.run(
            [sys.executable, "-c", _BETWEEN, name],
            stdin=given,
            stdout=subprocess.PIPE,
            cwd=file.parent,
            check=True,
        )
    first, cpu, peak = map(float, done.stdout.split())
    return first, cpu, peak
