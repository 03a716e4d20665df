"""The stages as real processes on the three servers: memory of each, and scorers that share work.

Servers of its own are started unless KAFKA_BOOTSTRAP, ELASTICSEARCH_URL and DATABASE_URL are
given. BENCH_POSTS sets how many posts each part gets (default 6,000).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("ES_JAVA_OPTS", "-Xms1g -Xmx1g")

from services import servers
from support.engines import tell_index
from support.service import environment, run, service, until
from support.sizes import Size, distributed
from support.stores import Postgres

from posts.log.kafka import KafkaLog
from posts.log.kafka_settings import KafkaSettings
from posts.log.port import SCORED
from tests.bench.servers import posts

POSTS = int(os.environ.get("BENCH_POSTS", "6000"))
MEGABYTE = 1024 * 1024
GROUPS, SCORES = "analyze (scores and groups)", "analyze (scores)"
LIMITS = {GROUPS: 400, SCORES: 250, "respond": 200, "serve": 200}
"""MB. Of several analyze processes one groups, which has a bound of its own."""
QUIET = {"YUQING_ANALYZE__SCORER": "trivial"}


def bench() -> Iterator[str]:
    """Lines with the figures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        found = []
        for name, kind in servers.KINDS.items():
            given = os.environ.get(servers.GIVEN[name])
            if not given:
                server = kind(folder / name)
                stack.callback(server.remove)
                server.start()
                given = server.address
            found.append(given)
        store = Postgres(found[2])
        file = folder / "posts.jsonl"
        _write(file)
        yield f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        cpus = []
        for count in (1, 2):
            with distributed(found[0], found[1], store) as size:
                cpu, lines = _scored_by(count, size, folder / f"of-{count}", file)
            cpus.append(cpu)
            yield from lines
        yield f"CPU a post, two scorers against one: {cpus[1] / cpus[0]:.2f} (up to 1.10)"
        with distributed(found[0], found[1], store) as size:
            yield from _memory(size, folder / "memory", file)


def _write(file: Path) -> None:
    with file.open("w", encoding="utf-8") as out:
        for number, post in enumerate(posts(POSTS)):
            row = {"id": number, "text": post.text, "published_at": post.published_at.isoformat()}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def _ingested(size: Size, folder: Path, file: Path) -> tuple[float, float]:
    """Seconds of the clock and of the processor of an import; the log holds all posts then."""
    folder.mkdir(exist_ok=True)
    began, before = time.perf_counter(), _of_children()
    done = run("ingest", str(file), cwd=folder, env=size.env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["accepted"] == POSTS, done.stdout
    return time.perf_counter() - began, _of_children() - before


def _scored_by(count: int, size: Size, folder: Path, file: Path) -> tuple[float, list[str]]:
    """Seconds of the processor for a post, beyond what a start takes; lines."""
    env = size.env | QUIET
    folder.mkdir()
    _drained(1, env, folder)  # makes what is missing, once
    started = _drained(count, env, folder)[1]
    took, used = _ingested(size, folder, file)
    clock, cpu = _drained(count, env, folder)
    each = (cpu - started) / POSTS
    tell_index(
        env["YUQING_ELASTICSEARCH"], "POST", f"{env['YUQING_ELASTICSEARCH_PREFIX']}*/_refresh"
    )
    found = size.indexed(folder)
    log = KafkaLog(KafkaSettings(bootstrap=env["YUQING_KAFKA"], prefix=env["YUQING_KAFKA_PREFIX"]))
    passed_on = log.written(SCORED)
    log.close()
    assert found == POSTS, f"{found} of {POSTS} posts in the index"
    lines = [
        (
            f"import into Kafka and PostgreSQL: {POSTS / took:,.0f} posts/s with its start, "
            f"{1e6 * used / POSTS:,.0f} µs of the processor a post"
        ),
        (
            f"{count} scorer(s): {found:,} of {POSTS:,} posts in the index, each once; "
            f"{passed_on:,} passed on; {clock:.1f} s with the start; "
            f"{1e6 * each:,.0f} µs of the processor a post with grouping (start: {started:.1f} s)"
        ),
    ]
    return each, lines if count == 1 else lines[1:]


def _drained(count: int, env: dict[str, str], folder: Path) -> tuple[float, float]:
    """Seconds of the clock and of the processor of so many ``yuqing analyze --drain``."""
    began, before = time.perf_counter(), _of_children()
    command = [sys.executable, "-m", "yuqing", "analyze", "--drain", "--data"]
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, f"data-{number}"],
                    cwd=folder,
                    env=environment(env),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            for number in range(count)
        ]
        assert not any(one.wait(600) for one in running)
    return time.perf_counter() - began, _of_children() - before


def _of_children() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


def _memory(size: Size, folder: Path, file: Path) -> Iterator[str]:
    with service(folder / "data", cwd=folder.parent, env=size.env) as up, ExitStack() as stack:
        until(lambda: "analyze" in up.children(), what="the stage that groups")
        beside = _scorer(stack, size, folder)
        _ingested(size, folder, file)
        until(lambda: size.indexed(folder) == POSTS, what="all indexed", deadline_s=300)
        for page in ("api/v1/posts?limit=100", "api/v1/posts?q=武汉", "api/v1/alerts") * 10:
            up.get(page.replace("武汉", "%E6%AD%A6%E6%B1%89"))
        stages = {"up": psutil.Process(up.process.pid), **up.children()}
        stages[GROUPS], stages[SCORES] = stages.pop("analyze"), beside
        used = {name: one.memory_full_info().pss / MEGABYTE for name, one in stages.items()}
    over = [name for name, most in LIMITS.items() if used[name] > most]
    yield "memory (PSS, MB) of each stage: " + ", ".join(f"{n} {v:.0f}" for n, v in used.items())
    yield f"  limits {LIMITS}" + (f"  ABOVE: {', '.join(over)}" if over else "")


def _scorer(stack: ExitStack, size: Size, folder: Path) -> psutil.Process:
    """Another analyze beside the one that has the lease of grouping."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "yuqing", "analyze", "--data", "data-beside"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(size.env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return psutil.Process(process.pid)
