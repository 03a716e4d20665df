"""DATA: the folder with everything that one service keeps, owned by one ``up`` at a time."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from posts.errors import reason_of
from registry.errors import ConflictError, UnavailableError

FREE_WARNING_BYTES = 500 * 1024 * 1024


class DataFolder:
    """Paths inside DATA; the folder is made, readable by its owner only, when first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()

    @property
    def log(self) -> Path:
        """The message log."""
        return self.path / "log.db"

    @property
    def index(self) -> Path:
        """The search index."""
        return self.path / "index.db"

    @property
    def registry(self) -> Path:
        """The relational database of registry and responder."""
        return self.path / "registry.db"

    @property
    def state(self) -> Path:
        """What stages remember between starts."""
        return self.path / "state"

    @property
    def logs(self) -> Path:
        """One file of JSON lines per stage."""
        return self.path / "logs"

    @property
    def rejects(self) -> Path:
        """Rows that an import could not take, with the reason."""
        return self.path / "rejects"

    @property
    def first_run(self) -> Path:
        """Address, first user, password and token of the first start (mode 0600)."""
        return self.path / "first-run.json"

    def make(self) -> None:
        """Make the folder. Raises UnavailableError that names it and what to do."""
        try:
            for folder in (self.path, self.state, self.logs, self.rejects):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError(_cannot_write(self.path, error)) from error

    @contextlib.contextmanager
    def owned(self, url: str) -> Iterator[None]:
        """Own the folder until the block ends. Raises ConflictError that says who owns it."""
        self.make()
        lock = self.path / "lock"
        try:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise UnavailableError(_cannot_write(lock, error)) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                owner = _owner(handle)
                raise ConflictError(
                    f"数据目录 {self.path} 正被另一个舆情台使用"
                    f"（进程 {owner.get('pid', '未知')}，{owner.get('url', '地址未知')}）。"
                    "请直接打开那个地址，或先停掉它，或用 --data 换一个目录。"
                ) from error
            try:
                os.ftruncate(handle, 0)
                os.pwrite(handle, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)
            except OSError as error:
                raise UnavailableError(_cannot_write(lock, error)) from error
            yield
            os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    def free_bytes(self) -> int:
        """Free bytes on the disk of the folder."""
        stat = os.statvfs(self.path)
        return stat.f_bavail * stat.f_frsize


def _owner(handle: int) -> dict[str, Any]:
    try:
        found = json.loads(os.pread(handle, 1000, 0))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _cannot_write(path: Path, error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC:
            what = "磁盘已满，请清理后重试"
        case errno.EACCES | errno.EPERM:
            what = "没有写权限，请换目录或改权限"
        case errno.EROFS:
            what = "文件系统是只读的，请用 --data 换一个目录"
        case errno.EEXIST | errno.ENOTDIR:
            what = "同名文件已存在，不是目录，请用 --data 换一个目录"
        case _:
            what = reason_of(error)
    return f"不能写 {path}：{what}。"
