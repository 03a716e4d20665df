"""P10: down across a deadline; on start it fires within 5 s, late, with the legal time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.receivers import receiving
from support.registry import copy_database
from support.service import slowness, start, until
from support.stores import address

from registry.db import Database
from responder import incidents

SHANGHAI = timedelta(hours=8)


@pytest.mark.promise("P10")
def test_the_real_command_tells_of_a_deadline_that_passed_while_it_was_down(
    database: Database, tmp_path: Path, figure
):
    data = tmp_path / "data"
    data.mkdir()
    engine = {}
    if database.sqlite:
        database = copy_database(database, data / "registry.db")
    else:
        engine["YUQING_DATABASE_URL"] = address(database)
    opened = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5, minutes=20)
    with database.transaction() as session:
        incident = incidents.open_incident(
            session, title="塌陷", by="张三", now=opened, occurred=opened, level="重大"
        ).id
    database.dispose()
    with receiving() as hook:
        config = tmp_path / "yuqing.toml"
        config.write_text(
            f'[respond]\nallow_private = ["127.0.0.1:{hook.port}"]\n'
            f'[[channel]]\nname = "oa"\nkind = "webhook"\nurl = "{hook.url}"\nbundle_most = 1\n'
            "bundle_s = 0\n"
        )
        key = f"{incident}:R1:0:100"
        slower = slowness(tmp_path)
        began = time.monotonic()
        process = start(
            "respond", "--data", str(data), "--config", str(config), cwd=tmp_path, env=engine
        )
        try:
            until(lambda: key in hook.keys, what="the reminder arrives", every_s=0.02)
            took = time.monotonic() - began
        finally:
            process.terminate()
            process.wait(60)
            assert process.stdout is not None
            process.stdout.close()
        item = next(one for got in hook.got for one in got["items"] if got["keys"] == [key])
    due = opened + timedelta(hours=5)
    assert datetime.fromisoformat(item["due"]) == due
    assert item["late"]
    assert item["state"] == "overdue"
    local = (due + SHANGHAI).strftime("%Y-%m-%d %H:%M")
    text = next(got["text"] for got in hook.got if got["keys"] == [key])
    assert f"{local}" in text
    assert f"迟发：应于 {local}" in text
    assert item["folded"] == [50, 75, 90]
    assert took < 5 * slower
    figure(
        f"{'SQLite' if database.sqlite else 'PostgreSQL'}: "
        f"from the start of the process to the receiver {took:.1f} s, marked 迟发, 50–90 % named"
    )
