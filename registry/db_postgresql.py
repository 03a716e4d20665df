"""PostgreSQL: one writer at a time by an advisory lock, readers on snapshots.

Why a lock and not SERIALIZABLE: docs/decisions/0015. See registry/db.py for what each of these
functions has to hold.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from registry.db_failures import READ_ONLY, Failure
from registry.errors import ConflictError, DeskError, InvalidInputError, UnavailableError

MODE = "yuqing_mode"
WRITER_LOCK = 0x7975_7169_6E67  # "yuqing": one key in each database, held by who writes
#: A writer that says nothing for so long is dead or stopped: the server ends its transaction, so
#: that the others go on. Shorter than the responder's lease.
SILENT_S = 5.0
SCRUB_PATIENCE_S = 3.0
REWRITTEN_BYTES = 256_000_000  # a table up to that size is written anew in a second or two


def driver_url(url: URL) -> URL:
    """``postgresql://`` and ``postgres://`` mean the one driver that we have, psycopg 3."""
    return url.set(drivername="postgresql+psycopg")


def make_engine(url: URL, busy_timeout_s: float, **settings: Any) -> Engine:
    """An engine whose transactions begin as their mode says.

    A connection that the server dropped is noticed when it is taken from the pool. The pool is
    small: a server has 100 connections by default, for all processes together.
    """
    # A broken network is noticed too, in about half a minute, not after TCP's own two hours.
    patience = {
        "connect_timeout": max(2, round(busy_timeout_s)),
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
        "application_name": "yuqing",
    }
    engine = create_engine(
        url,
        connect_args={name: value for name, value in patience.items() if name not in url.query},
        pool_size=3,
        max_overflow=9,
        pool_timeout=busy_timeout_s,
        pool_pre_ping=True,
        **settings,
    )
    begin = (
        f"SELECT set_config('lock_timeout', '{int(busy_timeout_s * 1000)}ms', true),"
        f" set_config('idle_in_transaction_session_timeout', '{int(SILENT_S * 1000)}ms', true)"
    )

    def on_begin(connection: Any) -> None:
        if connection.get_execution_options().get(MODE) not in {"reading", "alone"}:
            connection.exec_driver_sql(begin)
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")

    event.listen(engine, "begin", on_begin)
    return engine


def options(mode: str) -> dict[str, Any]:
    """Execution options of the engine for ``writing`` or ``reading``.

    Each statement of a writer sees what was committed before it: after the lock that is all there
    is, and nothing changes until the commit.
    """
    if mode == "reading":
        return {MODE: mode, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return {MODE: mode, "isolation_level": "READ COMMITTED", "postgresql_readonly": False}


def make_place(url: URL) -> None:
    """Nothing: the database itself is made by its administrator."""


def scrub(engine: Engine) -> bool:
    """Leave nothing of deleted rows in the files of the tables; False where a reader held on.

    A small table is written anew, a large one has its dead rows taken out of reach. What the
    server's own write-ahead log says of them goes when it is recycled, see docs/decisions/0015.
    """
    alone = engine.execution_options(isolation_level="AUTOCOMMIT", **{MODE: "alone"})
    with alone.connect() as connection:
        connection.exec_driver_sql("SET lock_timeout = '2s'")
        try:
            if not _old_readers_gone(connection):
                return False
            for name, size in connection.exec_driver_sql(_TABLES).all():
                if name not in _WITHOUT_TEXT:
                    how = "VACUUM (FULL)" if size < REWRITTEN_BYTES else "VACUUM"
                    quoted = connection.dialect.identifier_preparer.quote(name)
                    connection.exec_driver_sql(f"{how} {quoted}")
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == "55P03":
                return False
            raise
        finally:
            connection.exec_driver_sql("RESET lock_timeout")
    return True


def _old_readers_gone(connection: Connection) -> bool:
    """Wait a while for snapshots that still show what was deleted."""
    newest = connection.exec_driver_sql("SELECT pg_current_xact_id()::xid::text").scalar()
    deadline = time.monotonic() + SCRUB_PATIENCE_S
    while connection.exec_driver_sql(_HELD.format(newest=newest)).scalar():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


# Ages count back from the newest transaction: they do not mind that xmin wraps around.
_HELD = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL"
    " AND age(backend_xmin) > age('{newest}'::xid)"
)
_TABLES = (
    "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    " AND pg_relation_size(oid) > 0 ORDER BY relname"
)
_WITHOUT_TEXT = frozenset({"alembic_version", "changes", "leases", "sightings"})


