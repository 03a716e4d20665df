"""P36 A text that went through the whole service is found nowhere after its erasure."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.evidence import NOW, PROOF, found_in, make_wiring
from support.service import run

from crawlers.imports.ingest import ingest
from registry import alert_rules, handovers, jobs, roster, silences, users
from registry.alert_rules import AlertRule
from registry.duty import DutyRole, Hours, Kind
from registry.passwords import cheap
from registry.users import Role
from responder import alerts, incidents, joining, query, signing
from responder.drafts import draft
from responder.handover_list import checklist
from yuqing.settings import AnalyzeSettings, ChannelSettings, Settings
from yuqing.wiring import Wiring

MARK = "zqxjkvbp"  # stands in the texts only, so that it can be searched for byte by byte
TITLE = f"城东停水{MARK}没人管"
TEXT = f"城东片区停水三天，{MARK}说物业的人一直没有来，老人孩子都没有水喝。"
RELEASE = f"关于城东停水的情况说明，{MARK}反映的主管已经修好，今晚八点恢复供水。"
OTHER = "停水的另外一条消息，这条应当留下来"


def rows() -> list[dict[str, Any]]:
    """One post that is told of, four that make the alert, and a row that is rejected."""
    told = [{"id": "0", "title": TITLE, "text": TEXT, "author": f"{MARK}先生"}]
    others = [{"id": str(n), "title": f"城西停水 {n}", "text": f"{OTHER}{n}"} for n in range(1, 5)]
    at = [{"published_at": (NOW - timedelta(minutes=n)).isoformat()} for n in range(5)]
    good = [{**row, **when} for row, when in zip([*told, *others], at, strict=True)]
    return [*good, {**told[0], "id": "9", "published_at": "上月末"}]


def stages(wiring: Any) -> None:
    """Score, group, raise the alert and try to tell it, as the stages do; the receiver fails."""
    from analyzer.grouping.worker import GroupingWorker
    from analyzer.scoring.worker import ScoringWorker
    from responder.worker import Responder
    from yuqing import channels

    names = wiring.known_names()
    scoring = ScoringWorker(wiring.log, wiring.index, wiring.scorer(), names.matcher(), lambda: NOW)
    memory = wiring.grouping_memory("test")
    grouping = GroupingWorker(
        wiring.log, wiring.database, lambda: NOW, "test", index=wiring.index, memory=memory
    )
    notifiers = channels.notifiers(wiring.settings, wiring.database, lambda: NOW)
    responder = Responder(wiring.log, wiring.database, notifiers, lambda: NOW, "test")
    for stage in (scoring, grouping):
        while stage.step(500):
            pass
    for _ in range(3):
        responder.step()
    responder.close()


def live(wiring: Any) -> tuple[int, list[str]]:
    """An incident from the alert, merged and split; duty; what people typed. Entries with it."""
    with wiring.database.transaction() as session:
        alert_rules.put(
            session,
            AlertRule(id="water", name="停水", any_of=("停水",), min_count=3, window_s=7200),
            now=NOW,
        )
        people = {
            name: users.create(
                session,
                name=name,
                password="翠湖边上的三棵老柳树",
                roles={role},
                hasher=cheap(),
                display_name=shown,
                now=NOW,
            )
            for name, role, shown in (
                ("anquan", Role.SECURITY, "王安"),
                ("lingdao", Role.LEADER, "赵领"),
                ("zhang", Role.DUTY_OFFICER, "张三"),
            )
        }
    stages(wiring)
    with wiring.database.transaction() as session:
        (alert,) = query.alerts(session, states=alerts.OPEN)
        assert any(MARK in one.text for one in alert.reasons), "the alert quotes the newest post"
        first = alerts.open_incident(
            session, alert.id, by="张三", now=NOW, title=f"网民称“{TITLE}”", level="重大"
        ).id
        entry = {"type": "release", "status": "published", "text": RELEASE, "evidence": PROOF}
        released = incidents.add(session, first, draft(entry, by="张三", now=NOW), now=NOW).seq
        second = incidents.open_incident(session, title="城西停水", by="张三", now=NOW).id
        joining.merge(session, second, first, by="张三", now=NOW, reason=f"同为{TITLE}引起")
        joining.split(session, second, title="抢修保障", by="张三", now=NOW, reason=f"应{MARK}要求")
        named = [f"{first}#1", f"{first}#{released}"]
        named += [
            f"{second}#{one.seq}"
            for one in incidents.entries(session, second)
            if type(one).__name__ in {"Merge", "Split"}
        ]
        refuse(session, second, people)
        silences.add(
            session,
            until=NOW + timedelta(hours=2),
            owner="张三",
            reason=f"“{TITLE}”已在处置",
            word=TITLE,
            now=NOW,
        )
        shift = roster.plan(
            session,
            day=NOW.date(),
            kind=Kind.NIGHT,
            role=DutyRole.OFFICER,
            name="zhang",
            by="王安",
            now=NOW,
            hours=Hours(),
            note=f"盯住{TITLE}一帖",
        )
        assert shift.note
        made = handovers.prepare(
            session,
            by=people["zhang"].id,
            note=f"请接着看：{TEXT}",
            body=checklist(session, NOW),
            now=NOW,
        )
        assert MARK in json.dumps(made.body, ensure_ascii=False), "the list copies a notice"
        handovers.sign(session, made.id, by=people["lingdao"].id, remark=f"收到，{TITLE}", now=NOW)
        job = jobs.add(session, kind="x", subject="y", body={"text": TEXT}, now=NOW, limit_s=60)
        jobs.claim(session, kinds=["x"], now=NOW)
        jobs.finish(session, job, now=NOW, result={"titles": [TITLE]})
    return second, named


def refuse(session: Any, incident: int, people: dict[str, Any]) -> None:
    """A correction that the second person sent back: its text never became an entry."""
    from registry import approvals

    entry = {
        "type": "correction",
        "target": 2,
        "value": NOW.isoformat(),
        "reason": f"{TITLE}是昨天发的",
        "evidence": {"source": "巡查"},
    }
    correction = draft(entry, by="王安", now=NOW)
    number = signing.propose(session, incident, correction, by=people["anquan"], now=NOW)
    approvals.refuse(session, number, by=people["lingdao"].id, reason=f"{TITLE}不是依据", now=NOW)


@pytest.mark.promise("P36")
def test_what_went_through_the_whole_service_is_found_nowhere(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    made = Settings(
        analyze=AnalyzeSettings(scorer="trivial"),
        channel=[ChannelSettings(name="office", kind="command", argv=["/bin/false"])],
    )
    (tmp_path / "posts.jsonl").write_text(
        "\n".join(json.dumps(row, ensure_ascii=False) for row in rows()), encoding="utf-8"
    )
    wiring = make_wiring(tmp_path / "data", made)
    taken = ingest(
        [tmp_path / "posts.jsonl"],
        source="petitions",
        kind=None,
        mapping={},
        admission=wiring.admission,
        database=wiring.database,
        now=NOW,
        rejects_dir=wiring.folder.rejects,
    )
    assert (taken.accepted, taken.rejected) == (5, 1)
    incident, entries = live(wiring)
    with wiring.database.reading() as session:
        before = query.incident(session, incident, NOW).clocks
    (post,) = [one.scored.post.id for one in wiring.index.search(_for(MARK)).items]
    wiring.close()

    there = found_in(tmp_path / "data", MARK)
    tables = tables_with(tmp_path / "data" / "registry.db", MARK)
    assert {name.partition("/")[0].removesuffix("-wal") for name in there} == {
        "index.db",
        "log.db",
        "registry.db",
        "rejects",
        "state",
    }
    assert tables >= {
        "alerts",
        "approvals",
        "audit_entries",
        "duty_handovers",
        "duty_shifts",
        "incident_entries",
        "incidents",
        "jobs",
        "outbox",
        "silences",
    }, "the test must be able to fail"

    two = (
        "--by",
        "anquan",
        "--second",
        "lingdao",
        "--reason",
        "当事人申请",
        "--clause",
        "第 47 条",
    )
    only = run("erase", *two, "--post", post, "--data", "data", cwd=tmp_path)
    assert only.returncode == 0, only.stderr
    assert "还有事件记录引用了它" in only.stderr
    assert entries[0] in only.stderr
    left = tables_with(tmp_path / "data" / "registry.db", MARK)
    assert left <= {"incident_entries", "incidents", "audit_entries"}, (
        "the record, until it is named"
    )
    which = [f"--entry={one}" for one in entries]
    erased = run("erase", *two, *which, "--data", "data", cwd=tmp_path)
    assert erased.returncode == 0, erased.stderr

    assert tables_with(tmp_path / "data" / "registry.db", MARK) == set()
    assert found_in(tmp_path / "data", MARK) == []
    assert found_in(tmp_path / "data", OTHER) != [], "what was not named is still there"
    answer = run("verify", "data", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "交班 1 中引用的内容已依法销毁" in answer.stdout
    assert answer.stdout.count("已依法销毁：当事人申请") >= len(entries) + 2, "copies too"
    wiring = Wiring(made, wiring.folder)
    with wiring.database.reading() as session:
        assert query.incident(session, incident, NOW).clocks == before
        (silence,) = silences.recent(session)
    wiring.close()
    assert silence.ended_at is not None, "a silence of a destroyed word would silence others"
    tamper(tmp_path / "data" / "registry.db")
    answer = run("verify", "data", cwd=tmp_path)
    assert answer.returncode == 1
    assert "交班 1 的清单与签收时的校验值不符" in answer.stderr
    figure(
        f"a mark from import to export stood in {len(there)} files and {len(tables)} tables "
        f"({', '.join(sorted(tables))}): 0 bytes of it after, every chain verifies"
    )


def _for(text: str) -> Any:
    from posts.index.port import Query

    return Query(text=text)


def tables_with(file: Path, needle: str) -> set[str]:
    """The tables of the database that hold the needle."""
    connection = sqlite3.connect(file)
    names = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
    ]
    found = {
        name
        for name in names
        if any(needle in str(row) for row in connection.execute(f'SELECT * FROM "{name}"'))
    }
    connection.close()
    return found


def tamper(file: Path) -> None:
    """Change a signed list, as if by an erasure that never was."""
    connection = sqlite3.connect(file)
    connection.execute(
        "UPDATE duty_handovers SET body = json_set(body, '$.erased', 77) WHERE prepared IS NULL"
    )
    connection.commit()
    connection.close()
