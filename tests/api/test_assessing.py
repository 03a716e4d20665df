"""The assessment form: every number is what its link finds, and what is written is an entry."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from support.api import MadeDesk
from support.desk_data import scored, signal
from support.forms import fill_in, forms_of

from registry import alert_rules, areas
from registry.alert_rules import AlertRule
from registry.areas import Area
from responder import alert_growth, incidents


@pytest.fixture
def incident(desk: MadeDesk) -> int:
    now = desk.clock()
    mine = [scored(number, now, minutes=12 * number + 4) for number in range(12)]
    other = [
        scored(100 + number, now, title="菌子上市", text="菌子市场周末开放", minutes=7)
        for number in range(5)
    ]
    desk.index.write([*mine, *other])
    with desk.database.transaction() as session:
        areas.put(session, Area(code="533103", name="弄坝镇", level="town", own=True))
        rule = AlertRule(id="water", name="停水", any_of=("没水", "停水"), heat="orange")
        alert_rules.put(session, rule, now=now)
        alert = alert_growth.absorb(session, signal(1, now, mine), now=now)
        assert alert is not None
        made = incidents.open_incident(
            session, title="弄坝镇停水", by="甲", now=now, from_alert=alert.id
        )
    desk.clock.forward(minutes=1)
    return made.id


def test_every_number_is_what_its_link_finds(desk: MadeDesk, incident: int):
    client = desk.client()
    page = client.get(f"/incidents/{incident}/assess")
    assert page.status_code == 200
    found = re.findall(r'<a class="num" href="([^"]+)">(\d+) (条|个)</a>', page.text)
    assert len(found) == 6
    for href, number, unit in found:
        answer = client.get(unescape(href))
        assert answer.status_code == 200
        asked = unescape(href).partition("?")[2]
        total = client.get(f"/api/v1/posts?{asked}").json()["total"]
        if unit == "条":
            assert total == int(number), href
            assert f"{number} 条" in answer.text
        else:
            assert number == "1"
    numbers = [int(number) for _, number, _ in found]
    assert numbers[0] == 12, "the posts of this matter, not the others"
    assert numbers[1:] == [1, 8, 5, 5, 12]


def test_the_same_numbers_by_json(desk: MadeDesk, incident: int):
    client = desk.client(token=True)
    made = client.get(f"/api/v1/incidents/{incident}/assessment").json()
    assert made["scope"]["q"] == "没水|停水", "all words of the rule"
    assert made["scope"]["area"] == "533103"
    for figure in made["figures"]:
        if figure["name"] != "来源":
            total = client.get(figure["href"].replace("/search", "/api/v1/posts")).json()["total"]
            assert total == figure["value"], figure
    assert "负面 8 条，占 12 条的 67%" in made["risk"]
    assert made["level"] == ""
    other = client.get(f"/api/v1/incidents/{incident}/assessment", params={"q": "菌子"}).json()
    assert other["figures"][0]["value"] == 5
    wrong = client.get(f"/api/v1/incidents/{incident}/assessment", params={"q": "x", "since": "昨"})
    assert wrong.status_code == 422


def test_a_very_long_rule_gives_a_search_that_can_be_asked(desk: MadeDesk, incident: int):
    with desk.database.transaction() as session:
        many = tuple(f"停水{number}号小区" for number in range(200))
        rule = AlertRule(id="water", name="停水", any_of=many, none_of=("演练",), heat="orange")
        alert_rules.put(session, rule, now=desk.clock())
    made = desk.client(token=True).get(f"/api/v1/incidents/{incident}/assessment").json()
    assert made["scope"]["q"].startswith("-演练 停水0号小区|停水1号小区|")
    for figure in made["figures"]:
        link = figure["href"].replace("/search", "/api/v1/posts")
        assert desk.client(token=True).get(link).status_code == 200


def test_what_is_written_is_an_entry_with_its_search(desk: MadeDesk, incident: int):
    client = desk.client("研判员")
    form = forms_of(client.get(f"/incidents/{incident}/assess").text)[
        f"/incidents/{incident}/assess"
    ]
    assert "12 条，1 个来源" in form.fields["trend"]
    sent = fill_in(form, advice="水厂今晚抢修，明早公布进度。")
    assert client.post(form.action, data=sent).status_code == 303
    entry = client.get(f"/api/v1/incidents/{incident}/entries").json()["items"][-1]
    assert entry["type"] == "assessment"
    assert entry["body"]["advice"] == "水厂今晚抢修，明早公布进度。"
    assert entry["body"]["evidence"]["source"].startswith("检索 /search?q=")
    page = client.get(f"/incidents/{incident}").text
    assert "水厂今晚抢修" in page


def test_an_empty_form_is_told_and_a_wrong_time_is_no_fault(desk: MadeDesk, incident: int):
    client = desk.client("研判员")
    empty = client.post(f"/incidents/{incident}/assess", data={"nature": " "})
    assert empty.status_code == 422
    assert "四项都空着" in empty.text
    wrong = client.get(f"/incidents/{incident}/assess", params={"q": "停水", "since": "昨天"})
    assert wrong.status_code == 422
    assert "不是时间" in wrong.text
    assert desk.client("审计员").get(f"/incidents/{incident}/assess").status_code == 403
    assert client.get("/incidents/999/assess").status_code == 404


def test_without_an_alert_a_person_gives_the_words(desk: MadeDesk, incident: int):
    now = desk.clock()
    with desk.database.transaction() as session:
        made = incidents.open_incident(
            session, title="来电反映", by="甲", now=now, reported=now - timedelta(hours=1)
        )
    client = desk.client()
    assert "还没有数据口径" in client.get(f"/incidents/{made.id}/assess").text
    assert "12 条" in client.get(f"/incidents/{made.id}/assess", params={"q": "停水"}).text
