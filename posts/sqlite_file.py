"""One SQLite file that several processes and threads use at once; its errors told apart.

Write-ahead logging lets readers go on while one writes. ``synchronous=FULL`` syncs the log of
every commit, so an acknowledged write is with the disk, not only with the kernel; it costs about
a millisecond a batch, which batches make cheap. (``NORMAL`` would survive kill -9 too, but a power
cut could then keep the log's offsets and lose the index's documents. Power loss is not claimed:
disks lie.)
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from posts.errors import FatalError, PostsError, RetryError, is_full, reason_of

Migration = Callable[[sqlite3.Connection], None]

_IDLE_CONNECTIONS = 4
_WAL_LIMIT_BYTES = 64 * 1024 * 1024
_CLEAN_MARK = 0x59515A44  # application_id of a file that never kept what was deleted
_CHECKPOINT_BYTES = 32 * 1024 * 1024  # a page that many batches change is copied home once


class SqliteFile:
    """A pool of connections to one file whose schema is brought up to date at opening.

    ``what`` names the file's role in messages (Chinese). ``migrations[n]`` brings version n to
    n + 1; the process that gets the write lock does it, the others find it done. Raises FatalError
    where the file is no database, can't be opened, or was written by a later release.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        what: str,
        migrations: Sequence[Migration],
        busy_timeout_s: float = 5.0,
        page_size: int = 4096,
        cache_kib: int = 8192,
    ) -> None:
        self.path = Path(path)
        self._what = what
        self._migrations = tuple(migrations)
        self._busy_timeout_s = busy_timeout_s
        self._page_size = page_size
        self._cache_kib = cache_kib
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._closed = False
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FatalError(
                f"{what}目录 {self.path.parent} 无法建立：{reason_of(error)}。请检查路径与权限。"
            ) from error
        with self.translated():
            connection = self.connect()
            try:
                self._migrate(connection)
            except BaseException:
                connection.close()
                raise
        self._idle.append(connection)

    def connect(self) -> sqlite3.Connection:
        """A new connection of the caller's own, in autocommit mode."""
        connection = sqlite3.connect(
            self.path,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=64,
        )
        try:
            connection.execute(f"PRAGMA page_size={self._page_size}")
            self._use_wal(connection)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA cache_size=-{self._cache_kib}")
            connection.execute("PRAGMA temp_store=MEMORY")
            connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten
            connection.execute(f"PRAGMA journal_size_limit={_WAL_LIMIT_BYTES}")
            pages = _CHECKPOINT_BYTES // self._page_size
            connection.execute(f"PRAGMA wal_autocheckpoint={pages}")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One snapshot of the file for all statements within."""
        with self._begun("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock: commits at the end, all or none."""
        with self._begun("BEGIN IMMEDIATE") as connection:
            yield connection

    def scrub(self) -> bool:
        """After an erasure: leave nothing of what was deleted in the file or beside it.

        A file of an earlier release is rewritten once, for its free pages were not overwritten.
        Then the write-ahead log is emptied, which waits for readers: False where one held on for
        longer than the busy timeout; to be called again then.
        """
        with self.translated():
            connection = self.connect()
            try:
                if self._mark(connection) != _CLEAN_MARK:
                    connection.execute("PRAGMA temp_store=FILE")
                    connection.execute("VACUUM")
                    connection.execute(f"PRAGMA application_id={_CLEAN_MARK}")
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                connection.close()
        return not busy

    def close(self) -> None:
        """Close the idle connections; those in use are closed when they are given back."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what SQLite raises into RetryError, FatalError, with the path in the message."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._translate(error) from error

    @contextmanager
    def _begun(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self.translated():
            connection = self._take()
            sound = False
            try:
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
                sound = True
            except sqlite3.Error:
                raise
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                sound = True
                raise
            finally:
                self._give_back(connection, sound=sound)

    def _take(self) -> sqlite3.Connection:
        with self._guard:
            if self._closed:
                raise FatalError(f"{self._what} {self.path} 已关闭，不能再读写。")
            if self._idle:
                return self._idle.pop()
        return self.connect()

    def _give_back(self, connection: sqlite3.Connection, *, sound: bool) -> None:
        with self._guard:
            if sound and not self._closed and len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()  # rolls back what an SQLite error left open

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        # Switching a new file to WAL does not wait for others by itself, hence the loop.
        deadline = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if _primary(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                threading.Event().wait(0.01)
            else:
                return

    def _migrate(self, connection: sqlite3.Connection) -> None:
        newest = len(self._migrations)
        if self._version(connection) == newest:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            if self._version(connection) == 0:
                connection.execute(f"PRAGMA application_id={_CLEAN_MARK}")
            for number in range(self._version(connection), newest):
                self._migrations[number](connection)
            connection.execute(f"PRAGMA user_version={newest}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _mark(self, connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA application_id").fetchone()[0])

    def _version(self, connection: sqlite3.Connection) -> int:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > len(self._migrations):
            raise FatalError(
                f"{self._what} {self.path} 由更新的版本写成（格式 {version}，"
                f"本程序只认识到 {len(self._migrations)}）。请升级程序，文件未作改动。"
            )
        return version

    def _translate(self, error: sqlite3.Error) -> PostsError:
        code = _primary(error)
        where = f"{self._what} {self.path}"
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL):
            return RetryError(
                f"{where} 被其他进程占用，等待超时。请稍后再试，或查看是否有备份等程序开着它。"
            )
        # Without room for its side files (-wal, -shm) SQLite says that it can't open or read.
        short = code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and is_full(self.path)
        if code == sqlite3.SQLITE_FULL or short:
            return RetryError(
                f"{where} 写不进去：磁盘已满。已写入的没有丢失；"
                "请清理磁盘空间后再试，运行中的服务会自动接着做。"
            )
        if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT):
            return RetryError(f"{where} 读写出错（{error}）。请检查磁盘，稍后再试。")
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return FatalError(f"{where} 打不开或不可写。请检查路径与权限。")
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return FatalError(f"{where} 已损坏或不是数据库文件。请从备份恢复。")
        return FatalError(f"{where} 出错：{error}")


def _primary(error: sqlite3.Error) -> int | None:
    """The result code without its extension; None where the error is not SQLite's own."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF
