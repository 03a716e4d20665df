"""One browser and, for those who only look, one desk with something on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from support.api import MadeDesk, make_desk
from support.browser import chromium_browser
from support.desk_data import fill
from support.duty_data import fill_duty
from support.matter_data import adopt_desk_rules, fill_matters
from support.sizes import postgres, size

from posts.identity import post_id

__all__ = ["postgres", "size"]


@dataclass(frozen=True)
class Served:
    """A desk behind a real server, with the ids of an alert and an incident on it."""

    desk: MadeDesk
    url: str
    alert: int
    incident: int
    undecided: int  # without a level, with numbers that suggest one

    def pages(self) -> dict[str, str]:
        """Every page, by its name."""
        return {
            "desk": "/",
            "alerts": "/alerts",
            "alert": f"/alerts/{self.alert}",
            "incidents": "/incidents?state=all",
            "incident": f"/incidents/{self.incident}",
            "assess": f"/incidents/{self.incident}/assess?q=停水",
            "then": f"/incidents/{self.incident}/at?variant=北京2021",
            "undecided": f"/incidents/{self.undecided}",
            "incident_new": "/incidents/new",
            "search": "/search?q=停水",
            "search_nothing": "/search?q=没有这样的词",
            "words": "/search/words?q=停水",
            "why": f"/posts/{post_id('county-forum', native='1')}/why",
            "labels": "/labels",
            "areas": "/areas?to=area:533103&alias=停水",
            "lead": "/leads/new",
            "sources": "/sources?edit=county-site",
            "rules": "/rules?edit=water",
            "users": "/users",
            "duty": "/duty",
            "handover": "/handover",
            "silences": "/silences",
            "audit": "/audit",
            "calendar": "/calendar",
            "erasures": "/erasures",
            "more": "/more",
            "password": "/password",
            "missing": "/nowhere",
        }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # no longer than a module: while it lives, no other event loop can run in this thread
    found = shutil.which("chromium")
    assert found is not None
    with chromium_browser(Path(found)) as made:
        yield made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """For tests that change nothing."""
    folder = tmp_path_factory.mktemp("served")
    with make_desk(folder, now=datetime.now(UTC), demo=True) as desk:
        desk.clock.running = True
        adopt_desk_rules(desk)
        ids = fill(desk)
        fill_duty(desk)
        undecided = fill_matters(desk, ids["incident"])
        with desk.serving() as url:
            yield Served(desk, url, ids["alert"], ids["incident"], undecided)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[MadeDesk, str]]:
    """An empty desk of one's own, on the wall's clock."""
    with make_desk(tmp_path, now=datetime.now(UTC), stream_poll_s=0.1) as desk:
        desk.clock.running = True
        with desk.serving() as url:
            yield desk, url
