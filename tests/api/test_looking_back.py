"""An incident as it stood (回看), merging and splitting: by JSON and on pages."""

from datetime import timedelta

EVIDENCE = {"channel": "网站", "url": "https://example.gov.cn/1", "signer": "李主任"}


def opened(client, **fields):
    answer = client.post("/api/v1/incidents", json={"title": "塌陷", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def by_rule(clocks):
    return {clock["rule"]: clock for clock in clocks}


def test_the_page_and_the_json_show_an_incident_as_it_stood(desk):
    client = desk.client()
    occurred = (desk.clock() - timedelta(hours=1)).isoformat()
    number = opened(client, occurred=occurred, level="较大")
    then = desk.clock() + timedelta(minutes=1)
    desk.clock.forward(hours=6)
    client.post(f"/api/v1/incidents/{number}/level", json={"level": "重大", "reason": "升级"})
    path = f"/api/v1/incidents/{number}/at"
    was = client.get(path, params={"t": then.isoformat()}).json()
    now = client.get(path, params={"t": desk.clock().isoformat()}).json()
    assert was["incident"]["level"] == "较大"
    assert set(by_rule(was["clocks"])) == {"R3"}
    assert by_rule(now["clocks"])["R1"]["state"] == "overdue"
    assert len(was["entries"]) < len(now["entries"])
    page = client.get(f"/incidents/{number}/at", params={"t": then.isoformat()})
    assert page.status_code == 200
    assert "只读" in page.text
    assert "R3 其他政务舆情回应" in page.text
    assert "首次权威发布" not in page.text
    assert 'method="post" action="/incidents/' not in page.text
    assert f'action="/incidents/{number}/at"' in client.get(f"/incidents/{number}").text


def test_the_comparison_with_a_variant(desk):
    client = desk.client()
    occurred = (desk.clock() - timedelta(hours=1)).isoformat()
    number = opened(client, occurred=occurred, level="重大")
    params = {"t": desk.clock().isoformat(), "variant": "北京2021"}
    found = client.get(f"/api/v1/incidents/{number}/at", params=params).json()
    (one,) = found["differences"]
    assert one["rule"] == "R2"
    assert one["ours"]["name"] == "首场新闻发布会"
    assert one["theirs"]["name"] == "设立新闻中心"
    assert one["text"].startswith("按北京市，R2 设立新闻中心：")
    page = client.get(f"/incidents/{number}/at", params=params)
    assert "设立新闻中心" in page.text


def test_what_can_not_be_looked_back_to_is_told(desk):
    client = desk.client()
    number = opened(client)
    soon = desk.clock() + timedelta(hours=1)
    before = desk.clock() - timedelta(days=9)
    for params, said in (
        ({"t": soon.isoformat()}, "在将来"),
        ({"t": before.isoformat()}, "还没有记录"),
        ({"t": desk.clock().isoformat(), "variant": "月球"}, "没有“月球”这个地方规定"),
    ):
        answer = client.get(f"/api/v1/incidents/{number}/at", params=params)
        assert answer.status_code in {400, 422}
        assert said in answer.text
        page = client.get(f"/incidents/{number}/at", params=params)
        assert page.status_code == 422
        assert said in page.text
    assert client.get(f"/incidents/{number}/at", params={"t": "昨天"}).status_code == 422
    assert client.get("/incidents/99/at").status_code == 404


def test_of_two_who_merge_or_split_by_json_the_second_is_told(desk):
    client = desk.client()
    into, other = opened(client), opened(client)
    seen = client.get(f"/api/v1/incidents/{into}").json()["count"]
    body = {"type": "note", "text": "已派人"}
    assert client.post(f"/api/v1/incidents/{into}/entries", json=body).status_code == 201
    for path, given in (
        ("merge", {"other": other, "reason": "同一起"}),
        ("split", {"title": "学校停课", "reason": "另行处置"}),
    ):
        place = f"/api/v1/incidents/{into}/{path}"
        late = client.post(place, params={"expected": seen}, json=given)
        assert late.status_code == 409
        assert "请刷新看过后再写" in late.json()["error"]["message"]
        assert client.get(f"/api/v1/incidents/{into}").json()["count"] == seen + 1
    fresh = client.post(place, params={"expected": seen + 1}, json=given)
    assert fresh.status_code == 201


def test_merging_and_splitting_by_json(desk):
    client = desk.client()
    early = (desk.clock() - timedelta(hours=2)).isoformat()
    into = opened(client, level="一般")
    other = opened(client, occurred=early, level="重大")
    given = {"other": other, "reason": "同一起"}
    merged = client.post(f"/api/v1/incidents/{into}/merge", json=given)
    assert merged.status_code == 201, merged.text
    assert merged.json()["level"] == "重大"
    again = client.post(f"/api/v1/incidents/{into}/merge", json=given)
    assert again.status_code == 409
    part = client.post(
        f"/api/v1/incidents/{into}/split", json={"title": "学校停课", "reason": "另行处置"}
    )
    assert part.status_code == 201
    assert by_rule(part.json()["clocks"])["R1"]["start"].startswith(early[:10])
