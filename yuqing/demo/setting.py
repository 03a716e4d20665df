"""What the demo needs before it starts: its settings file, its epoch and port, the user 演示."""

from __future__ import annotations

import json
import secrets
import socket
from datetime import datetime, timedelta
from pathlib import Path

from posts.identity import SHANGHAI
from registry import roster, users
from registry.db import Database
from registry.duty import USUAL, DutyRole, Kind
from registry.errors import UnavailableError
from registry.users import Role
from yuqing import settings as settings_module
from yuqing.demo.sites import HOSTS, LIST_PATH
from yuqing.demo.story import FORUM, GOV, HOTLINE, PAPER
from yuqing.folder import DataFolder
from yuqing.settings import Settings
from yuqing.wiring import now

STALE_AFTER = timedelta(hours=20)
INTERVAL_S = 5
ROSTER_DAYS = 7

_SOURCES = (
    (GOV, "gov", "岚江县人民政府网（演示）", "site", True),
    (FORUM, "forum", "岚江论坛（演示）", "site", False),
    (PAPER, "news", "岚江融媒（演示）", "feed", False),
    (HOTLINE, "hotline", "岚江县12345热线（演示）", "feed", False),
)

_FILE = """\
# 演示用的配置，由 yuqing up --demo 生成；地点、单位、人物均为虚构。
[area]
code = "990101"
name = "岚江县（演示）"
aliases = ["岚江县", "岚江"]

[area.localities]
990101101 = ["弄坝镇", "弄坝"]
990101102 = ["芒岭乡", "芒岭"]
990101103 = ["勐板镇", "勐板"]
990101104 = ["城关镇"]
990101105 = ["回贤乡", "回贤"]

[[area.places]]
name = "弄坝水库"
parent = "990101101"

[crawl]
user_agent = "YuqingDesk/0.1 (demo on loopback)"
allow_private = {hosts}

[[unit]]
id = "water"
name = "岚江县水务局（演示）"
aliases = ["县水务局", "水务局"]
head = "局长"

[[unit]]
id = "office"
name = "岚江县人民政府办公室（演示）"
aliases = ["县政府办"]
head = "主任"

[[rule]]
id = "demo-water"
name = "弄坝镇用水（演示）"
any_of = ["停水", "水质", "死鱼", "自来水"]
areas = ["990101"]
min_count = 5
window_min = 240
cooldown_min = 720
heat = "orange"

[[rule]]
id = "demo-rumour"
name = "网传中毒（演示）"
any_of = ["中毒"]
areas = ["990101"]
min_count = 2
window_min = 180
cooldown_min = 720
heat = "red"
"""


def prepare_settings(folder: DataFolder, settings: Settings) -> Settings:
    """Write the demo's file if it is not there and give the settings that it says.

    Host, port and scorer of the settings that were given stay.
    """
    folder.make()
    plan_file = folder.path / "demo.json"
    if not plan_file.exists():
        port = _free_port()
        plan_file.write_text(json.dumps({"port": port, "epoch": now().isoformat()}), "utf-8")
        (folder.path / "demo.toml").write_text(_text(port), encoding="utf-8")
    kept = {
        "server": settings.server.model_dump(),
        "analyze": settings.analyze.model_dump(),
    }
    return settings_module.load(folder.path / "demo.toml", kept)


def make_officer(database: Database, folder: DataFolder, *, now: datetime) -> None:
    """Make the user 演示, on duty for a week, with a token in ``officer.json`` (0600), once."""
    file = folder.path / "officer.json"
    if file.exists():
        return
    with database.transaction() as session:
        user = users.create(
            session,
            name="演示",
            password=secrets.token_urlsafe(24),
            roles={Role.DUTY_OFFICER, Role.ANALYST},
            display_name="演示",
            now=now,
        )
        token = users.issue_token(session, user.id, label="演示", now=now)
        today = now.astimezone(SHANGHAI).date()
        for day in (today + timedelta(days=offset) for offset in range(-1, ROSTER_DAYS)):
            for kind in (Kind.DAY, Kind.NIGHT):
                for role in DutyRole:
                    roster.plan(
                        session,
                        day=day,
                        kind=kind,
                        role=role,
                        name="演示",
                        by="演示",
                        now=now,
                        hours=USUAL,
                    )
    file.touch(mode=0o600)
    file.write_text(json.dumps({"token": token}), encoding="utf-8")


def is_stale(folder: DataFolder, *, now: datetime) -> bool:
    """Whether the story was told too long ago to show running clocks."""
    plan = json.loads((folder.path / "demo.json").read_text(encoding="utf-8"))
    return now - datetime.fromisoformat(plan["epoch"]) > STALE_AFTER


def _text(port: int) -> str:
    hosts = json.dumps([f"{host}:{port}" for host in HOSTS.values()])
    parts = [_FILE.format(hosts=hosts)]
    for site, kind, name, spider, own in _SOURCES:
        parts.append(
            f'\n[[source]]\nid = "demo-{site}"\nname = "{name}"\nkind = "{kind}"\n'
            f'spider = "{spider}"\nurl = "http://{HOSTS[site]}:{port}{LIST_PATH[site]}"\n'
            f"interval_s = {INTERVAL_S}\noptions = {{ max_pages = 6 }}\n"
            f'own = {str(own).lower()}\narea = "990101"\n'
        )
    return "".join(parts)


def _free_port() -> int:
    """A port free on all four hosts. Raises UnavailableError where there are no such hosts."""
    for _ in range(20):
        try:
            with socket.socket() as first:
                first.bind((HOSTS[GOV], 0))
                port: int = first.getsockname()[1]
            for host in HOSTS.values():
                with socket.socket() as probe:
                    probe.bind((host, port))
        except OSError:
            continue
        return port
    raise UnavailableError(
        "演示网站要用 127.0.0.2 至 127.0.0.5 四个本机地址，这台机器上用不了。"
        "macOS 请先执行 sudo ifconfig lo0 alias 127.0.0.2 up（3、4、5 同样）。"
    )


def demo_file(folder: DataFolder) -> Path:
    """The demo's settings file, which every stage reads."""
    return folder.path / "demo.toml"
