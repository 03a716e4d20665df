"""The channels that the settings make: one for each address, with what its maker documents."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from registry.errors import InvalidInputError
from yuqing.channels import limits, notifiers
from yuqing.settings import ChannelSettings, RespondSettings, Settings

MAIL = "mailto://mail.example?from=a@example.com&to=b@example.com"


def settings(*channels: dict, urls: tuple[str, ...] = ()) -> Settings:
    return Settings(
        respond=RespondSettings(notify_urls=list(urls)),
        channel=[ChannelSettings(**one) for one in channels],
    )


def made(given: Settings) -> list[str]:
    clock = lambda: datetime.now(UTC)  # noqa: E731
    return [one.name for one in notifiers(given, None, clock)]


def test_each_address_is_a_channel_with_the_limits_of_its_maker():
    given = settings(
        {"name": "work", "kind": "apprise", "urls": ["feishu://t", MAIL], "rate_per_min": 30},
        urls=("wecombot://key", "dingtalk://token"),
    )
    assert made(given) == ["console", "apprise", "apprise-2", "work", "work-2"]
    found = limits(given)
    assert {name: (one.lengths.max_bytes, one.rate_per_min) for name, one in found.items()} == {
        "console": (0, 0),
        "apprise": (2048, 20),
        "apprise-2": (19_000, 20),
        "work": (19_000, 30),
        "work-2": (0, 30),
    }


def test_a_short_message_is_short_unless_the_settings_say_otherwise():
    sms = {"kind": "sms", "url": "https://sms.example/", "phones": ["1"], "template": "T"}
    found = limits(settings({"name": "a", **sms}, {"name": "b", "max_chars": 70, **sms}))
    assert (found["a"].max_chars, found["b"].max_chars) == (500, 70)


def test_names_that_collide_are_told():
    hook = {"kind": "webhook", "url": "https://oa.example/"}
    with pytest.raises(InvalidInputError, match="apprise-2 重复了"):
        made(settings({"name": "apprise-2", **hook}, urls=(MAIL, MAIL)))
    with pytest.raises(InvalidInputError, match="console 是保留的名称"):
        made(settings({"name": "console", **hook}))
    with pytest.raises(InvalidInputError, match=r"w-2（w 的又一个地址） 重复了"):
        made(
            settings(
                {"name": "w-2", **hook}, {"name": "w", "kind": "apprise", "urls": [MAIL, MAIL]}
            )
        )
