"""Three servers of a module's own and the service on them: to kill, freeze, start again."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psutil
from services import servers
from support.receivers import Receiver
from support.service import Service, until
from support.sites import Site
from support.sizes import Size

from posts.log.kafka import KafkaLog
from posts.log.kafka_settings import KafkaSettings
from posts.log.port import RAW, SCORED, SIGNALS

READERS = ((RAW, "scoring"), (SCORED, "grouping"), (SIGNALS, "responder"))
PATIENT_S = 240.0  # a test machine has other work too


@dataclass(frozen=True)
class Answered:
    """Status, text and seconds of one request."""

    status: int
    text: str
    seconds: float


@dataclass
class Engines:
    """The servers by name, and what the service's environment says of them."""

    kafka: servers.Server
    elasticsearch: servers.Server
    postgres: servers.Server

    @property
    def size(self) -> Size:
        """For support.service: the default names of topics and indices, nobody else is there."""
        return Size(
            "distributed",
            {
                "YUQING_KAFKA": self.kafka.address,
                "YUQING_ELASTICSEARCH": self.elasticsearch.address,
                "YUQING_ELASTICSEARCH_PREFIX": "yuqing",
                "YUQING_DATABASE_URL": self.postgres.address,
                "YUQING_ANALYZE__SCORER": "trivial",
            },
        )

    def start(self, *names: str) -> None:
        """These again, side by side."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: getattr(self, name).start(), names))

    def lags(self) -> list[int]:
        """What each group has not read yet; asked by a connection of our own."""
        log = KafkaLog(KafkaSettings(bootstrap=self.kafka.address))
        try:
            return [log.lag(topic, group) for topic, group in READERS]
        finally:
            log.close()

    def tell_index(self, method: str, path: str, body: Any = None) -> Any:
        """One request to Elasticsearch itself."""
        return tell_index(self.elasticsearch.address, method, path, body)


def tell_index(url: str, method: str, path: str, body: Any = None) -> Any:
    """One request to that Elasticsearch."""
    request = urllib.request.Request(
        f"{url}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@contextlib.contextmanager
def own_engines(folder: Path) -> Iterator[Engines]:
    """All three, started side by side; gone afterwards."""
    made = {
        name: kind(Path(tempfile.mkdtemp(prefix=f"own-{name}.", dir=folder)))
        for name, kind in servers.KINDS.items()
    }
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda one: one.start(), made.values()))
        yield Engines(**made)
    finally:
        for one in made.values():
            with contextlib.suppress(ProcessLookupError):
                one.thaw()
            one.kill()
            shutil.rmtree(one.home, ignore_errors=True)


def ask(up: Service, path: str, *, timeout: float = 60) -> Answered:
    """A page or JSON as the first user, whatever its status."""
    request = urllib.request.Request(
        up.url + path, headers={"Authorization": f"Bearer {up.first['api_token']}"}
    )
    began = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read().decode()
    return Answered(status, text, time.monotonic() - began)


def enter(up: Service, text: str) -> str | None:
    """Enter a lead; None where it stands, else the sentence with which it was refused."""
    try:
        up.call("POST", "api/v1/leads", {"how": "来电", "text": text})
    except urllib.error.HTTPError as error:
        with error:
            if error.code == HTTPStatus.SERVICE_UNAVAILABLE:
                return str(json.loads(error.read())["error"]["message"])
            raise
    return None


def restarts(up: Service) -> dict[str, int]:
    """How often each stage was started again, as the desk says."""
    return {one["name"]: one["restarts"] for one in up.get("api/v1/stages")["items"]}


def four_stages(up: Service) -> dict[str, psutil.Process]:
    """Serve, analyze, respond and crawl, once all run."""
    wanted = {"serve", "analyze", "respond", "crawl"}
    return until(lambda: set(now := up.children()) == wanted and now, what="four stages run")


def no_traceback(data: Path) -> None:
    """No stage wrote one."""
    for file in (data / "logs").iterdir():
        text = file.read_text(encoding="utf-8")
        at = text.find("Traceback")
        assert at < 0, (file.name, text[max(0, at - 500) : at + 3000])


class Gazette:
    """A site with one list page, to which articles are added."""

    def __init__(self) -> None:
        self.site = Site()
        self._rows: list[str] = []

    def publish(self, word: str) -> None:
        """An article whose title begins with the word."""
        title = f"{word}关于城东片区供水恢复情况的公告"
        path = f"/art/20260301_{len(self._rows):06d}.html"
        self.site.page(
            path,
            f"<html><head><title>{title}</title></head><body><h1>{title}</h1>"
            "<p>发布时间：2026-03-01 09:30</p><div class='content'>"
            + f"<p>{word}：经抢修，城东片区今日恢复正常供水，给居民带来不便，敬请谅解。</p>" * 4
            + "</div></body></html>",
        )
        self._rows.insert(0, f'<li><a href="{path}">{title}</a><span>2026-03-01</span></li>')
        self.site.page("/list.html", f"<html><body><ul>{''.join(self._rows)}</ul></body></html>")


def configuration(hook: Receiver, gazette: Gazette) -> str:
    """yuqing.toml with that receiver as a channel and that site as a source."""
    return f"""
[crawl]
allow_private = ["127.0.0.0/8"]

[respond]
allow_private = ["127.0.0.0/8"]

[[channel]]
name = "hook"
kind = "webhook"
url = "{hook.url}"
bundle_s = 0

[[source]]
id = "gazette"
name = "公告"
url = "{gazette.site.root}/list.html"
interval_s = 5
"""


def settled(engines: Engines, wanted: Callable[[], bool], what: str) -> float:
    """Seconds until that holds and every group has read all."""
    began = time.monotonic()
    until(
        lambda: wanted() and not any(engines.lags()), what=what, deadline_s=PATIENT_S, every_s=0.3
    )
    return time.monotonic() - began


class Callers(threading.Thread):
    """Enters leads all the time; keeps what stands, and tries again what was refused.

    ``text`` with ``{}`` for the number.
    """

    def __init__(self, up: Service, text: str) -> None:
        super().__init__()
        self._up = up
        self._text = text
        self.stopped = threading.Event()
        self.standing: list[str] = []
        self.refused: list[str] = []

    def more(self, count: int) -> Callable[[], bool]:
        """Whether so many more leads stand than now."""
        wanted = len(self.standing) + count
        return lambda: len(self.standing) >= wanted

    def run(self) -> None:
        number = 0
        while not self.stopped.wait(0.1):
            text = self._text.format(number)
            try:
                sentence = enter(self._up, text)
            except OSError as error:  # the console itself was killed
                sentence = f"OSError {error}"
            if sentence is None:
                self.standing.append(text)
                number += 1
            else:
                self.refused.append(sentence)
