"""``yuqing doctor``: what a person would check first, checked."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Callable, Iterator
from typing import Literal

from msgspec import Struct

from posts.errors import PostsError
from posts.log.port import RAW, SCORED, SIGNALS
from registry import areas, channels, clock_skew, sources, stages
from registry.errors import DeskError
from yuqing.folder import FREE_WARNING_BYTES
from yuqing.verification import file_fault
from yuqing.wiring import Wiring, now

STALE_S = 60
LAG_WARNING = 5_000
CHECKED_BYTES = 500_000_000  # a few seconds of reading


class Finding(Struct, frozen=True):
    """One thing that was looked at."""

    state: Literal["ok", "warn", "bad"]
    what: str
    sentence: str


def examine(wiring: Wiring) -> Iterator[Finding]:
    """Every finding in turn; a check that fails is a finding, never an exception."""
    for what, check in (
        ("运行环境", _environment),
        ("数据目录", _folder),
        ("数据文件", _files),
        ("关系库", _database),
        ("消息日志", _log),
        ("检索索引", _index),
        ("本地区", _area),
        ("信源", _sources),
        ("各阶段", _stages),
        ("通知渠道", _channels),
        ("时钟", _clock),
        ("打分器", _scorer),
    ):
        yield _guarded(what, check, wiring)


def _guarded(what: str, check: Callable[[Wiring], tuple[str, str]], wiring: Wiring) -> Finding:
    try:
        state, sentence = check(wiring)
    except DeskError as error:
        state, sentence = "bad", error.message
    except (PostsError, OSError) as error:
        state, sentence = "bad", str(error)
    assert state in ("ok", "warn", "bad")
    return Finding(state, what, sentence)  # type: ignore[arg-type]


def _environment(_wiring: Wiring) -> tuple[str, str]:
    return "ok", f"Python {platform.python_version()}，{platform.system()} {platform.machine()}"


def _folder(wiring: Wiring) -> tuple[str, str]:
    wiring.folder.make()
    free = wiring.folder.free_bytes()
    sentence = f"{wiring.folder.path}，剩余 {free / 1e9:.1f} GB"
    if free < FREE_WARNING_BYTES:
        return "bad", f"{sentence}，不足 0.5 GB，请清理磁盘"
    return "ok", sentence


def _files(wiring: Wiring) -> tuple[str, str]:
    folder = wiring.folder
    files = [file for file in (folder.registry, folder.log, folder.index) if file.exists()]
    size = sum(file.stat().st_size for file in files)
    if size > CHECKED_BYTES:
        return "ok", f"{size / 1e9:.1f} GB，没有逐页检查；请在空闲时运行 yuqing verify"
    faults = [fault for file in files if (fault := file_fault(file))]
    return ("bad", "；".join(faults)) if faults else ("ok", f"{len(files)} 个，逐页检查完整")


def _database(wiring: Wiring) -> tuple[str, str]:
    with wiring.database.reading() as session:
        count = len(sources.everything(session))
    return "ok", f"可读写，登记信源 {count} 个"


def _log(wiring: Wiring) -> tuple[str, str]:
    waiting = {
        "待打分": wiring.log.lag(RAW, "scoring"),
        "待归并": wiring.log.lag(SCORED, "grouping"),
        "待处置": wiring.log.lag(SIGNALS, "responder"),
    }
    dead = len(wiring.log.dead_letters(1000))
    sentence = "，".join(f"{name} {lag} 条" for name, lag in waiting.items())
    if dead:
        return "warn", f"{sentence}；死信 {dead} 条，请看处理不了的原因"
    return ("warn" if max(waiting.values()) > LAG_WARNING else "ok"), sentence


def _index(wiring: Wiring) -> tuple[str, str]:
    from posts.index.port import Query

    return "ok", f"已入库 {wiring.index.count(Query())} 条"


def _area(wiring: Wiring) -> tuple[str, str]:
    with wiring.database.reading() as session:
        own = areas.own(session)
    if not own:
        return "warn", "还没有设定本地区；请运行 yuqing init --area 区划代码 生成配置"
    return "ok", f"{own[0].name} 等 {len(own)} 个区划和地名"


def _sources(wiring: Wiring) -> tuple[str, str]:
    with wiring.database.reading() as session:
        states = sources.health(session, now=now())
    blind = [source.name for source, health in states if health.state == "blind"]
    if blind:
        return "warn", f"看不见的信源：{'、'.join(blind)}"
    return "ok", f"共 {len(states)} 个，没有失明"


def _stages(wiring: Wiring) -> tuple[str, str]:
    moment = now()
    with wiring.database.reading() as session:
        found = stages.everything(session)
    if not found:
        return "warn", "服务还没有启动过（yuqing up）"
    words = []
    worst = "ok"
    for stage in found:
        silent = (moment - stage.beat_at).total_seconds() if stage.beat_at else None
        if stage.state == "running" and silent is not None and silent > STALE_S:
            worst = "bad"
            words.append(f"{stage.name} 已 {silent:.0f} 秒没有动静")
        elif stage.state in ("restarting", "failed", "hung"):
            worst = "bad"
            words.append(f"{stage.name} 反复中断：{stage.error}")
        else:
            words.append(f"{stage.name} {'运行中' if stage.state == 'running' else '未运行'}")
    return worst, "，".join(words)


def _channels(wiring: Wiring) -> tuple[str, str]:
    with wiring.database.reading() as session:
        found = channels.everything(session)
    failing = [one for one in found if one.state == channels.FAILING]
    if failing:
        return "bad", "；".join(f"{one.name} 发不出：{one.detail}" for one in failing)
    if not [one for one in found if one.name != "console"]:
        return "warn", "除控制台外没有通知渠道，没人看着控制台时收不到提醒；见 docs/settings.md"
    return "ok", f"{len(found)} 个：{'、'.join(one.name for one in found)}"


def _clock(wiring: Wiring) -> tuple[str, str]:
    with wiring.database.reading() as session:
        skew = clock_skew.measured(session, now=now())
    if skew is None:
        return "ok", "近两小时取到的网站不足三个，没有核对"
    if skew.off:
        return "bad", skew.sentence
    return "ok", f"与 {skew.witnesses} 个网站的时间相差 {skew.offset.total_seconds():.0f} 秒"


def _scorer(wiring: Wiring) -> tuple[str, str]:
    name = wiring.settings.analyze.scorer
    if name == "snownlp" and importlib.util.find_spec("snownlp") is None:
        return "bad", f"缺少 snownlp 包；请在 {sys.prefix} 里重新安装（make env）"
    return "ok", name
