"""Every page, in both widths and schemes: strict policy, accessible, not too wide, no dead link."""

from __future__ import annotations

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from support.browser import DESKTOP, PHONE, SMALL_PHONE, signed_in

pytestmark = pytest.mark.needs("chromium")
ADMIN = "管理员"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
UNFOLD = """
() => document.querySelectorAll("details.fold, details.group, details.answer")
  .forEach((one) => { one.open = true; })
"""
# Tables and lists that a person would have to push sideways.
SIDEWAYS = """
() => [...document.querySelectorAll(".scroll, .choices")]
  .filter((el) => el.scrollWidth > el.clientWidth + 1)
  .map((el) => `${el.getAttribute("aria-labelledby")} ${el.scrollWidth} > ${el.clientWidth}`)
"""
TARGETS = """
() => [...document.querySelectorAll("a[href], button, summary, input, select, textarea")]
  .filter((el) => el.checkVisibility({ visibilityProperty: true }))
  .filter((el) => !["hidden", "radio", "checkbox"].includes(el.type))
  .filter((el) => !el.closest(".vh, .skip, p:not(.btns):not(.brand):not(.crumbs), li.src"))
  .map((el) => [el, el.getBoundingClientRect()])
  .filter(([el, box]) => box.width > 0 && box.height > 0 && box.height < 43.9)
  .map(([el, box]) => `${el.tagName} ${el.className} “${el.textContent.trim()}” ${box.height}`)
"""


def visit(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_load_state("load")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["1366", "390"])
def test_axe_finds_nothing(browser: Browser, served, viewport, scheme):
    axe = Axe()
    found = []
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    with signed_in(
        browser,
        served.desk,
        served.url,
        ADMIN,
        viewport=viewport,
        color_scheme=scheme,
        bypass_csp=True,  # only for axe's own script: the policy is tested apart
        reduced_motion="reduce",
    ) as (context, _):
        page = context.new_page()
        for name, path in served.pages().items():
            visit(page, path)
            page.evaluate(UNFOLD)
            result = axe.run(page, options=options).response
            found += [
                f"{name}: {violation['id']}: {json.dumps(node['target'], ensure_ascii=False)} "
                f"{node.get('failureSummary', '')}"
                for violation in result["violations"]
                for node in violation["nodes"]
            ]
    assert not found, "\n".join(found)


def test_axe_finds_nothing_on_the_sign_in_page(browser: Browser, served):
    for scheme in ("light", "dark"):
        with signed_in(
            browser, served.desk, served.url, "", color_scheme=scheme, bypass_csp=True
        ) as (context, _):
            page = context.new_page()
            visit(page, "/signin")
            assert Axe().run(page).response["violations"] == []


def test_no_page_violates_the_policy_or_errs(browser: Browser, served, figure):
    pages = served.pages()
    with signed_in(browser, served.desk, served.url, ADMIN) as (context, witness):
        page = context.new_page()
        for path in [*pages.values(), "/signin"]:
            visit(page, path)
            page.wait_for_function("document.readyState === 'complete'")
        assert witness.seen == []


@pytest.mark.parametrize("size", ["", "large"])
@pytest.mark.parametrize("viewport", [PHONE, SMALL_PHONE], ids=["390", "320"])
def test_nothing_is_wider_than_the_phone(browser: Browser, served, viewport, size):
    wide = []
    with signed_in(browser, served.desk, served.url, ADMIN, viewport=viewport) as (context, _):
        if size:
            context.add_cookies([{"name": "size", "value": size, "url": served.url}])
        page = context.new_page()
        for name, path in served.pages().items():
            visit(page, path)
            page.evaluate(UNFOLD)
            over = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if over > 0:
                wide.append((name, over))
            wide += [(name, one) for one in page.evaluate(SIDEWAYS)]
    assert wide == []


def test_targets_on_the_phone_are_44_px(browser: Browser, served):
    small = {}
    with signed_in(browser, served.desk, served.url, ADMIN, viewport=PHONE, has_touch=True) as (
        context,
        _,
    ):
        page = context.new_page()
        for name, path in served.pages().items():
            visit(page, path)
            page.evaluate(UNFOLD)
            found = page.evaluate(TARGETS)
            if found:
                small[name] = found
    assert small == {}


def test_no_link_of_the_console_is_dead(browser: Browser, served):
    seen: set[str] = set()
    dead = []
    with signed_in(browser, served.desk, served.url, ADMIN) as (context, _):
        page = context.new_page()
        for path in served.pages().values():
            visit(page, path)
            links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
            for link in links:
                target, _, anchor = link.partition("#")
                if not target.startswith(served.url) or link in seen:
                    continue
                seen.add(link)
                answer = context.request.get(target)
                if not answer.ok:
                    dead.append((path, link, answer.status))
                elif anchor and f'id="{anchor}"' not in answer.text():
                    dead.append((path, link, "no such anchor"))
    assert len(seen) > 30
    assert dead == []


def test_links_to_other_sites_tell_nothing_and_open_nothing(browser: Browser, served):
    with signed_in(browser, served.desk, served.url, ADMIN) as (context, _):
        page = context.new_page()
        visit(page, "/search?q=停水")
        rels = page.eval_on_selector_all(
            f'a[href^="http"]:not([href^="{served.url}"])', "all => all.map(a => a.rel)"
        )
    assert rels
    assert {frozenset(rel.split()) for rel in rels} == {frozenset({"noreferrer", "noopener"})}


def test_what_is_hidden_from_a_role_is_not_linked(browser: Browser, served):
    with signed_in(browser, served.desk, served.url, "审计员") as (context, _):
        page = context.new_page()
        visit(page, "/")
        text = page.inner_text("body")
        assert re.search("审计", text)
        assert "录入线索" not in text
        assert "新建事件" not in text
        assert page.get_by_role("button", name=re.compile("认领")).count() == 0
