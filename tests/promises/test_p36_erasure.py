"""P36 What is destroyed by law is gone from index, log and exports, and every chain verifies."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from support.evidence import MARK, NOW, PROOF, Evidence, found_in, make_evidence
from support.service import run, until

from crawlers.admission import ERASED, Item, State
from posts.index.port import Query
from posts.log.port import RAW
from registry import audit, erasures, sightings, users
from responder import alerts, erasing, export, query, signing
from responder.check_export import check
from responder.drafts import draft
from responder.erasure_requests import Request, confirm, propose
from yuqing import erasing as stores
from yuqing.settings import Settings

OTHER = "qzyother"  # stands in what is kept


def user(session, name: str):
    return next(one for one in users.everything(session) if one.name == name)


def seeded(folder: Path) -> tuple[Evidence, list[str]]:
    """The mark in a post, its dead letter, its alert and notice, and in every kind of entry."""
    made = make_evidence(folder)
    wiring = made.wiring
    for record in wiring.log.consumer(RAW, "test").poll():
        wiring.log.bury(record, reason="坏了", attempts=3, at=NOW)
    proof = {**PROOF, "channel": f"{MARK} 渠道", "url": f"https://example.gov.cn/{MARK}"}
    bodies = [
        {"type": "fact", "text": f"{MARK} 的电话", "status": "待核实", "source": MARK},
        {"type": "note", "text": f"{MARK} " + "很长的备注" * 2000},
        {"type": "release", "status": "published", "text": MARK, "title": MARK, "evidence": proof},
        {"type": "assessment", "nature": MARK, "trend": MARK, "risk": MARK, "advice": MARK},
        {"type": "assigned", "lead": MARK, "support": [MARK], "spokesperson": MARK},
        {"type": "level_set", "level": "特别重大", "criteria": MARK},
    ]
    entries = [f"{made.incident}#{made.write(body)}" for body in bodies]
    made.write({"type": "note", "text": OTHER})
    with wiring.database.transaction() as session:
        from responder import reminders

        reminders.announce(session, alerts.get(session, 1), now=NOW)
        correction = draft(
            {
                "type": "correction",
                "target": 2,
                "value": (NOW - timedelta(minutes=5)).isoformat(),
                "reason": MARK,
                "evidence": {"source": MARK},
            },
            by="王安",
            now=NOW,
        )
        first, second = user(session, "anquan"), user(session, "lingdao")
        number = signing.propose(session, made.incident, correction, by=first, now=NOW)
        entries.append(
            f"{made.incident}#{signing.confirm(session, number, by=second, now=NOW).seq}"
        )
    return made, entries


def state_file(made: Evidence) -> Path:
    from analyzer.grouping.memory import FileMemory
    from analyzer.grouping.windows import RuleState, entry

    path = made.data / "state" / "grouping.json"
    kept = [entry(one.post, ()) for one in made.posts]
    FileMemory(path).save({"water": RuleState(definition="x", entries=kept)})
    return path


@pytest.mark.promise("P36")
def test_nothing_of_it_is_left_and_all_chains_hold(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    made, entries = seeded(tmp_path / "data")
    state_file(made)
    post = made.posts[0].post.id
    with made.wiring.database.reading() as session:
        before = query.incident(session, made.incident, NOW).clocks
    made.reopen()
    there = found_in(made.data, MARK)
    assert any(name.startswith("registry.db") for name in there), "the test must be able to fail"
    assert any(name.startswith("index.db") for name in there)
    assert any(name.startswith("log.db") for name in there)
    assert "state/grouping.json" in there

    number = str(made.incident)
    taken = run("export", number, "--by", "anquan", "--data", "data", cwd=tmp_path)
    assert taken.returncode == 0, taken.stderr
    two = (
        "--by",
        "anquan",
        "--second",
        "lingdao",
        "--reason",
        "当事人申请",
        "--clause",
        "第四十七条",
    )
    which = [f"--entry={one}" for one in entries]
    erased = run("erase", *two, "--post", post, *which, "--data", "data", cwd=tmp_path)
    assert erased.returncode == 0, erased.stderr
    assert f"已依法销毁 {len(entries) + 1} 项" in erased.stdout
    assert "请收回" in erased.stderr
    assert "anquan" in erased.stderr

    assert found_in(made.data, MARK) == []
    assert found_in(made.data, OTHER) != [], "what was not named is still there"
    with made.wiring.database.reading() as session:
        after = query.incident(session, made.incident, NOW).clocks
        made_again = export.export(session, made.incident, find=made.wiring.index.get_many, now=NOW)
        alert = alerts.get(session, 1)
    assert after == before, "a verdict does not change because a text was destroyed"
    assert all("已依法销毁" in reason.text for reason in alert.reasons)
    folder, archive = export.write(made_again, tmp_path / "again")
    assert found_in(tmp_path / "again", MARK) == []
    for file in (folder, archive):
        answer = run("verify", str(file), cwd=tmp_path)
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.count("已依法销毁") == len(entries) + 1
        assert "当事人申请（依据 第四十七条，王安（anquan）、赵领（lingdao） 签发" in answer.stdout
    answer = run("verify", "data", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("已依法销毁：当事人申请") == len(entries) + 1
    made.wiring.close()
    figure(
        f"{len(there)} files held the text of a post and {len(entries)} entries, "
        f"0 bytes of it after; {len(before)} clocks unchanged; all chains verify"
    )


@pytest.mark.promise("P36")
def test_what_was_destroyed_does_not_come_back(tmp_path: Path) -> None:
    made = make_evidence(tmp_path / "data")
    item = Item(source="petitions", kind="mailbox", native="0", text=MARK, fetched_at=NOW)
    changed = Item(source="petitions", kind="mailbox", native="0", text="改过", fetched_at=NOW)
    erase(made, posts=[made.posts[0].post.id])
    outcomes = made.wiring.admission.admit([item, changed])
    assert [(one.state, one.reason) for one in outcomes] == [(State.REJECTED, ERASED)] * 2
    (tmp_path / "again.jsonl").write_text(
        json.dumps({"id": "0", "text": f"{MARK} 又来了"}), encoding="utf-8"
    )
    made.wiring.close()
    answer = run("ingest", "again.jsonl", "--source", "petitions", "--data", "data", cwd=tmp_path)
    assert json.loads(answer.stdout.splitlines()[-1])["rejected"] == 1
    assert found_in(made.data, MARK) == []


@pytest.mark.promise("P36")
def test_retention_goes_the_same_way_and_spares_open_incidents(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    made = make_evidence(tmp_path / "data", settings=Settings(keep={"post_days": 30}))
    wiring = made.wiring
    old = [
        Item(source="forum", kind="forum", native=str(n), text=f"{MARK}{n}", fetched_at=NOW)
        for n in range(40)
    ]
    wiring.admission.admit(old)
    later = NOW + timedelta(days=31)
    wiring.admission.admit(
        [Item(source="forum", kind="forum", native="x", text=OTHER, fetched_at=later)]
    )
    assert stores.expire(wiring, moment=NOW + timedelta(days=29)) == 0
    assert stores.expire(wiring, moment=later) == 40, "not the 6 posts of the open incident"
    stores.empty_pending(wiring, moment=later)
    assert stores.expire(wiring, moment=later) == 0
    assert wiring.index.count(Query()) == 6
    with wiring.database.transaction() as session:
        act = erasures.recent(session)[0]
        close(session, made.incident)
    assert (act.reason, act.signer, act.second) == ("保存期满", "系统", "")
    wiring.close()
    left = [f"{MARK}{n}" for n in range(40) if found_in(made.data, f'{MARK}{n}"')]
    assert left == []
    assert found_in(made.data, OTHER) != []
    assert stores.expire(wiring, moment=later) == 6, "with the incident its posts fall due"
    figure("40 of 40 posts past their time destroyed, 6 of an open incident kept")


def close(session, incident: int) -> None:
    from responder.tables import IncidentRow

    session.get_one(IncidentRow, incident).state = "closed"


def erase(made: Evidence, *, posts=(), entries=()) -> erasures.Erasure:
    with made.wiring.database.transaction() as session:
        act = erasing.act(
            session,
            posts=posts,
            entries=entries,
            reason="当事人申请",
            clause="第四十七条",
            signer="王安",
            second="赵领",
            now=NOW,
        )
    stores.empty(made.wiring, act, moment=NOW)
    return act


@pytest.mark.promise("P36")
def test_an_act_that_was_cut_short_is_finished_later(tmp_path: Path) -> None:
    made = make_evidence(tmp_path / "data")
    with made.wiring.database.transaction() as session:
        act = erasing.act(
            session,
            posts=[made.posts[0].post.id],
            reason="r",
            clause="c",
            signer="王安",
            second="赵领",
            now=NOW,
        )
    made.reopen()
    assert found_in(made.data, MARK) != []
    assert stores.empty_pending(made.wiring, moment=NOW) == 1
    # A stage that held the post in its hands writes it down once more.
    made.wiring.index.write([made.posts[0]])
    settled = NOW + stores.SETTLED_AFTER
    assert stores.empty_pending(made.wiring, moment=settled) == 1
    assert stores.empty_pending(made.wiring, moment=settled) == 0
    made.wiring.close()
    assert found_in(made.data, MARK) == []
    with made.wiring.database.reading() as session:
        assert erasures.recent(session)[0].finished_at == settled
        assert act.finished_at is None
        seen = sightings.known(session, [made.posts[0].post.id])
    assert [one.content_hash for one in seen.values()] == [""]


@pytest.mark.promise("P36")
def test_it_takes_two_persons_of_the_right_roles_and_a_clause(tmp_path: Path) -> None:
    from registry.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError

    made = make_evidence(tmp_path / "data")
    post = made.posts[0].post.id
    asked = Request(posts=(post,), reason="当事人申请", clause="第四十七条")
    with made.wiring.database.transaction() as session:
        first, second = user(session, "anquan"), user(session, "lingdao")
        with pytest.raises(ForbiddenError, match="可由管理员、安全管理员"):
            propose(session, asked, by=second, now=NOW)
        for bad, said in (
            (Request(posts=(post,), reason="", clause="c"), InvalidInputError),
            (Request(posts=(post,), reason="r", clause=" "), InvalidInputError),
            (Request(reason="r", clause="c"), InvalidInputError),
            (Request(posts=("x",), reason="r", clause="c"), NotFoundError),
            (Request(entries=("1#99",), reason="r", clause="c"), NotFoundError),
            (Request(entries=("第一条",), reason="r", clause="c"), InvalidInputError),
        ):
            with pytest.raises(said):
                propose(session, bad, by=first, now=NOW)
        number = propose(session, asked, by=first, now=NOW)
        with pytest.raises(ForbiddenError, match="另一个人确认"):
            confirm(session, number, by=first, now=NOW)
        assert confirm(session, number, by=second, now=NOW).count == 1
        with pytest.raises(ConflictError):
            confirm(session, number, by=second, now=NOW)
        again = propose(session, asked, by=first, now=NOW)
        with pytest.raises(ConflictError, match="此前已经依法销毁"):
            confirm(session, again, by=second, now=NOW)
        assert MARK not in str(audit.entries(session, limit=50))
    made.wiring.close()


@pytest.mark.promise("P36")
def test_a_forged_erasure_is_a_break(tmp_path: Path) -> None:
    import sqlite3

    from yuqing.verification import check_data

    made = make_evidence(tmp_path / "data")
    seq = made.write({"type": "release", "status": "published", "text": MARK, "evidence": PROOF})
    erase(made, entries=[(made.incident, seq)])
    assert check_data(made.wiring).faults == []
    for change, said in (
        ("UPDATE erasures SET reason = '别的事由'", "与审计链不符"),
        ("UPDATE erased SET subject = '1#2'", "与审计链不符"),
        ("DELETE FROM erased", "没有销毁记录"),
        (
            "UPDATE incident_entries SET residue = replace(residue, 'published', 'drafted')",
            "要素被改过",
        ),
        ("UPDATE incident_entries SET body = '{}', salt = x'00' WHERE body IS NULL", "内容却还在"),
        ("UPDATE incident_entries SET body = NULL, salt = NULL WHERE seq = 2", "没有销毁记录"),
    ):
        made.wiring.close()
        whole = (made.data / "registry.db").read_bytes()
        connection = sqlite3.connect(made.data / "registry.db")
        connection.execute(change)
        connection.commit()
        connection.close()
        faults = check_data(made.wiring).faults
        made.wiring.close()
        (made.data / "registry.db").write_bytes(whole)
        assert any(said in fault for fault in faults), (change, faults)
    made.wiring.close()
    assert check(tmp_path / "nothing") != ([], [])


@pytest.mark.promise("P36")
def test_the_responders_stage_empties_what_was_confirmed_by_the_api(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_evidence(tmp_path / "data")
    post = made.posts[0].post.id
    asked = Request(posts=(post,), reason="当事人申请", clause="第四十七条")
    with made.wiring.database.transaction() as session:
        number = propose(session, asked, by=user(session, "anquan"), now=NOW)
        confirm(session, number, by=user(session, "lingdao"), now=NOW)
    made.reopen()
    assert found_in(made.data, MARK) != []
    monkeypatch.setattr(stores, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(stores, "now", lambda: NOW + stores.SETTLED_AFTER)
    stop = threading.Event()
    thread = stores.start(made.wiring, stop)

    def finished() -> bool:
        with made.wiring.database.reading() as session:
            return not erasures.pending(session)

    until(finished, what="the act is finished", deadline_s=90)
    stop.set()
    thread.join(90)
    made.reopen()
    assert found_in(made.data, MARK) == []
    assert made.wiring.index.get(post) is None
    made.wiring.close()
