"""A program of the unit as a channel (本机命令): the notice as JSON on its standard input."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

from responder.notify import Notice, NotifyError
from responder.webhook import encoded


class CommandNotifier:
    """Runs ``argv`` (no shell) and waits up to ``limit_s``; status 0 means that it took it.

    ``environment`` is all that it sees of ours: no setting and no secret belongs into it.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        limit_s: float = 10.0,
    ) -> None:
        self.name = name
        self._argv = list(argv)
        self._environment = dict(environment or {})
        self._limit_s = limit_s

    def send(self, notice: Notice) -> str:
        """Run it. Raises NotifyError; past the limit it is ended with all that it started."""
        given = encoded({
            "key": notice.key,
            "keys": list(notice.keys) or [notice.key],
            "title": notice.title,
            "text": notice.text,
            "items": list(notice.payloads),
        })  # fmt: skip
        try:
            process = subprocess.Popen(  # noqa: S603 - the administrator's own program, no shell
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=self._environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = "找不到或不能执行" if isinstance(error, OSError) else "写法不对"
            raise NotifyError(f"本机命令{reason}，请检查设置") from error
        try:
            process.communicate(given, timeout=self._limit_s)
        except subprocess.TimeoutExpired as error:
            raise NotifyError(f"本机命令 {self._limit_s:g} 秒内没有结束，已终止") from error
        finally:
            _end(process)
        if process.returncode != 0:
            raise NotifyError(f"本机命令以状态 {process.returncode} 结束", answered=True)
        return "本机命令已收下"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdin is not None and not process.stdin.closed:
        with contextlib.suppress(OSError):
            process.stdin.close()
