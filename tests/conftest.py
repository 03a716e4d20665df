"""Promises, needs and the closing table: what was kept, with its figure, and what was not tried."""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from services import servers

ROOT = Path(__file__).resolve().parent.parent
REQUIRED = os.environ.get("REQUIRE_SERVICES") == "1"

_figures = pytest.StashKey[dict[str, list[str]]]()
_results = pytest.StashKey[dict[str, list[str]]]()
_untried = pytest.StashKey[dict[str, str]]()


def _eval_data() -> Path | None:
    path = Path(os.environ.get("YUQING_EVAL_DATA") or ROOT.parent / "shared" / "data")
    return path if path.is_dir() else None


def _chromium() -> Path | None:
    found = shutil.which("chromium")
    return Path(found) if found else None


@functools.cache
def _tmpfs() -> Path | None:
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        return None
    with tempfile.TemporaryDirectory() as place:
        tried = [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", place]
        if subprocess.run(tried, capture_output=True, check=False).returncode:
            return None
        subprocess.run([umount, place], check=True)
    return Path(mount)


def _unless(found: Path | None, sentence: str) -> str | None:
    return None if found else sentence


@functools.cache
def _netns() -> Path | None:
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    tried = [unshare, "--map-root-user", "--net", "true"]
    if os.geteuid() == 0:
        tried.remove("--map-root-user")
    done = subprocess.run(tried, capture_output=True, check=False)
    return Path(unshare) if done.returncode == 0 else None


NEEDS: dict[str, Callable[[], str | None]] = {  # why a test can't be tried here, or None
    "eval_data": lambda: _unless(
        _eval_data(), "the evaluation data (YUQING_EVAL_DATA) is not here"
    ),
    "chromium": lambda: _unless(_chromium(), "Chromium is not installed (Debian package chromium)"),
    "tmpfs": lambda: _unless(
        _tmpfs(), "a small disk can't be mounted here (that takes the right to mount)"
    ),
    "netns": lambda: _unless(
        _netns(), "an empty network can't be made here (unshare --net, that takes the right to)"
    ),
    "kafka": functools.partial(servers.missing, "kafka"),
    "elasticsearch": functools.partial(servers.missing, "elasticsearch"),
    "postgres": functools.partial(servers.missing, "postgres"),
}


def pytest_configure(config: pytest.Config) -> None:
    # Ended from outside it tears down like at Ctrl-C: no server is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.stash[_figures] = {}
    config.stash[_results] = {}
    config.stash[_untried] = {}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            sentence = NEEDS[name]()
            if sentence is not None:
                item.config.stash[_untried][item.nodeid] = sentence
                if REQUIRED:
                    pytest.fail(f"not tried: {sentence}", pytrace=False)
                pytest.skip(f"not tried: {sentence}")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that a test calls in this process sets up logging for itself, not for the next."""
    before = structlog.get_config()
    yield
    if structlog.get_config() != before:
        structlog.configure(**before)


@pytest.fixture(scope="session")
def eval_data() -> Path:
    """The folder of real data; a test that takes it carries ``@pytest.mark.needs("eval_data")``."""
    path = _eval_data()
    assert path is not None
    return path


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The system's Chromium; the test carries ``@pytest.mark.needs("chromium")``."""
    path = _chromium()
    assert path is not None
    return path


def _shared(name: str, base: Path) -> Iterator[str]:
    """The address given from outside, or that of a server that this run starts and ends."""
    given = os.environ.get(servers.GIVEN[name])
    if given:
        yield given
        return
    server = servers.KINDS[name](base / name)
    try:
        server.start()
        yield server.address
    finally:
        server.remove()


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """Where servers of this run have their folders: readable by the users that they run as."""
    base = Path(tempfile.mkdtemp(prefix="yuqing-servers."))
    base.chmod(0o755)
    yield base
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka_bootstrap(servers_folder: Path) -> Iterator[str]:
    """host:port of a real broker for all tests; they carry ``@pytest.mark.needs("kafka")``."""
    yield from _shared("kafka", servers_folder)


@pytest.fixture(scope="session")
def elasticsearch_url(servers_folder: Path) -> Iterator[str]:
    """URL of a real Elasticsearch for all tests, ``@pytest.mark.needs("elasticsearch")``."""
    yield from _shared("elasticsearch", servers_folder)


@pytest.fixture(scope="session")
def database_url(servers_folder: Path) -> Iterator[str]:
    """URL of a real PostgreSQL for all tests, ``@pytest.mark.needs("postgres")``."""
    yield from _shared("postgres", servers_folder)


@pytest.fixture
def own_server(servers_folder: Path) -> Iterator[Callable[[str], servers.Server]]:
    """A server of the test's own, started, to kill, freeze and start again as it likes."""
    started: list[servers.Server] = []

    def start(name: str) -> servers.Server:
        home = Path(tempfile.mkdtemp(prefix=f"own-{name}.", dir=servers_folder))
        server = servers.KINDS[name](home)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.remove()


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say the figure that a promise's test measured; it stands in the closing table."""

    def say(text: str) -> None:
        for mark in request.node.iter_markers("promise"):
            for promise in mark.args:
                request.config.stash[_figures].setdefault(promise, []).append(text)

    return say


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" and report.passed:
        return
    for mark in item.iter_markers("promise"):
        for promise in mark.args:
            item.config.stash[_results].setdefault(promise, []).append(report.outcome)


def _all_promises() -> list[str]:
    return [f"P{number}" for number in range(1, 39)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    config = terminalreporter.config
    results = config.stash[_results]
    untried = config.stash[_untried]
    if untried:
        terminalreporter.section("not tried")
        for nodeid, sentence in sorted(untried.items()):
            terminalreporter.write_line(f"not tried  {nodeid}: {sentence}")
    if not results:
        return
    terminalreporter.section("promises")
    whole_run = len(results) > 3
    for promise in sorted({*results, *(_all_promises() if whole_run else ())}, key=_number):
        seen = results.get(promise)
        if seen is None:
            state = "later"
        elif "failed" in seen:
            state = "BROKEN"
        elif "skipped" in seen:
            state = "not tried"
        else:
            state = "kept"
        said = "; ".join(dict.fromkeys(config.stash[_figures].get(promise, [])))
        terminalreporter.write_line(f"{promise:<4} {state:<9} {said}".rstrip())


def _number(promise: str) -> int:
    match = re.search(r"\d+", promise)
    return int(match.group()) if match else 0