def failure(error: DBAPIError, place: str) -> Failure | None:
    """What a person needs to know of the driver's error; None where it is a programming error."""
    state = getattr(error.orig, "sqlstate", None) or ""
    said = str(error.orig).lower()
    if state:
        by_state = ((kind, text) for begin, kind, text in _STATES if state.startswith(begin))
        found = next(by_state, None)
    else:
        by_words = ((kind, text) for words, kind, text in _SAID if words in said)
        found = next(by_words, None)
    if found is None and error.connection_invalidated:
        found = UnavailableError, _LOST
    return None if found is None else Failure(found[0], found[1].format(place=place))


_LOST = (
    "与数据库 {place} 的连接断了，刚才的操作可能没有保存。服务会自动重连；"
    "请稍后查看是否已保存再重试，并检查数据库服务。"
)
_NOT_REACHED = "连不上数据库 {place}。请检查地址、账号和数据库服务。"
_REFUSED = "数据库 {place} 不接受这个账号或密码。请检查连接设置。"
_NO_SUCH = "没有这个数据库或账号：{place}。请先建好，或检查名称。"
_STARTING = "数据库 {place} 正在启动、停止或恢复。请稍后再试。"
_TOO_MANY = "数据库 {place} 的连接已用完。请稍后再试，或调大它的 max_connections。"
_TOO_LONG = "文字太长，数据库存不下。请缩短后再试。"
_TOO_BIG = "数字太大，数据库存不下。请检查后再试。"
_BUSY = "数据库 {place} 正忙：另一个写入很久没有完成，等待超时。请稍后再试。"
_SILENT = "这次操作停顿太久，数据库 {place} 已把它撤销，没有保存。请重试。"
_AT_ONCE = "与别人的修改同时发生，数据库 {place} 没有保存这一次。请重试。"
_FULL = "写不进数据库 {place}：磁盘已满。请清出空间后再试，已写入的数据没有丢失。"
_SHORT = "数据库 {place} 的内存等资源不足。请检查数据库服务器。"
_NO_RIGHT = "账号在数据库 {place} 里权限不够。请给它建表和读写的权限。"
_DAMAGED = "数据库 {place} 读写磁盘出错或数据已损坏。请检查数据库服务器，必要时从备份恢复。"
_STANDBY = READ_ONLY + "，写不进去：{place}。请确认连的是主库，不是只读的备库。"

#: By SQLSTATE or the begin of it; the first that fits.
_STATES: tuple[tuple[str, type[DeskError], str], ...] = (
    ("55P03", UnavailableError, _BUSY),
    ("25P03", UnavailableError, _SILENT),
    ("40001", ConflictError, _AT_ONCE),
    ("40P01", ConflictError, _AT_ONCE),
    ("53100", UnavailableError, _FULL),
    ("53300", UnavailableError, _TOO_MANY),
    ("53", UnavailableError, _SHORT),
    ("25006", UnavailableError, _STANDBY),
    ("42501", UnavailableError, _NO_RIGHT),
    ("3D000", UnavailableError, _NO_SUCH),
    ("28", UnavailableError, _REFUSED),
    ("58", UnavailableError, _DAMAGED),
    ("XX001", UnavailableError, _DAMAGED),
    ("XX002", UnavailableError, _DAMAGED),
    ("57P03", UnavailableError, _STARTING),
    ("57P", UnavailableError, _LOST),
    ("08", UnavailableError, _LOST),
    ("22001", InvalidInputError, _TOO_LONG),
    ("22003", InvalidInputError, _TOO_BIG),
)
#: By words, where there is no SQLSTATE: failures of connecting, and of the driver itself.
_SAID: tuple[tuple[str, type[DeskError], str], ...] = (
    ("password authentication failed", UnavailableError, _REFUSED),
    ("no password supplied", UnavailableError, _REFUSED),
    ("does not exist", UnavailableError, _NO_SUCH),
    ("too many clients", UnavailableError, _TOO_MANY),
    ("remaining connection slots", UnavailableError, _TOO_MANY),
    ("starting up", UnavailableError, _STARTING),
    ("shutting down", UnavailableError, _STARTING),
    ("recovery mode", UnavailableError, _STARTING),
    ("nul (0x00)", InvalidInputError, "文字里有无法保存的字符（NUL），请去掉后再试。"),
    ("connection failed", UnavailableError, _NOT_REACHED),
    ("connection timeout", UnavailableError, _NOT_REACHED),
    ("resolve host", UnavailableError, _NOT_REACHED),
    ("translate host", UnavailableError, _NOT_REACHED),
    ("connection is closed", UnavailableError, _LOST),
    ("connection is lost", UnavailableError, _LOST),
    ("server closed the connection", UnavailableError, _LOST),
    ("consuming input failed", UnavailableError, _LOST),
)
