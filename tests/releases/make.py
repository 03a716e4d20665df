"""Makes the small DATA that a release leaves behind: ``python tests/releases/make.py VERSION``.

Run once at the end of a release and commit the two files; they are never made again, because what
they prove is that later code opens what earlier code wrote.
"""

from __future__ import annotations

import json
import sys
import tarfile
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from responder import incidents, query
from responder.clocks import to_dict
from responder.drafts import draft
from yuqing import stages
from yuqing.folder import DataFolder
from yuqing.settings import Settings
from yuqing.wiring import Wiring

HERE = Path(__file__).parent
BEGIN = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
SEEN_AT = BEGIN + timedelta(hours=30)
#: What later code must find again: the words around it may change, and rules may be added.
VERDICT = ("incident", "rule", "basis", "start", "due", "state", "provisional", "margin_s")
RULES = ("R1", "R2", "R3", "R5")
ROWS = [
    {
        "id": 1,
        "title": "弄坝镇停水",
        "text": "弄坝镇今天停水，没有通知。",
        "time": "2026-11-20 09:05",
    },
    {
        "id": 2,
        "title": "水库死鱼",
        "text": "弄坝水库边有死鱼，水有味道。",
        "time": "2026-11-20 09:20",
    },
    {"id": 3, "title": "班车改点", "text": "去县城的班车改到六点半。", "time": "2026-11-20 10:00"},
]


def make(folder: Path) -> dict[str, object]:
    """Write a DATA into the folder; returns what must still be true of it."""
    from crawlers import imports

    wiring = Wiring(Settings(), DataFolder(folder))
    rows = folder.parent / "rows.jsonl"
    rows.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS), "utf-8")
    imports.ingest(
        [rows],
        source="release",
        kind="mailbox",
        mapping={"published_at": "time"},
        admission=wiring.admission,
        database=wiring.database,
        now=SEEN_AT,
        rejects_dir=wiring.folder.rejects,
    )
    import threading

    stages.analyze(wiring, threading.Event(), scorer="trivial", drain=True)
    with wiring.database.transaction() as session:
        first = incidents.open_incident(
            session, title="停水（示例）", by="甲", now=BEGIN + timedelta(hours=1), occurred=BEGIN,
            event_type="事故灾难",
        )  # fmt: skip
        incidents.set_level(session, first.id, "重大", by="乙", now=BEGIN + timedelta(hours=2))
        published = BEGIN + timedelta(hours=4)
        release = {
            "type": "release",
            "status": "published",
            "title": "情况通报",
            "at": published.isoformat(),
            "evidence": {
                "channel": "政府网站",
                "url": "https://www.example.gov.cn/t1.html",
                "text_hash": "0" * 64,
                "signer": "丙",
            },
        }
        entry = draft(release, by="丙", now=published)
        incidents.add(session, first.id, entry, now=published)
        second = incidents.open_incident(
            session, title="道路坑洼（示例）", by="甲", now=BEGIN, reported=BEGIN,
        )  # fmt: skip
        incidents.set_level(session, second.id, "较大", by="乙", now=BEGIN + timedelta(minutes=5))
        incidents.open_incident(session, title="未定级（示例）", by="甲", now=BEGIN, occurred=BEGIN)
    expected = read(wiring)
    wiring.close()
    return expected


def read(wiring: Wiring) -> dict[str, object]:
    """What stands in a DATA: clocks at a fixed instant, titles, posts."""
    from posts.index.port import Query

    with wiring.database.reading() as session:
        clocks = query.open_clocks(session, SEEN_AT, settled=True)
        titles = [one.title for one in query.incidents(session)]
    return {
        "clocks": [
            {key: to_dict(clock, incident=True)[key] for key in VERDICT}
            for clock in clocks
            if clock.rule in RULES
        ],
        "incidents": sorted(titles),
        "posts": wiring.index.count(Query()),
        "停水": wiring.index.count(Query(text="停水")),
    }


def main(version: str) -> None:
    """Write VERSION.tar.gz and VERSION.json beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        expected = make(data)
        with tarfile.open(HERE / f"{version}.tar.gz", "w:gz") as out:
            for name in ("log.db", "index.db", "registry.db"):
                out.add(data / name, name)
    text = json.dumps(expected, ensure_ascii=False, indent=1)
    (HERE / f"{version}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
