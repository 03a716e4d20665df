"""The search index as a whole: moved to a new mapping, or filled again from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from registry.errors import ConflictError, InvalidInputError
from yuqing.commands.options import ConfigOption, DataOption, wire

if TYPE_CHECKING:
    from posts.index.elasticsearch import ElasticsearchIndex
    from posts.index.port import PostIndex
    from posts.model import ScoredPost
    from registry.lease import Tenure
    from yuqing.wiring import Wiring

LEASE = "index-migrate"
_LEASE_TTL_S = 120.0  # longer than any one step: the lease is renewed in between steps only
_TOLD_EVERY = 10_000


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        name="index", help="检索索引：迁移到新结构、从消息日志重建。", no_args_is_help=True
    )
    group.command("migrate")(migrate)
    group.command("rebuild")(rebuild)
    app.add_typer(group)


def migrate(config: ConfigOption = None, data: DataOption = None) -> None:
    """把 Elasticsearch 里各月的索引迁到本版本的结构，检索和写入都不停。"""
    from posts.index.elasticsearch_migrating import Migration

    wiring = wire(config, data)
    index = _distributed(wiring.index)
    alone = _alone(wiring)
    try:
        migration = Migration(index, go_on=lambda: _go_on(wiring, alone))
        months = migration.months()
        typer.echo(
            f"要迁移 {len(months)} 个月的索引。" if months else "各月的索引都是本版本的结构。"
        )
        for month in months:
            copied = migration.move(month)
            typer.echo(f"{month}：已迁移，复制 {copied} 条，旧索引已删除。")
    finally:
        alone.give_back(wiring.database)
        wiring.close()


def _alone(wiring: Wiring) -> Tenure:
    """The right to migrate, for one at a time. Raises ConflictError."""
    from registry import lease
    from yuqing.wiring import now

    tenure = lease.Tenure(LEASE, holder=wiring.holder, ttl_s=_LEASE_TTL_S)
    if tenure.hold(wiring.database, now()):
        return tenure
    with wiring.database.reading() as session:
        other = lease.holder(session, LEASE)
    wiring.close()
    raise ConflictError(
        f"已有一个索引迁移在运行（{other}）。请等它做完；"
        f"如果它是被中断的，{_LEASE_TTL_S / 60:.0f} 分钟后可以重新运行，会接着做完。"
    )


def _go_on(wiring: Wiring, alone: Tenure) -> None:
    """Keep that right; ConflictError where this process stood still until another one took it."""
    from yuqing.wiring import now

    if not alone.hold(wiring.database, now()):
        raise ConflictError("这次迁移停顿太久，另一个迁移已经接手。这里不再继续，数据没有丢失。")


def rebuild(config: ConfigOption = None, data: DataOption = None) -> None:
    """用消息日志里还留着的已打分帖文补全检索索引；已有的较新版本不会被盖掉。"""
    from posts.codec import decode
    from posts.errors import PoisonError
    from posts.log.port import SCORED
    from posts.model import ScoredPost

    wiring = wire(config, data)
    read = created = updated = unreadable = 0
    told = _TOLD_EVERY
    for records in wiring.log.read_all(SCORED):
        batch = []
        for record in records:
            try:
                batch.append(decode(record.value, ScoredPost))
            except PoisonError:
                unreadable += 1
        new, newer, lost = _written(wiring.index, batch)
        created, updated, unreadable = created + new, updated + newer, unreadable + lost
        read += len(records)
        if read >= told:
            typer.echo(f"已读 {read} 条……", err=True)
            told += _TOLD_EVERY
    wiring.close()
    typer.echo(
        f"读了 {read} 条：补上 {created} 条，更新 {updated} 条，"
        f"其余 {read - created - updated - unreadable} 条已在索引里。"
        "比消息日志的保留期更早的帖文无法从这里补。"
    )
    if unreadable:
        typer.echo(f"{unreadable} 条读不出或存不下，已略过。", err=True)


def _written(index: PostIndex, batch: list[ScoredPost]) -> tuple[int, int, int]:
    """(new, newer, never to be stored); what is poison is found by halving."""
    from posts.errors import PoisonError

    try:
        done = index.write(batch)
    except PoisonError:
        if len(batch) == 1:
            return 0, 0, 1
        half = len(batch) // 2
        one, two = _written(index, batch[:half]), _written(index, batch[half:])
        return one[0] + two[0], one[1] + two[1], one[2] + two[2]
    return done.created, done.updated, 0


def _distributed(index: PostIndex) -> ElasticsearchIndex:
    from posts.index.elasticsearch import ElasticsearchIndex

    if not isinstance(index, ElasticsearchIndex):
        raise InvalidInputError(
            "现在用的是数据目录里的 SQLite 索引，升级时自动迁移，不用这条命令。"
            "要迁移 Elasticsearch 的索引，请设置 YUQING_ELASTICSEARCH。"
        )
    return index
