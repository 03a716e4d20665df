"""``yuqing up``: sets DATA up, starts the stages, says where to look, stops all at the end."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import structlog

from posts.errors import reason_of
from registry import lease, stages
from registry.db import Database
from registry.errors import ConflictError, InvalidInputError, UnavailableError
from yuqing import first_run, logs
from yuqing.folder import DataFolder
from yuqing.guards import Guards
from yuqing.listening import certificate
from yuqing.settings import Settings
from yuqing.supervisor import Stage, Supervisor
from yuqing.wiring import Wiring, holder_of, now

log = structlog.get_logger()

REPORT_WAIT_S = 0.3
HEAD_START_S = 1.5
LATER = ("analyze", "crawl")
"""They begin a moment later: on two cores the console and the reminders are there sooner so."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def run_service(
    settings: Settings,
    folder: DataFolder,
    *,
    config: Path | None,
    demo: bool,
    stop: Event,
    say: Callable[[str], None],
) -> None:
    """Run until ``stop``. Raises ConflictError for a port or a DATA that is in use."""
    host, port = settings.server.host, settings.server.port
    shown_host = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - only shown
    if demo:
        from yuqing.demo import setting

        settings = setting.prepare_settings(folder, settings)
        config = setting.demo_file(folder)
    tls = certificate(settings.server)
    if demo and tls:
        raise InvalidInputError("演示只在本机看，不用 TLS：请去掉 --tls，或去掉 --demo。")
    port = check_port(host, port)
    scheme = "https" if tls else "http"
    url = f"{scheme}://{f'[{shown_host}]' if ':' in shown_host else shown_host}:{port}/"
    with folder.owned(url), _log_file(folder):
        wiring = Wiring(settings, folder)
        database = wiring.database
        first = first_run.make_administrator(database, url=url, file=folder.first_run, now=now())
        if demo:
            setting.make_officer(database, folder, now=now())
            if setting.is_stale(folder, now=now()):
                say(f"提醒：演示数据已旧，想看新的请先删除 {folder.path} 再启动。")

        _give_back()

        # Whoever watches the stages, and ends them, must not wait long for a locked database.
        quick = database.again(busy_timeout_s=REPORT_WAIT_S)

        supervisor = Supervisor(
            _children(folder, config=config, demo=demo, host=host, port=port, url=url, tls=tls),
            report=Reporter(quick, say),
        )
        guards = Guards(settings, database, quick, supervisor)
        in_the_open = host not in LOOPBACK and tls is None
        greeter = _Greeter(url, first, folder, say, demo=demo, in_the_open=in_the_open)

        def look() -> None:
            greeter.look()
            guards.look()

        try:
            supervisor.run(stop, each=look)
        finally:
            quick.dispose()
            wiring.close()
        say("已停止。")


def _give_back() -> None:
    """To the system what the first passwords took: 20 MB that glibc would keep for another."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


class Reporter:
    """Writes down what the supervisor sees of a stage; False where that can't be done just now.

    With a process that has ended its leases end: the next one need not wait until they run out.
    """

    def __init__(self, database: Database, say: Callable[[str], None]) -> None:
        self._database = database
        self._say = say
        self._said: dict[str, str] = {}
        self._pids: dict[str, int | None] = {}

    def __call__(self, name: str, **what: Any) -> bool:
        """``what`` as in registry.stages.report."""
        if what["error"] and what["error"] != self._said.get(name):
            self._said[name] = what["error"]
            self._say(f"环节 {name} 中断：{what['error']}")
        before, pid = self._pids.get(name), what["pid"]
        try:
            with self._database.transaction() as session:
                stages.report(session, name, now=now(), **what)
                if before is not None and pid != before:
                    lease.release_all(session, holder=holder_of(before))
        except UnavailableError as error:
            log.warning("stage_report_failed", name=name, error=error.message)
            return False
        self._pids[name] = pid
        return True


@contextlib.contextmanager
def _log_file(folder: DataFolder) -> Iterator[None]:
    """Log lines go to a file beside those of the stages; the terminal gets sentences."""
    file = (folder.logs / "up.log").open("a", encoding="utf-8")
    try:
        logs.configure("up", stream=file, level="WARNING")
        yield
    finally:
        with contextlib.suppress(OSError):  # what a full disk did not take
            file.close()


def check_port(host: str, port: int) -> int:
    """The port, or a free one for 0. Raises ConflictError that says whose it is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise ConflictError(
                    f"端口 {port} 已被占用（{_owner_of(port)}）。"
                    "请先停掉它，或用 --port 换一个端口。"
                ) from error
            if error.errno == errno.EACCES:
                raise ConflictError(
                    f"没有权限监听端口 {port}，请用 --port 换 1024 以上的端口。"
                ) from error
            raise InvalidInputError(f"不能监听 {host}:{port}：{reason_of(error)}。") from error
        found: int = probe.getsockname()[1]
    return found


