from __future__ import annotations

import asyncio
from datetime import timedelta

from support.crawling import NOW

from crawlers.gate import Gate
from crawlers.patience import Patience
from crawlers.revisits import Revisits


def test_what_fails_is_left_alone_twice_as_long_each_time() -> None:
    at = [0.0]
    patience = Patience(clock=lambda: at[0])
    pauses = []
    for _ in range(14):
        patience.failed("a")
        began = at[0]
        while not patience.allows("a"):
            at[0] += 30
        pauses.append(at[0] - began)
    assert pauses[:4] == [60, 120, 240, 480]
    assert pauses[-1] == 24 * 3600
    assert patience.allows("b")


def test_an_article_is_looked_at_again_ever_more_rarely_and_for_a_day() -> None:
    revisits = Revisits()
    looks = []
    for minute in range(60 * 30):
        now = NOW + timedelta(minutes=minute)
        if revisits.due("a", NOW, now):
            revisits.looked("a", now)
            looks.append(minute)
    assert looks[:3] == [10, 20, 40]
    assert len(looks) < 12
    assert looks[-1] <= 24 * 60


def test_one_request_a_host_and_so_many_over_all() -> None:
    async def crowd() -> tuple[int, int]:
        gate = Gate(3)
        out: list[str] = []
        most = most_of_one = 0

        async def ask(host: str) -> None:
            nonlocal most, most_of_one
            async with gate.through(f"http://{host}/"):
                out.append(host)
                most = max(most, len(out))
                most_of_one = max(most_of_one, out.count(host))
                await asyncio.sleep(0)
                out.remove(host)

        await asyncio.gather(*(ask(f"h{number % 7}") for number in range(70)))
        assert gate._hosts == {}
        return most, most_of_one

    assert asyncio.run(crowd()) == (3, 1)


def test_a_crowd_before_one_host_does_not_keep_another_waiting() -> None:
    async def crowd() -> list[str]:
        gate = Gate(2)
        order: list[str] = []

        async def ask(host: str) -> None:
            async with gate.through(f"http://{host}/"):
                await asyncio.sleep(0.001)
                order.append(host)

        await asyncio.gather(*(ask("slow") for _ in range(20)), ask("quick"))
        return order

    assert asyncio.run(crowd()).index("quick") <= 2
