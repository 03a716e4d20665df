"""``yuqing doctor``: what a person would check first, checked."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta

from posts.errors import PostsError
from posts.findings import Finding, State
from posts.log.port import RAW, SCORED, SIGNALS
from registry import areas, channels, clock_skew, sources, stages
from registry.errors import DeskError
from yuqing.folder import FREE_WARNING_BYTES
from yuqing.listening import certificate, valid_until
from yuqing.verification import file_fault
from yuqing.wiring import Wiring, now

Check = Callable[[Wiring], tuple[State, str, str]]
EngineCheck = Callable[[Wiring], Iterator[Finding]]

STALE_S = 60
CERTIFICATE_WARNING = timedelta(days=30)
LAG_WARNING = 5_000
CHECKED_BYTES = 500_000_000  # a few seconds of reading


def examine(wiring: Wiring) -> Iterator[Finding]:
    """Every finding in turn; a check that fails is a finding, never an exception.

    What is away fails in many checks; it is told once.
    """
    said: set[str] = set()
    for finding in _everything(wiring):
        if finding.state == "bad" and finding.sentence in said:
            continue
        said.add(finding.sentence)
        yield finding


def _everything(wiring: Wiring) -> Iterator[Finding]:
    for what, check in (
        ("运行环境", _environment),
        ("数据目录", _folder),
        ("数据文件", _files),
        ("证书", _certificate),
    ):
        yield _guarded(what, check, wiring)
    for what, engine in (("关系库", _postgresql), ("消息日志", _kafka), ("检索索引", _elastic)):
        yield from _engine(what, engine, wiring)
    for what, check in (
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


def _guarded(what: str, check: Check, wiring: Wiring) -> Finding:
    where = _place(what, wiring)
    try:
        state, sentence, todo = check(wiring)
    except DeskError as error:
        return Finding("bad", what, error.message, where)
    except (PostsError, OSError) as error:
        return Finding("bad", what, str(error), where)
    return Finding(state, what, sentence, where, todo)


def _engine(what: str, check: EngineCheck, wiring: Wiring) -> Iterator[Finding]:
    """What a server of its own says; where it is away that is one finding, and the rest goes on."""
    try:
        yield from check(wiring)
    except DeskError as error:
        yield Finding("bad", what, error.message, _place(what, wiring))
    except (PostsError, OSError) as error:
        yield Finding("bad", what, str(error), _place(what, wiring))


def _place(what: str, wiring: Wiring) -> str:
    """Where it is, without a password."""
    settings, folder = wiring.settings, wiring.folder
    match what:
        case "关系库":
            return wiring.bare_database().place
        case "消息日志":
            return f"Kafka {settings.kafka}" if settings.kafka else str(folder.log)
        case "检索索引":
            return "Elasticsearch" if settings.elasticsearch else str(folder.index)
        case "数据目录" | "数据文件":
            return str(folder.path)
        case _:
            return ""


def _postgresql(wiring: Wiring) -> Iterator[Finding]:
    if wiring.settings.database_url:
        from registry import db_checking

        yield from db_checking.check(wiring.bare_database(), now)


def _kafka(wiring: Wiring) -> Iterator[Finding]:
    if not wiring.settings.kafka:
        return
    from posts.log import kafka_checking
    from yuqing.settings_kafka import adapter_settings

    def write(topic: str) -> None:
        wiring.log.append(topic, [("doctor", b"{}")])

    yield from kafka_checking.check(adapter_settings(wiring.settings), write, now)


def _elastic(wiring: Wiring) -> Iterator[Finding]:
    if not wiring.settings.elasticsearch:
        return
    from posts.index import elasticsearch_checking
    from yuqing.settings_elasticsearch import adapter_settings

    yield from elasticsearch_checking.check(adapter_settings(wiring.settings), now)


def _environment(_wiring: Wiring) -> tuple[State, str, str]:
    said = f"Python {platform.python_version()}，{platform.system()} {platform.machine()}"
    return "ok", said, ""


def _folder(wiring: Wiring) -> tuple[State, str, str]:
    wiring.folder.make()
    free = wiring.folder.free_bytes()
    sentence = f"剩余 {free / 1e9:.1f} GB"
    if free < FREE_WARNING_BYTES:
        return "bad", f"{sentence}，不足 0.5 GB", "清理磁盘，或把数据目录移到大的磁盘上"
    return "ok", sentence, ""


def _files(wiring: Wiring) -> tuple[State, str, str]:
    folder = wiring.folder
    files = [file for file in (folder.registry, folder.log, folder.index) if file.exists()]
    size = sum(file.stat().st_size for file in files)
    if size > CHECKED_BYTES:
        return "ok", f"{size / 1e9:.1f} GB，没有逐页检查；请在空闲时运行 yuqing verify", ""
    faults = [fault for file in files if (fault := file_fault(file))]
    if faults:
        return "bad", "；".join(faults), ""
    return "ok", f"{len(files)} 个，逐页检查完整", ""


def _certificate(wiring: Wiring) -> tuple[State, str, str]:
    files = certificate(wiring.settings.server)
    if files is None:
        return "ok", "控制台自己不做 TLS", ""
    left = valid_until(*files) - now()
    sentence = f"{files[0]} 还有 {left.days} 天到期"
    if left < CERTIFICATE_WARNING:
        return "warn", sentence, "换发证书，换好文件后重启控制台"
    return "ok", sentence, ""


def _database(wiring: Wiring) -> tuple[State, str, str]:
    with wiring.database.reading() as session:
        count = len(sources.everything(session))
    return "ok", f"可读写，登记信源 {count} 个", ""


def _log(wiring: Wiring) -> tuple[State, str, str]:
    waiting = {
        "待打分": wiring.log.lag(RAW, "scoring"),
        "待归并": wiring.log.lag(SCORED, "grouping"),
        "待处置": wiring.log.lag(SIGNALS, "responder"),
    }
    dead = len(wiring.log.dead_letters(1000))
    sentence = "，".join(f"{name} {lag} 条" for name, lag in waiting.items())
    if dead:
        todo = "用 yuqing dead-letters list 看处理不了的原因，修好后 replay"
        return "warn", f"{sentence}；死信 {dead} 条", todo
    if max(waiting.values()) > LAG_WARNING:
        return "warn", sentence, "增加 analyze，或等它消化；见运行手册 YuqingScoringBehind"
    return "ok", sentence, ""


def _index(wiring: Wiring) -> tuple[State, str, str]:
    from posts.index.port import Query

    return "ok", f"已入库 {wiring.index.count(Query())} 条", ""


def _area(wiring: Wiring) -> tuple[State, str, str]:
    with wiring.database.reading() as session:
        own = areas.own(session)
    if not own:
        return "warn", "还没有设定本地区", "运行 yuqing init --area 区划代码 生成配置"
    return "ok", f"{own[0].name} 等 {len(own)} 个区划和地名", ""


def _sources(wiring: Wiring) -> tuple[State, str, str]:
    with wiring.database.reading() as session:
        states = sources.health(session, now=now())
    blind = [source.name for source, health in states if health.state == "blind"]
    if blind:
        return "warn", f"看不见的信源：{'、'.join(blind)}", "在控制台“监测”里看原因"
    return "ok", f"共 {len(states)} 个，没有失明", ""


def _stages(wiring: Wiring) -> tuple[State, str, str]:
    moment = now()
    with wiring.database.reading() as session:
        found = stages.everything(session)
    if not found:
        return "warn", "服务还没有启动过", "运行 yuqing up"
    words = []
    worst: State = "ok"
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
    return worst, "，".join(words), "" if worst == "ok" else "看数据目录 logs 里该环节的日志"


def _channels(wiring: Wiring) -> tuple[State, str, str]:
    with wiring.database.reading() as session:
        found = channels.everything(session)
    failing = [one for one in found if one.state == channels.FAILING]
    if failing:
        said = "；".join(f"{one.name} 发不出：{one.detail}" for one in failing)
        return "bad", said, "改好后运行 yuqing notify test 渠道"
    if not [one for one in found if one.name != "console"]:
        said = "除控制台外没有通知渠道，没人看着控制台时收不到提醒"
        return "warn", said, "设置 [[channel]]，见 docs/settings.md"
    return "ok", f"{len(found)} 个：{'、'.join(one.name for one in found)}", ""


def _clock(wiring: Wiring) -> tuple[State, str, str]:
    with wiring.database.reading() as session:
        skew = clock_skew.measured(session, now=now())
    if skew is None:
        return "ok", "近两小时取到的网站不足三个，没有核对", ""
    if skew.off:
        return "bad", skew.sentence, ""
    said = f"与 {skew.witnesses} 个网站的时间相差 {skew.offset.total_seconds():.0f} 秒"
    return "ok", said, ""


def _scorer(wiring: Wiring) -> tuple[State, str, str]:
    name = wiring.settings.analyze.scorer
    if name == "snownlp" and importlib.util.find_spec("snownlp") is None:
        return "bad", "缺少 snownlp 包", f"在 {sys.prefix} 里重新安装（make env 或离线包）"
    if name != "snownlp":  # which takes seconds and 420 MB to load
        wiring.scorer()
    return "ok", name, ""