def _owner_of(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.laddr
                and connection.laddr.port == port
                and connection.pid
            ):
                process = psutil.Process(connection.pid)
                return (
                    f"进程 {connection.pid}，{' '.join(process.cmdline())[:120] or process.name()}"
                )
    except psutil.Error:
        pass
    return "占用者不属于当前用户，查不到"


def _children(
    folder: DataFolder,
    *,
    config: Path | None,
    demo: bool,
    host: str,
    port: int,
    url: str,
    tls: tuple[Path, Path] | None,
) -> list[Stage]:
    data = ["--data", str(folder.path)]
    shared = [*data, *(["--config", str(config.absolute())] if config else [])]
    server = ["serve", "--host", host, "--port", str(port), *(["--demo"] if demo else [])]
    if tls:
        server += ["--tls", str(tls[0]), "--tls-key", str(tls[1])]
    commands = [
        ("serve", [*server, *shared]),
        *([("demo-town", ["demo-town", "--url", url, *data])] if demo else []),
        ("analyze", ["analyze", *shared]),
        ("respond", ["respond", *shared]),
        ("crawl", ["crawl", "--forever", *shared]),
    ]
    begin = time.monotonic()
    return [
        Stage(
            name,
            command,
            folder.logs / f"{name}.log",
            due_at=begin + (HEAD_START_S if name in LATER else 0.0),
        )
        for name, command in commands
    ]


class _Greeter:
    """Waits for the console to answer, then says once where it is and how to get in."""

    def __init__(
        self,
        url: str,
        first: first_run.FirstRun | None,
        folder: DataFolder,
        say: Callable[[str], None],
        *,
        demo: bool,
        in_the_open: bool,
    ) -> None:
        self._url = url
        self._first = first
        self._folder = folder
        self._say = say
        self._demo = demo
        self._in_the_open = in_the_open
        self._greeted = False
        # Our own child on our own port: no certificate bears the name of 127.0.0.1.
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE

    def look(self) -> None:
        """Greets at the first answer; called again and again, cheap afterwards."""
        if self._greeted or not self._answers():
            return
        self._greeted = True
        first = self._first
        lines = [f"舆情台已启动{'（演示数据）' if self._demo else ''}", f"  网址  {self._url}"]
        if first is not None:
            lines += [
                f"  用户  {first.user}",
                f"  密码  {first.password}",
                f"        只显示这一次，登录后请修改；也在 {self._folder.first_run}（仅本人可读）",
            ]
        else:
            lines.append("  用户  用已有的用户登录；忘记密码可运行 yuqing users reset 用户名")
        lines += [f"  数据  {self._folder.path}", "  停止  Ctrl-C"]
        if self._in_the_open:
            lines.append("  提醒：正在监听本机以外的地址，请务必放在 HTTPS 反向代理之后。")
        self._say("\n".join(lines))

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(  # noqa: S310
                f"{self._url}healthz", timeout=0.5, context=self._context
            ) as answer:
                return bool(answer.status == 200)  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False
