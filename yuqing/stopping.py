"""How a stage learns that it should end: a signal, or the end of its supervisor."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn


def stop_event(*, supervised: bool) -> threading.Event:
    """An event that SIGTERM and SIGINT set, and, under a supervisor, the end of standard input.

    The supervisor holds the other end of a pipe that is our standard input; however it ends, even
    by SIGKILL, the pipe closes, so no stage outlives it.
    """
    event = threading.Event()

    def told(_signal: int, _frame: FrameType | None) -> None:
        event.set()

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)
    if supervised:
        threading.Thread(target=_watch_supervisor, args=(event,), daemon=True).start()
    return event


def _watch_supervisor(event: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    event.set()
    os.kill(os.getpid(), signal.SIGTERM)
    # A stage that hangs in foreign code is ended all the same.
    threading.Timer(5.0, os._exit, args=(1,)).start()


def leave(status: int = 0) -> NoReturn:
    """End this process at once, when everything is closed that has to be.

    Taking the interpreter apart object by object costs a second or two on a busy machine (more
    with SnowNLP's tables), and threads that wait on the network would be waited for.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)
