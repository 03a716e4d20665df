"""When a release was really published: its page on an own source, first sight, or the signer."""

from datetime import timedelta

import pytest
from support.responder import NOON

from crawlers.admission import Admission, Item
from registry import sources, users
from registry.passwords import cheap
from registry.sources import Source
from registry.users import Role
from responder import incidents, query, signing
from responder.drafts import draft
from responder.entries import Confirmation, Note, Release, kind
from responder.time_machine import stood

PAGE = "https://www.xian.gov.cn/tongbao/1.html"
HOUR = timedelta(hours=1)


@pytest.fixture
def gov(office):
    with office.database.transaction() as session:
        for source, own in (("gov", True), ("bbs", False)):
            given = Source(id=source, name=source, kind="gov", spider="manual", own=own)
            sources.put(session, given, now=NOON)
    return office


@pytest.fixture
def people(gov):
    with gov.database.transaction() as session:
        return [
            users.create(
                session,
                name=name,
                password="翠湖边上的三棵老柳树",
                roles=[Role.ADMIN],
                display_name=name,
                now=NOON,
                hasher=cheap(),
            )
            for name in ("jia", "yi")
        ]


def opened(office) -> int:
    with office.database.transaction() as session:
        return incidents.open_incident(
            session, title="塌陷", by="张三", now=NOON, occurred=NOON - 4 * HOUR, level="重大"
        ).id


def released(office, number: int, *, after: timedelta, url: str = PAGE) -> int:
    body = {
        "type": "release",
        "status": "published",
        "at": (NOON - 4 * HOUR + after).isoformat(),
        "evidence": {"channel": "县政府网站", "url": url, "signer": "李主任"},
    }
    now = office.watch.now
    with office.database.transaction() as session:
        entry = draft(body, by="张三", now=now)
        return incidents.add(session, number, entry, now=now).seq


def crawled(office, *, published, source: str = "gov", url: str = PAGE) -> None:
    item = Item(
        source=source,
        kind="gov",
        url=url,
        title="情况通报",
        text="已通车。",
        published_at=published,
        fetched_at=office.watch.now,
    )
    Admission(office.log, office.database).admit([item])


def r1(office, number: int):
    with office.database.reading() as session:
        found = query.incident(session, number, office.watch.now)
        clock = next(clock for clock in found.clocks if clock.rule == "R1")
        return clock, incidents.entries(session, number)


def test_until_the_page_is_met_the_signers_time_counts_and_is_shown_unverified(gov):
    number = opened(gov)
    gov.watch.forward(minutes=30)
    released(gov, number, after=4 * HOUR)
    gov.tick(seconds=10)
    clock, _ = r1(gov, number)
    assert (clock.state, clock.margin_s) == ("met", 3600)
    assert "时间待核实" in clock.reason


def test_the_pages_own_certain_time_counts_once_the_crawler_met_it(gov):
    number = opened(gov)
    gov.watch.forward(hours=2)
    seq = released(gov, number, after=4 * HOUR)
    crawled(gov, published=NOON + HOUR + timedelta(minutes=5), url=f"{PAGE}?utm_source=x#top")
    gov.tick(seconds=10)
    clock, entries = r1(gov, number)
    assert (clock.state, clock.margin_s) == ("met_late", -300)
    assert "网页所载时间，签发人记为 2026-03-02 12:00" in clock.reason
    assert "待核实" not in clock.reason
    assert [entry.target for entry in entries if isinstance(entry, Confirmation)] == [seq]
    with gov.database.reading() as session:
        before = stood(session, number, NOON + 2 * HOUR).clocks
        assert next(one for one in before if one.rule == "R1").state == "met"
        assert incidents.verify(session, number) == []
    gov.tick(seconds=10)
    assert len(r1(gov, number)[1]) == len(entries)  # once only


@pytest.mark.parametrize("published", [None, (NOON - 4 * HOUR).date()])
def test_without_a_certain_time_on_the_page_its_first_sight_counts(gov, published):
    number = opened(gov)
    gov.watch.forward(minutes=40)
    crawled(gov, published=published, url=PAGE.replace("https", "http"))
    gov.watch.forward(minutes=20)
    released(gov, number, after=4 * HOUR)
    gov.tick(seconds=10)
    clock, _ = r1(gov, number)
    assert clock.margin_s == 20 * 60
    assert "首次抓取到的时间" in clock.reason


def test_a_page_of_somebody_else_confirms_nothing(gov):
    number = opened(gov)
    released(gov, number, after=3 * HOUR)
    crawled(gov, published=NOON, source="bbs")
    gov.tick(seconds=10)
    assert "时间待核实" in r1(gov, number)[0].reason


def test_a_page_older_than_the_event_is_not_taken_and_said(gov):
    number = opened(gov)
    released(gov, number, after=3 * HOUR)
    crawled(gov, published=NOON - 9 * HOUR)
    gov.tick(seconds=10)
    gov.tick(seconds=10)
    clock, entries = r1(gov, number)
    assert clock.margin_s == 2 * 3600
    (note,) = (entry.text for entry in entries if isinstance(entry, Note))
    assert "早于事发" in note


def test_what_two_persons_corrected_stands_against_the_page(gov, people):
    number = opened(gov)
    seq = released(gov, number, after=3 * HOUR)
    body = {
        "type": "correction",
        "target": seq,
        "value": (NOON - HOUR / 2).isoformat(),
        "reason": "网站后台记录",
        "evidence": {"file": "日志.pdf"},
    }
    with gov.database.transaction() as session:
        entry = draft(body, by="张三", now=NOON)
        asked = signing.propose(session, number, entry, by=people[0], now=NOON)
        signing.confirm(session, asked, by=people[1], now=NOON)
    crawled(gov, published=NOON - 2 * HOUR)
    gov.tick(seconds=10)
    assert r1(gov, number)[0].margin_s == 90 * 60


def test_no_person_writes_a_confirmation(gov):
    number = opened(gov)
    released(gov, number, after=3 * HOUR)
    entry = draft(
        {"type": "confirmation", "target": 4, "value": NOON.isoformat()}, by="张三", now=NOON
    )
    with (
        gov.database.transaction() as session,
        pytest.raises(incidents.InvalidInputError, match="由系统"),
    ):
        incidents.add(session, number, entry, now=NOON)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "www.xian.gov.cn/1"])
def test_what_is_no_address_of_a_page_is_refused(gov, url):
    number = opened(gov)
    with pytest.raises(incidents.InvalidInputError, match="http:// 或 https:// 开头"):
        released(gov, number, after=3 * HOUR, url=url)
    assert not [e for e in r1(gov, number)[1] if isinstance(e, Release) or kind(e) == "note"]
