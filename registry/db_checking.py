"""What ``yuqing doctor`` asks PostgreSQL: version, encoding, rights, connections, clock, size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from sqlalchemy import text

from posts.findings import Finding, of_clock
from registry.db import Database

_OLDEST = 140_000  # as server_version_num counts; what is older gets no corrections any more
_FEW = 10


def check(database: Database, clock: Callable[[], datetime]) -> Iterator[Finding]:
    """Every finding in turn; nothing for SQLite, whose file lies in DATA.

    Raises UnavailableError where the server can't be reached or refuses us.
    """
    if not database.url.drivername.startswith("postgresql"):
        return
    where = database.place
    with database.reading() as session:
        dated = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        yield of_clock("数据库时钟", where, dated.astimezone(UTC) - clock())
        row = session.execute(
            text(
                "SELECT current_setting('server_version') AS version, "
                "current_setting('server_version_num')::int AS number, "
                "current_setting('server_encoding') AS encoding, "
                "has_schema_privilege(current_schema(), 'CREATE') AS may, "
                "current_user AS who, "
                "pg_database_size(current_database()) AS size, "
                "current_setting('max_connections')::int AS most, "
                "(SELECT count(*) FROM pg_stat_activity) AS used"
            )
        ).one()
    if row.number < _OLDEST:
        yield Finding("bad", "数据库版本", row.version, where, "升级到 PostgreSQL 14 或更新")
    else:
        yield Finding("ok", "数据库版本", f"PostgreSQL {row.version}", where)
    if row.encoding != "UTF8":
        todo = "新建 UTF8 编码的库，用 yuqing backup 和 restore 搬过去"
        yield Finding("bad", "数据库编码", row.encoding, where, todo)
    if row.may:
        yield Finding("ok", "数据库权限", f"用户 {row.who} 可以建表", where)
    else:
        todo = "升级时要建表、改表：请管理员运行 GRANT CREATE, USAGE ON SCHEMA public TO 该用户"
        yield Finding("bad", "数据库权限", f"用户 {row.who} 不能建表", where, todo)
    sentence = f"已用 {row.used} 个，最多 {row.most} 个；库大小 {row.size / 1e6:.0f} MB"
    if row.most - row.used < _FEW:
        todo = "增大 max_connections，或减少同时运行的环节"
        yield Finding("warn", "数据库连接", sentence, where, todo)
    else:
        yield Finding("ok", "数据库连接", sentence, where)
