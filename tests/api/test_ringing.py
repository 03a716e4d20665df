"""过去 7 天会响几次, on the rule page and by API: nothing is kept, whoever asks."""

from __future__ import annotations

from datetime import timedelta

from support.api import MadeDesk
from support.posts import make_scored

from registry.users import Role

RULE = {"name": "停水", "any_of": ["停水"], "min_count": 3, "window_s": 7200, "cooldown_s": 3600}
FORM = {
    "id": "water",
    "name": "停水",
    "any_of": "停水 断水",
    "none_of": "演练",
    "min_count": "3",
    "window_min": "120",
    "cooldown_min": "60",
    "heat": "orange",
    "enabled": "1",
}


def fill(desk: MadeDesk) -> None:
    days = (1, 1, 1, 3, 3, 3, 3, 20)
    desk.index.write(
        [
            make_scored(
                str(number),
                title=f"又停水了 {number} <b>",
                published_at=desk.clock() - timedelta(days=day, minutes=number),
            )
            for number, day in enumerate(days)
        ]
    )


def test_by_api_of_a_kept_rule_and_of_one_as_given(desk: MadeDesk):
    fill(desk)
    client = desk.client(Role.ADMIN)
    assert client.put("/api/v1/rules/water", json=RULE).status_code == 200
    found = client.get("/api/v1/rules/water/rings").json()
    assert [one["count"] for one in found["live"]] == [3, 3]
    assert (found["matched"], found["late"], found["cut"]) == (7, 0, False)
    stricter = client.post("/api/v1/rules/water/rings", json={**RULE, "min_count": 4}).json()
    assert [one["count"] for one in stricter["live"]] == [4]
    assert client.get("/api/v1/rules/water").json()["min_count"] == 3, "nothing was kept"
    assert client.post("/api/v1/rules/new/rings", json={"name": "空"}).status_code == 422
    assert client.get("/api/v1/rules/none/rings").status_code == 404


def test_on_the_page_before_and_after_it_is_kept(desk: MadeDesk):
    fill(desk)
    client = desk.client(Role.ANALYST)
    page = client.post("/rules/rings", data=FORM)
    assert page.status_code == 200
    assert "还没有保存" in page.text
    assert '会响 <span class="num">2</span> 次' in page.text
    assert "又停水了 0 &lt;b&gt;" in page.text
    assert 'value="停水 断水"' in page.text, "what was filled in stands"
    assert client.get("/api/v1/rules").json()["items"] == []
    assert client.post("/rules", data=FORM).status_code in {200, 303}
    kept = client.get("/rules/rings?id=water")
    assert "还没有保存" not in kept.text
    assert '会响 <span class="num">2</span> 次' in kept.text
    assert "/rules/rings?id=water#rings" in client.get("/rules").text


def test_a_wrong_form_and_a_wrong_role_are_told(desk: MadeDesk):
    client = desk.client(Role.ANALYST)
    wrong = client.post("/rules/rings", data={**FORM, "min_count": "viele"})
    assert wrong.status_code == 422
    assert "“满几条预警”应为整数" in wrong.text
    empty = client.post("/rules/rings", data={**FORM, "any_of": "", "none_of": ""})
    assert empty.status_code == 422
    assert "至少要有一个条件" in empty.text
    nothing = client.post("/rules/rings", data=FORM)
    assert "一次也不会响" in nothing.text
    other = desk.client(Role.LIAISON)
    assert other.post("/rules/rings", data=FORM).status_code == 403
    assert other.get("/rules/rings?id=water").status_code == 403
