"""What a duty officer does on a shift, in a real browser, without reloading."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from support.api import NAMES, PASSWORD, MadeDesk
from support.browser import signed_in
from support.desk_data import scored, signal

from posts.codec import encode
from posts.log.port import SIGNALS
from registry import stages
from responder import incidents
from responder.notify import ConsoleNotifier
from responder.worker import Responder

pytestmark = pytest.mark.needs("chromium")
FACE = re.compile(r"^\d{2,}:\d{2}:\d{2}$")


def tick(desk: MadeDesk) -> None:
    responder = Responder(desk.log, desk.database, [ConsoleNotifier()], desk.clock, "test")
    try:
        while responder.step():
            pass
    finally:
        responder.close()


def raise_alert(desk: MadeDesk, number: int = 1, title: str = "弄坝镇停水") -> None:
    now = desk.clock()
    posts = [scored(100 * number + n, now, minutes=n + 1) for n in range(5)]
    desk.index.write(posts)
    made = signal(number, now, posts, title=title)
    desk.log.append(SIGNALS, [(made.id, encode(made))])
    tick(desk)


def sign_in(page: Page, role: str = "值班员", password: str = PASSWORD) -> None:
    page.get_by_label("用户名").fill(NAMES[role])
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()


def wait_live(page: Page) -> None:
    expect(page.locator("[data-live-word]")).to_have_text("实时")


def test_a_shift_from_sign_in_to_acknowledgement(browser: Browser, live: tuple[MadeDesk, str]):
    desk, url = live
    with signed_in(browser, desk, url, "") as (context, witness):
        page = context.new_page()
        page.goto("/")
        expect(page).to_have_url(re.compile(r"/signin\?next="))
        sign_in(page, password="不是这个密码，差得很远")
        expect(page.get_by_role("alert")).to_be_visible()
        sign_in(page)
        expect(page.get_by_role("heading", name="工作台")).to_be_visible()
        wait_live(page)

        # an alert arrives without reloading: it waits behind the button, the count is true at once
        page.evaluate("window.__same = true")
        raise_alert(desk)
        button = page.get_by_role("button", name="有 1 条新预警，点此显示")
        expect(button).to_be_visible()
        expect(page.get_by_role("heading", name="待认领预警")).to_contain_text("1")
        waiting = page.locator('[data-part="alerts"]').get_by_role("link", name="弄坝镇停水")
        assert waiting.count() == 0
        button.click()
        expect(waiting).to_be_visible()
        assert page.evaluate("window.__same") is True

        # it becomes an incident of level 重大 that began 4 h 50 min ago
        waiting.click()
        expect(page.get_by_role("heading", name="为什么预警")).to_be_visible()
        occurred = desk.clock() - timedelta(hours=4, minutes=50) + timedelta(hours=8)
        page.get_by_label("级别").select_option("重大")
        page.get_by_label("事发").fill(occurred.strftime("%Y-%m-%dT%H:%M:%S"))
        page.get_by_role("button", name="立项").click()
        expect(page.get_by_role("heading", name="弄坝镇停水")).to_be_visible()
        first = page.locator("article.clock", has_text="首次权威发布")
        expect(first.locator(".state .word")).to_have_text("即将到期")
        timer = first.get_by_role("timer")
        expect(timer).to_have_text(re.compile(r"^00:(09|10):\d{2}$"))
        before = timer.inner_text()
        expect(timer).not_to_have_text(before)

        # reminders went out; the newest one is acknowledged
        tick(desk)
        page.reload()
        page.get_by_role("button", name="确认提醒").first.click()
        expect(page.get_by_role("status").filter(has_text="已确认")).to_be_visible()
        expect(page.locator(".timeline")).to_contain_text("提醒已确认")
        expect(page.get_by_role("button", name="确认提醒")).to_have_count(0)
        assert witness.seen == []


def test_the_incident_page_follows_what_another_person_writes(
    browser: Browser, live: tuple[MadeDesk, str]
):
    desk, url = live
    raise_alert(desk)
    officer = desk.client("值班员")
    with signed_in(browser, desk, url, "值班员") as (context, witness):
        page = context.new_page()
        page.goto("/alerts/1")
        page.get_by_role("button", name="立项").click()
        expect(page).to_have_url(re.compile(r"/incidents/1"))
        expect(page.locator("article.clock").first.locator(".word")).to_have_text("待定级")
        wait_live(page)
        answer = officer.post("/incidents/1/level", data={"level": "重大", "criteria": "人数已核"})
        assert answer.status_code == 303, answer.text
        expect(page.locator("article.clock").first.locator(".word")).to_have_text("剩余")
        expect(page.locator(".timeline")).to_contain_text("人数已核")
        assert witness.seen == []


def test_a_stage_that_waits_shows_without_a_reload(browser: Browser, live: tuple[MadeDesk, str]):
    desk, url = live

    def beat(detail: str) -> None:
        with desk.database.transaction() as session:
            stages.beat(session, "analyze", pid=7, now=desk.clock(), detail=detail)

    beat("")
    with signed_in(browser, desk, url, "值班员") as (context, witness):
        page = context.new_page()
        page.goto("/")
        line = page.locator("[data-part=stages] li", has_text="分析")
        expect(line).to_contain_text("运行中")
        wait_live(page)
        beat("消息日志（Kafka）暂时不可用")
        expect(line).to_contain_text("等待中")
        expect(page.locator("[data-part=banners]")).to_contain_text("消息日志（Kafka）暂时不可用")
        beat("")
        expect(line).to_contain_text("运行中")
        expect(page.locator("[data-part=banners]")).not_to_contain_text("消息日志")
        assert witness.seen == []


def test_published_with_evidence_stops_the_clock_and_without_evidence_keeps_what_was_typed(
    browser: Browser, live: tuple[MadeDesk, str]
):
    desk, url = live
    with signed_in(browser, desk, url, "值班员") as (context, witness):
        page = context.new_page()
        page.goto("/incidents/new")
        page.get_by_label("事件名称").fill("芒岭口岸边坡滑塌")
        page.get_by_label("级别").select_option("重大")
        started = desk.clock() - timedelta(hours=1) + timedelta(hours=8)
        page.get_by_label("事发").fill(started.strftime("%Y-%m-%dT%H:%M:%S"))
        page.get_by_label("发现").fill(started.strftime("%Y-%m-%dT%H:%M:%S"))
        page.get_by_role("button", name="立项").click()
        page.locator("#g-publish > summary").click()
        page.locator("#release > summary").click()
        form = page.locator("#release form")
        form.get_by_label("正文").fill("边坡滑塌，双向中断，正在抢通。")
        form.get_by_role("button", name="登记发布").click()
        expect(page.get_by_role("alert")).to_contain_text("渠道")
        form = page.locator("#release form")
        expect(form.get_by_label("正文")).to_have_value("边坡滑塌，双向中断，正在抢通。")
        form.get_by_label("渠道").fill("县政府网站")
        form.get_by_label("网址").fill("https://county.example/1")
        form.get_by_label("签发人").fill("段明远")
        form.get_by_role("button", name="登记发布").click()
        first = page.locator("article.clock", has_text="首次权威发布")
        expect(first.locator(".state .word")).to_have_text("按时完成")
        expect(first.locator(".countdown")).to_contain_text("提前 3:5")
        assert witness.seen == []


def test_a_lost_stream_is_said_and_its_return_too(browser: Browser, live: tuple[MadeDesk, str]):
    desk, url = live
    with signed_in(browser, desk, url, "值班员") as (context, _):
        page = context.new_page()
        page.goto("/")
        wait_live(page)
        page.evaluate("window.__same = true")
        context.set_offline(offline=True)
        desk.app.state.feed.close()  # ends the open stream, as a broken line does
        expect(page.locator("[data-live-word]")).to_have_text(re.compile(r"断开 \d+ 秒"))
        expect(page.locator("[data-live-banner]")).to_be_visible()
        raise_alert(desk)
        desk.app.state.feed.closed = False
        context.set_offline(offline=False)
        wait_live(page)
        expect(page.locator("[data-live-text]")).to_contain_text("已重新连上")
        expect(page.get_by_role("button", name="有 1 条新预警，点此显示")).to_be_visible()
        assert page.evaluate("window.__same") is True


def test_escape_and_a_click_outside_close_a_popover(browser: Browser, served):
    with signed_in(browser, served.desk, served.url, "管理员") as (context, _):
        page = context.new_page()
        page.goto("/")
        why = page.locator("details.why", has=page.get_by_text("规则 R1")).first
        why.locator("summary").click()
        expect(why).to_have_attribute("open", "")
        page.keyboard.press("Escape")
        expect(why).not_to_have_attribute("open", "")
        why.locator("summary").click()
        page.get_by_role("heading", name="工作台").click()
        expect(why).not_to_have_attribute("open", "")


def test_everything_works_without_scripts(browser: Browser, live: tuple[MadeDesk, str]):
    desk, url = live
    raise_alert(desk)
    with signed_in(browser, desk, url, "值班员", java_script_enabled=False) as (context, _):
        page = context.new_page()
        page.goto("/")
        page.get_by_role("button", name=re.compile("认领.*弄坝镇停水")).click()
        expect(page.get_by_role("status").filter(has_text="已认领")).to_be_visible()
        page.get_by_role("button", name="立项").click()
        expect(page.locator("article.clock").first.locator(".countdown")).to_have_text(FACE)
        page.locator("#level form").get_by_label("事由与标准").fill("影响面小")
        page.get_by_role("radio", name="一般").check()
        page.get_by_role("button", name="定级", exact=True).click()
        expect(page.locator(".badges .level").first).to_contain_text("一般")


def test_a_lead_is_entered_on_a_phone(browser: Browser, live: tuple[MadeDesk, str]):
    desk, url = live
    with signed_in(
        browser, desk, url, "值班员", viewport={"width": 390, "height": 844}, has_touch=True
    ) as (context, witness):
        page = context.new_page()
        page.goto("/leads/new")
        page.get_by_label("来源方式").select_option("上级转办")
        page.get_by_label("内容或链接").fill("群众来电反映芒岭桥头有裂缝，电话 13800138000")
        page.get_by_role("button", name="记下线索").tap()
        expect(page.get_by_role("status").filter(has_text="线索已记下")).to_be_visible()
        assert witness.seen == []


def test_theme_and_size_are_kept(browser: Browser, live: tuple[MadeDesk, str]):
    desk, url = live
    with signed_in(browser, desk, url, "值班员") as (context, _):
        page = context.new_page()
        page.goto("/sources")
        page.locator(".who-menu summary").click()
        page.get_by_label("明暗").select_option("dark")
        page.get_by_label("字号").select_option("large")
        page.get_by_role("button", name="保存显示设置").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.goto("/")
        expect(page.locator("html")).to_have_attribute("data-size", "large")


def test_a_level_that_nobody_set_for_an_hour_is_said_and_can_be_acknowledged(
    browser: Browser, live: tuple[MadeDesk, str]
):
    desk, url = live
    with desk.database.transaction() as session:
        began = desk.clock() - timedelta(minutes=61)
        incidents.open_incident(
            session, title="弄坝镇停水", by="值班员甲", now=began, occurred=began
        )
    with signed_in(browser, desk, url, "值班员") as (context, witness):
        page = context.new_page()
        page.goto("/incidents/1")
        said = page.locator(".banner", has_text="尚未定级，已 1 小时 1 分")
        expect(said).to_be_visible()
        said.get_by_role("button", name=re.compile("确认提醒")).click()
        expect(page.get_by_role("status").filter(has_text="已确认")).to_be_visible()
        expect(said).to_have_count(0)
        assert witness.seen == []
