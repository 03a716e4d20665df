"""Real input from end to end: pages behind a list, and petitions that become a countdown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from support.pages import ground_truth, page_bytes
from support.service import Service, run, service, until
from support.sites import serving

CHARSETS = ("utf-8", "gb2312", "iso-8859-1", "big5", "x-unknown", None)
PETITIONS = "gov/messages_4326.jsonl.gz"
SETTINGS = """
[analyze]
scorer = "trivial"

[[rule]]
id = "mixer"
name = "搅拌站扰民"
any_of = ["搅拌站"]
"""


@pytest.mark.needs("eval_data")
@pytest.mark.parametrize("named", [True, False], ids=["titles", "bare numbers"])
def test_pages_come_in_once_and_readable_whatever_the_header_says(
    tmp_path, eval_data, named
) -> None:
    truth = ground_truth(eval_data)
    with serving() as site:
        rows = []
        for number, page in enumerate(truth):
            charset = CHARSETS[number % len(CHARSETS)]
            header = "text/html" if charset is None else f"text/html; charset={charset}"
            body = page_bytes(eval_data, page)
            site.page(f"/pages/{number}.html", body, content_type=header)
            title = (named and page["title"]) or f"{number}"
            rows.append(f'<li><a href="/pages/{number}.html">{title}</a></li>')
        site.page("/list.html", f"<ul>{''.join(rows)}</ul>")
        (tmp_path / "yuqing.toml").write_text(
            '[crawl]\nallow_private = ["127.0.0.1"]\ndelay_s = 0.0\n'
            '[[source]]\nid = "pages"\nname = "网页"\nkind = "gov"\nspider = "site"\n'
            f'url = "{site.root}/list.html"\n',
            encoding="utf-8",
        )
        first = run("crawl", cwd=tmp_path)
        second = run("crawl", cwd=tmp_path)
    assert [json.loads(done.stdout)["new"] for done in (first, second)] == [33, 0], first.stderr
    run("analyze", "--drain", "--scorer", "trivial", cwd=tmp_path)
    found = run("search", "--json", cwd=tmp_path).stdout.splitlines()
    posts = {post["url"].rsplit("/", 1)[1]: post for post in map(json.loads, found)}
    assert len(found) == len(posts) == 33
    for number, page in enumerate(truth):
        said = posts[f"{number}.html"]
        if page["title"]:
            assert said["title"] == page["title"]
        assert "\ufffd" not in said["text"][:200]


def notices(up: Service, state: str) -> list[tuple[str, str | None]]:
    """What left the house, or did not: kind and rule."""
    rows = up.get("api/v1/notices")["items"]
    return [(row["kind"], row["payload"].get("rule")) for row in rows if row["state"] == state]


def by_rule(clocks: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The clocks by their rule."""
    return {clock["rule"]: clock for clock in clocks}


@pytest.mark.needs("eval_data")
def test_old_petitions_become_an_incident_with_ten_minutes_left(tmp_path, eval_data) -> None:
    (tmp_path / "yuqing.toml").write_text(SETTINGS, encoding="utf-8")
    with service(tmp_path / "data", cwd=tmp_path) as up:
        done = run(
            *("ingest", "--source", "petitions", "--kind", "mailbox"),
            *("--map", "published_at=time", str(eval_data / PETITIONS)),
            cwd=tmp_path,
        )
        assert json.loads(done.stdout.splitlines()[-1])["accepted"] == 4326, done.stderr
        until(lambda: up.get("api/v1/posts?limit=1")["total"] == 4326, what="all are indexed")
        for word in ("丽发新城", "停水"):
            counted = run("search", word, "--count", cwd=tmp_path).stdout
            assert counted == f"{up.get(f'api/v1/posts?q={quote(word)}')['total']}\n"
            assert int(counted) > 0
        until(lambda: up.get("api/v1/alerts")["items"], what="the alert")
        (alert,) = up.get("api/v1/alerts")["items"]
        assert (alert["rule"], alert["late"]) == ("mixer", True)

        occurred = datetime.now(UTC) - timedelta(hours=4, minutes=50)
        given = {"title": "搅拌站扰民", "occurred": occurred.isoformat(), "level": "重大"}
        incident = up.call("POST", f"api/v1/alerts/{alert['id']}/incident", given)
        clocks = by_rule(incident["clocks"])
        assert clocks["R1"]["state"] == "due_soon"
        assert 590 <= clocks["R1"]["margin_s"] <= 600
        assert clocks["R2"]["state"] == "running"
        assert by_rule(up.get("api/v1/clocks")["items"]).keys() == clocks.keys()
        until(lambda: ("reminder", "R1") in notices(up, "sent"), what="the reminder of R1 goes out")
        assert notices(up, "not_sent") == [("alert", None)]  # old posts wake nobody

        evidence = {"channel": "政府网站", "url": "https://www.example.gov.cn/1", "signer": "某某"}
        release = {"type": "release", "status": "published", "title": "通报", "evidence": evidence}
        path = f"api/v1/incidents/{incident['id']}"
        up.call("POST", f"{path}/entries", release)
        stopped = by_rule(up.get(path)["clocks"])["R1"]
        assert stopped["state"] == "met"
        rows = up.get(f"{path}/entries")["items"]
        (tmp_path / "entries.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        alone = run("clocks", "--entries", "entries.jsonl", cwd=tmp_path)
        assert {"incident": incident["id"], **by_rule(json.loads(alone.stdout))["R1"]} == stopped
