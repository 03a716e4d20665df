"""The channels of the settings, made: who is told, by what, within which limits."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from registry import secrets
from registry.addresses import Admitted
from registry.db import Database
from registry.errors import InvalidInputError
from responder.lanes import Limits
from responder.lengths import Lengths
from responder.notify import AppriseNotifier, ConsoleNotifier, Notifier
from responder.policies.check import is_target
from responder.vendors import Vendor, vendor_of
from yuqing.settings import ChannelSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_RESERVED = ("console", "apprise")
_SLACK_S = 20.0  # a claim outlives its sending by this much
_APPRISE_S = 30.0  # all that one address may take
_MOST_CHARS = {"sms": 500}  # what platforms send as one long message
_KEPT = ("PATH", "LANG", "LC_ALL", "HOME", "TZ")


def notifiers(
    settings: Settings, database: Database, clock: Callable[[], datetime]
) -> list[Notifier]:
    """The console, ``respond.notify_urls`` as the channel ``apprise``, and each [[channel]].

    Raises InvalidInputError for a channel that lacks what its kind needs.
    """
    made: list[Notifier] = [ConsoleNotifier()]
    allowed = Admitted(settings.respond.allow_private, setting="respond.allow_private")
    _check_names(settings)
    for name, url in _numbered("apprise", settings.respond.notify_urls):
        made.append(AppriseNotifier(url, allowed=allowed, name=name, limit_s=_APPRISE_S))
    for one in settings.channel:
        made += _notifiers(one, database, clock, allowed)
    return made


def limits(settings: Settings) -> dict[str, Limits]:
    """What each channel takes, by name."""
    found = {"console": Limits(kind="console", max_chars=100_000)}
    for name, url in _numbered("apprise", settings.respond.notify_urls):
        vendor = vendor_of(url)
        found[name] = Limits(
            kind="apprise",
            lengths=vendor.lengths if vendor else Lengths(),
            bundle_s=5.0,
            bundle_most=20,
            rate_per_min=vendor.rate_per_min if vendor else 0,
            claim_s=_SLACK_S + _APPRISE_S,
        )
    for one in settings.channel:
        for name, url in _addresses(one):
            found[name] = _limits(one, vendor_of(url) if one.kind == "apprise" else None)
    return found


def _limits(one: ChannelSettings, vendor: Vendor | None) -> Limits:
    rates = [rate for rate in (one.rate_per_min, vendor.rate_per_min if vendor else 0) if rate]
    return Limits(
        kind=one.kind,
        to=_targets(one),
        heats=frozenset(one.heats),
        levels=frozenset(one.levels),
        max_chars=one.max_chars or _MOST_CHARS.get(one.kind, 2000),
        lengths=vendor.lengths if vendor else Lengths(),
        bundle_s=one.bundle_s,
        bundle_most=one.bundle_most,
        rate_per_min=min(rates, default=0),
        claim_s=_SLACK_S + (_APPRISE_S if one.kind == "apprise" else one.timeout_s),
    )


def _addresses(one: ChannelSettings) -> list[tuple[str, str]]:
    """The channels that a [[channel]] makes: one for each apprise address, else itself."""
    return list(_numbered(one.name, one.urls if one.kind == "apprise" else [one.url]))


def _numbered(name: str, urls: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each address is a channel of its own, so that one that is down holds up no other.

    The first has the plain name, those after it a number.
    """
    for number, url in enumerate(urls, start=1):
        yield name if number == 1 else f"{name}-{number}", url


def secret_of(channel: ChannelSettings, database: Database) -> bytes:
    """The key that its requests are signed with; made at its first use where none is set."""
    if channel.secret:
        return channel.secret.encode()
    name = f"channel:{channel.name}"
    with database.transaction() as session:
        return secrets.key(session, name).hex().encode()


def _notifiers(
    one: ChannelSettings, database: Database, clock: Callable[[], datetime], allowed: Admitted
) -> list[Notifier]:
    needed = {"apprise": "urls", "webhook": "url", "sms": "url", "command": "argv"}
    for name in (needed[one.kind], *(("phones", "template") if one.kind == "sms" else ())):
        if not getattr(one, name):
            raise InvalidInputError(f"通知渠道 {one.name}（{one.kind}）还缺 {name}，请补上。")
    if one.kind == "apprise":
        return [
            AppriseNotifier(url, allowed=allowed, name=name, limit_s=_APPRISE_S)
            for name, url in _addresses(one)
        ]
    return [_notifier(one, database, clock, allowed)]


def _notifier(
    one: ChannelSettings, database: Database, clock: Callable[[], datetime], allowed: Admitted
) -> Notifier:
    if one.kind == "command":
        from responder.command import CommandNotifier

        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return CommandNotifier(one.name, one.argv, environment=kept, limit_s=one.timeout_s)
    secret = secret_of(one, database)
    if one.kind == "sms":
        from responder.sms import SmsNotifier

        return SmsNotifier(
            one.name,
            one.url,
            phones=one.phones,
            template=one.template,
            templates={str(kind): template for kind, template in one.templates.items()},
            secret=secret,
            clock=clock,
            allowed=allowed,
            sign=one.sign,
            fields=one.fields,
            ok=(one.ok_field, one.ok_value) if one.ok_field else None,
            timeout_s=one.timeout_s,
        )
    from responder.webhook import WebhookNotifier

    return WebhookNotifier(
        one.name, one.url, secret=secret, clock=clock, allowed=allowed, timeout_s=one.timeout_s
    )


def _targets(channel: ChannelSettings) -> tuple[str, ...]:
    for target in channel.to:
        if not is_target(target):
            raise InvalidInputError(
                f"通知渠道 {channel.name} 的 to 里“{target}”不认识，可写 在班:值班员、"
                "在班:带班领导、角色:分管领导、用户:登录名、单位:编号。"
            )
    return tuple(channel.to)


def _check_names(settings: Settings) -> None:
    named = [("", name) for name, _ in _numbered("apprise", settings.respond.notify_urls)]
    named += [(one.name, name) for one in settings.channel for name, _ in _addresses(one)]
    seen: set[str] = set(_RESERVED)
    for own, name in named:
        if own and name in seen:
            what = "是保留的名称" if name in _RESERVED else "重复了"
            whose = "" if own == name else f"（{own} 的又一个地址）"
            raise InvalidInputError(f"通知渠道的名称 {name}{whose} {what}，请换一个。")
        seen.add(name)
