"""A DATA folder with an incident from an alert, its posts in index and log, and two persons."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.posts import make_scored
from support.registry import make_database

from posts.codec import encode
from posts.log.port import RAW, SCORED, SIGNALS
from posts.model import ScoredPost, Signal
from registry import users
from registry.passwords import cheap
from registry.sightings import Sighting, remember
from registry.users import Role
from responder import alert_growth, alerts, incidents
from responder.drafts import draft
from yuqing.folder import DataFolder
from yuqing.settings import Settings
from yuqing.wiring import Wiring

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # 14:00 in Shanghai
MARK = "qzxmark"  # stands in each thing that is to be destroyed, and can be searched for
PROOF = {"channel": "县政府网站", "url": "https://example.gov.cn/1", "signer": "李主任"}


@dataclass
class Evidence:
    wiring: Wiring
    incident: int
    posts: list[ScoredPost]

    @property
    def data(self) -> Path:
        return self.wiring.folder.path

    def reopen(self) -> None:
        """Close all files, as the end of a process does, and open them anew when needed."""
        self.wiring.close()
        self.wiring = Wiring(self.wiring.settings, self.wiring.folder)

    def write(self, body: dict, *, now: datetime = NOW) -> int:
        with self.wiring.database.transaction() as session:
            entry = draft(body, by="张三", now=now)
            return incidents.add(session, self.incident, entry, now=now).seq


def found_in(folder: Path, needle: str) -> list[str]:
    """Files below the folder that hold the needle in any of the forms that text is kept in."""
    forms = {needle.encode(), needle.encode("utf-16-le"), needle.encode("utf-16-be")}
    return sorted(
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and any(form in file.read_bytes() for form in forms)
    )


def make_wiring(folder: Path, settings: Settings | None = None) -> Wiring:
    data = DataFolder(folder)
    data.make()
    make_database(data.path).dispose()
    return Wiring(settings or Settings(), data)


def make_evidence(
    folder: Path, *, mark: str = MARK, posts: int = 6, settings: Settings | None = None
) -> Evidence:
    """Posts, of which number 0 carries the mark; the alert on them; its incident, 重大."""
    wiring = make_wiring(folder, settings)
    scored = [
        make_scored(
            str(n),
            title=f"{mark if n == 0 else '小区'}停水 {n}",
            text=f"三天没有水了，{mark * (n == 0)} 住在 {n} 单元。",
            published_at=NOW - timedelta(minutes=30 + n),
        )
        for n in range(posts)
    ]
    wiring.index.write(scored)
    wiring.log.append(RAW, [(one.post.id, encode(one.post)) for one in scored])
    wiring.log.append(SCORED, [(one.post.id, encode(one)) for one in scored])
    signal = Signal(
        id="s1",
        rule="water",
        fingerprint="rule:water",
        title="停水",
        reason=f"2 小时内 {posts} 条；最新：{scored[0].post.title}",
        heat="red",
        count=posts,
        threshold=3,
        window_start=NOW - timedelta(hours=2),
        window_end=NOW,
        first_post_at=scored[-1].post.published_at,
        newest_post_at=scored[0].post.published_at,
        newest_arrival_at=NOW,
        posts=tuple(one.post.id for one in scored),
        created_at=NOW,
    )
    wiring.log.append(SIGNALS, [("rule:water", encode(signal))])
    with wiring.database.transaction() as session:
        seen = [Sighting(s.post.id, f"hash of {s.post.id}", NOW, "2026-03") for s in scored]
        remember(session, seen, now=NOW)
        alert = alert_growth.absorb(session, signal, now=NOW)
        assert alert is not None
        opened = alerts.open_incident(
            session, alert.id, by="张三", now=NOW, title="某小区停水", level="重大"
        )
        for name, role in (("anquan", Role.SECURITY), ("lingdao", Role.LEADER)):
            users.create(
                session,
                name=name,
                password="翠湖边上的三棵老柳树",
                roles={role},
                hasher=cheap(),
                display_name={"anquan": "王安", "lingdao": "赵领"}[name],
                now=NOW,
            )
    return Evidence(wiring, opened.id, scored)


def copy_of(folder: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    return target
