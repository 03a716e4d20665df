from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable

import pytest
from support.crawling import health, register
from support.sites import Answer, Site, listing, serving

from crawlers.failures import CrawlFailure
from crawlers.guard import Guard
from crawlers.run import crawl_once
from crawlers.settings import CrawlSettings
from posts.log.memory import MemoryLog
from registry.addresses import is_public
from registry.db import Database
from registry.errors import InvalidInputError


@pytest.fixture
def site():
    with serving() as site:
        yield site


def check(guard: Guard, url: str) -> list[str]:
    return asyncio.run(guard.check(url))


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1", "255.255.255.255",
        "192.0.2.1", "198.18.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "fd12::1",
        "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b:1::1", "2002:7f00:1::", "2001:0:53aa:64c::1", "::127.0.0.1", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_open_internet(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "114.114.114.114", "2400:3200::1", "::ffff:8.8.8.8"])
def test_addresses_of_the_open_internet(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://2130706433/", "http://0x7f000001/",
        "http://0177.0.0.1/", "http://127.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
        "http://0/", "http://localhost./", "http://127.0.0.1:22/", "file:///etc/passwd",
        "ftp://8.8.8.8/", "gopher://8.8.8.8/", "http:///", "http://[bad/", "http://a:99999/",
    ],
)  # fmt: skip
def test_no_form_of_writing_gets_through(url: str) -> None:
    with pytest.raises(CrawlFailure) as refused:
        check(Guard(), url)
    assert refused.value.code == "refused_address"


def test_a_name_with_one_private_address_keeps_only_the_public_one() -> None:
    guard = Guard(resolve=lambda _: ["10.0.0.1", "8.8.8.8", "nonsense"])
    assert check(guard, "http://mixed.example.cn/") == ["8.8.8.8"]
    assert guard.kept("mixed.example.cn", 80) == ["8.8.8.8"]
    assert guard.kept("mixed.example.cn", 443) == []


def test_a_name_that_changes_its_mind_is_not_asked_again_for_the_connection() -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    time = 0.0
    guard = Guard(resolve=lambda _: next(answers), clock=lambda: time)
    check(guard, "http://rebind.example.cn/")
    check(guard, "http://rebind.example.cn/again")
    assert guard.kept("rebind.example.cn", 80) == ["8.8.8.8"]
    time = 120.0
    with pytest.raises(CrawlFailure, match=r"crawl\.allow_private"):
        check(guard, "http://rebind.example.cn/")
    assert guard.kept("rebind.example.cn", 80) == []


def test_what_does_not_resolve_is_no_refusal() -> None:
    def unknown(_: str) -> list[str]:
        raise socket.gaierror(-2, "unknown")

    with pytest.raises(CrawlFailure) as failure:
        check(Guard(resolve=unknown), "http://nowhere.example.cn/")
    assert failure.value.code == "connection"


@pytest.mark.parametrize(
    ("entry", "url", "let_through"),
    [
        ("127.0.0.2", "http://127.0.0.2:8001/", True),
        ("127.0.0.2", "http://127.0.0.3:8001/", False),
        ("127.0.0.2:8001", "http://127.0.0.2:8001/", True),
        ("127.0.0.2:8001", "http://127.0.0.2:22/", False),
        ("127.0.0.0/29", "http://127.0.0.5/", True),
        ("127.0.0.0/29", "http://127.0.0.9/", False),
        ("localhost", "http://localhost/", True),
        ("localhost:80", "http://localhost:81/", False),
        ("::1", "http://[::1]/", True),
        ("[::1]:80", "http://[::1]:80/", True),
        ("10.0.0.0/8", "http://127.0.0.1/", False),
    ],
)
def test_what_an_administrator_lists_is_let_through(
    entry: str, url: str, let_through: bool
) -> None:
    guard = Guard([entry])
    if let_through:
        assert check(guard, url)
    else:
        with pytest.raises(CrawlFailure):
            check(guard, url)


@pytest.mark.parametrize("entry", ["", "10.0.0.0/99", "http://10.0.0.1/", "a b/c", "10.0.0.1:x"])
def test_an_entry_that_says_nothing_is_an_error_at_once(entry: str) -> None:
    with pytest.raises(InvalidInputError, match="allow_private"):
        Guard([entry])


@pytest.mark.parametrize(
    "source_url",
    [
        lambda site: f"{site.root}/list.html",
        lambda site: f"http://localhost:{site.port}/list.html",
        lambda site: f"http://2130706433:{site.port}/list.html",
        lambda site: f"http://0x7f.1:{site.port}/list.html",
        lambda site: f"http://[::ffff:127.0.0.1]:{site.port}/list.html",
    ],
)
def test_a_crawl_never_connects_to_what_is_refused(
    site: Site, database: Database, log: MemoryLog, source_url: Callable[[Site], str]
) -> None:
    register(database, url=source_url(site))
    settings = CrawlSettings(delay_s=0.01, obey_robots=False)

    assert crawl_once(database=database, log=log, settings=settings) == 0
    assert site.asked == []
    shown = health(database)
    assert shown.failure == "refused_address"
    assert "crawl.allow_private" in shown.detail


def test_a_redirect_to_a_refused_address_is_not_followed(
    site: Site, database: Database, log: MemoryLog
) -> None:
    with serving("127.0.0.2") as canary:
        canary.page("/secret.html", listing([("/art/1.html", "内部文件不得外传公告")]))
        target = {"Location": canary.root + "/secret.html"}
        site.page("/list.html", Answer(status=302, headers=target))
        register(database, url=site.root + "/list.html")
        settings = CrawlSettings(delay_s=0.01, allow_private=(f"127.0.0.1:{site.port}",))

        assert crawl_once(database=database, log=log, settings=settings) == 0
        assert canary.asked == []
    assert health(database).failure == "refused_address"
