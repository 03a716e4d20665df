"""事件线索 in a browser: found, read and sorted by a person, on a phone and on a screen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from support.api import MadeDesk, make_desk
from support.browser import DESKTOP, PHONE, signed_in
from support.posts import make_scored

from analyzer.grouping.events import Events
from analyzer.grouping.memory import NoStore

pytestmark = pytest.mark.needs("chromium")
TEXTS = {
    "plant": (
        "云溪花园小区东侧新开的混凝土搅拌站昼夜施工，粉尘和噪音让人睡不着",
        "投诉云溪花园旁边的混凝土搅拌站，粉尘飘进窗户，噪音到凌晨",
        "混凝土搅拌站离云溪花园不到百米，粉尘噪音扰民，请环保局查处",
        "云溪花园门口的混凝土搅拌站又在半夜开工，粉尘噪音没人管",
    ),
    "school": (
        "明德双语学校突然要求家长补交三千元服务费，没有任何收据",
        "明德双语学校乱收服务费三千元，家长要求退费",
        "明德双语学校的服务费三千元到底是什么名目，家长想知道",
    ),
}
LONG = 30_000
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MadeDesk, str]]:
    """A desk whose grouping has put seven posts together to two candidates."""
    with make_desk(tmp_path_factory.mktemp("events"), now=datetime.now(UTC)) as desk:
        at = desk.clock()
        posts = [
            make_scored(
                f"{name}-{n}",
                title="",
                text=text,
                published_at=at - timedelta(hours=2 * n),
                first_seen_at=at,
            )
            for name, texts in TEXTS.items()
            for n, text in enumerate(texts)
        ]
        desk.index.write(posts)
        part = Events(desk.database, NoStore())
        part.start(at)
        part.refresh(at)
        part.read(posts, at)
        part.save(at)
        with desk.serving() as url:
            yield desk, url


def over(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return max(0, int(page.evaluate(width)))


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["1366", "390"])
def test_list_and_candidate_are_accessible_and_fit(browser: Browser, served, viewport):
    desk, url = served
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    with signed_in(
        browser, desk, url, viewport=viewport, bypass_csp=True, reduced_motion="reduce"
    ) as (context, _):
        context.set_default_timeout(LONG)
        page = context.new_page()
        page.goto("/events")
        found = [*Axe().run(page, options=options).response["violations"], over(page)]
        page.get_by_role("link", name="搅拌站").first.click()
        expect(page.get_by_role("heading", name="帖文")).to_be_visible(timeout=LONG)
        found += [*Axe().run(page, options=options).response["violations"], over(page)]
    assert found == [0, 0]


def test_a_person_takes_a_post_out_merges_and_dismisses(browser: Browser, served):
    desk, url = served
    with signed_in(browser, desk, url, viewport=PHONE) as (context, witness):
        context.set_default_timeout(LONG)
        page = context.new_page()
        page.goto("/events")
        page.get_by_role("link", name="搅拌站").first.click()
        expect(page.locator("article.post, .post")).to_have_count(4, timeout=LONG)
        page.get_by_role("button", name="拆出").last.click()
        expect(page.get_by_text("以后不再归到这条线索")).to_be_visible(timeout=LONG)
        page.get_by_label("与哪一条是同一件事").select_option(index=1)
        page.get_by_role("button", name="合并到本条").click()
        expect(page.get_by_text("以后两边的新帖都归到这里")).to_be_visible(timeout=LONG)
        page.get_by_role("button", name="不是事件").click()
        expect(page.get_by_text("已记为不是事件")).to_be_visible(timeout=LONG)
        assert witness.seen == []
