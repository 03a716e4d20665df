"""A scoring stage as a process of its own, that can be told where to die.

``python -m support.scoring_stage LOG INDEX [POINT NTH]``: drains RAW; at the NTH time that it
comes to POINT (``before index``, ``after index``, ``after log``, ``after commit``) it kills itself
with SIGKILL, as a machine would.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from analyzer import sentiment
from analyzer.locality import Matcher
from analyzer.scoring.worker import ScoringWorker
from posts.index.sqlite import SqliteIndex
from posts.log.sqlite import SqliteLog

POINTS = ("before index", "after index", "after log", "after commit")


def main(log_path: str, index_path: str, point: str = "", nth: str = "0") -> None:
    log, index = SqliteLog(log_path), SqliteIndex(index_path)
    worker = ScoringWorker(
        log, index, sentiment.load("trivial"), Matcher([]), lambda: datetime.now(UTC)
    )
    left = int(nth)

    def reach(name: str) -> None:
        nonlocal left
        if name == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(call: Callable[..., Any], before: str, after: str) -> Callable[..., Any]:
        def called(*args: Any) -> Any:
            reach(before)
            result = call(*args)
            reach(after)
            return result

        return called

    index.write = around(index.write, "before index", "after index")
    log.append = around(log.append, "", "after log")
    worker._consumer.commit = around(worker._consumer.commit, "", "after commit")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while worker.step(40):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
