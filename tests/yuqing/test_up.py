"""The whole service as a person starts it: ``yuqing up``, with real processes and real sites."""

import json
import signal
import stat
import time

import psutil
import pytest
from support.service import run, service, stop, until

TRIVIAL = {"YUQING_ANALYZE__SCORER": "trivial"}


def test_the_first_start_gives_one_way_in_readable_by_its_owner_alone(tmp_path) -> None:
    data = tmp_path / "data"
    with service(data, cwd=tmp_path, env=TRIVIAL) as up:
        mode = stat.S_IMODE((data / "first-run.json").stat().st_mode)
        assert mode == 0o600
        assert set(up.first) == {"url", "user", "password", "api_token"}
        until(lambda: len(up.children()) == 4, what="four stages")
        pids = [child.pid for child in up.children().values()]
        seconds = stop(up)
        assert seconds < 20
        until(lambda: not any(map(psutil.pid_exists, pids)), what="no orphan", deadline_s=60)
    before = json.loads((data / "first-run.json").read_text())
    with service(data, cwd=tmp_path, env=TRIVIAL):
        users = run("users", "list", "--data", str(data), cwd=tmp_path).stdout.splitlines()
        assert len(users) == 1
    assert json.loads((data / "first-run.json").read_text()) == before


def test_the_demo_shows_alerts_and_an_incident_with_running_clocks_within_a_minute(
    tmp_path,
    size,
) -> None:
    began = time.monotonic()
    with service(tmp_path / "data", "--demo", cwd=tmp_path, env=size.env) as up:

        def running_clocks():
            found = [one for one in up.get("api/v1/clocks")["items"] if one["state"] == "running"]
            return {one["rule"] for one in found} >= {"R1", "R2"} and found

        clocks = until(running_clocks, what="R1 and R2 are running", every_s=0.5)
        assert time.monotonic() - began < 180
        spans = {one["rule"]: one["margin_s"] for one in clocks}
        assert 0 < spans["R1"] < 5 * 3600 < spans["R2"] < 24 * 3600
        incident = clocks[0]["incident"]
        entries = up.get(f"api/v1/incidents/{incident}/entries")["items"]
        assert any(e["by"] == "演示" for e in entries)
        alerts = up.get("api/v1/alerts")["items"]
        assert len(alerts) >= 2
        until(
            lambda: up.get("api/v1/posts?limit=1")["total"] >= 60,
            what="the story's posts are searchable",
            every_s=0.5,
        )


def test_the_demo_has_its_own_settings_and_says_so(tmp_path) -> None:
    (tmp_path / "own.toml").write_text("")
    told = run("up", "--demo", "--config", "own.toml", cwd=tmp_path)
    assert told.returncode == 1
    assert "data-demo/demo.toml" in told.stderr
    assert "去掉 --config" in told.stderr
    assert not (tmp_path / "data-demo").exists()


def test_a_stage_that_is_killed_is_started_again_and_shown(tmp_path) -> None:
    with service(tmp_path / "data", cwd=tmp_path, env=TRIVIAL) as up:
        first = until(lambda: up.children().get("respond"), what="respond runs")
        first.send_signal(signal.SIGKILL)
        again = until(
            lambda: (now := up.children().get("respond")) and now.pid != first.pid and now,
            what="respond runs again",
        )
        assert again.is_running()
        stages = {one["name"]: one for one in up.get("api/v1/stages")["items"]}
        assert stages["respond"]["restarts"] == 1


@pytest.mark.promise("P14", "P16")
@pytest.mark.needs("eval_data")
def test_petitions_come_in_whole_whichever_stage_is_killed(
    tmp_path, eval_data, size, figure
) -> None:
    """kill -9 of the import and of every stage while 4,326 petitions come in."""
    from support.service import start

    data = tmp_path / "data"
    arguments = (
        "ingest", "--source", "petitions", "--kind", "mailbox", "--map", "published_at=time",
        "--data", str(data), str(eval_data / "gov" / "messages_4326.jsonl.gz"),
    )  # fmt: skip
    kills = 0
    env = {**TRIVIAL, "YUQING_ELASTICSEARCH_SMARTCN": "false", **size.env}  # the words cost more
    with service(data, cwd=tmp_path, env=env) as up:
        for victim in ("analyze", "serve", "respond", "analyze", "ingest"):
            process = start(*arguments, cwd=tmp_path, env=env)
            wanted = 200 * (kills + 1)
            until(
                lambda p=process, n=wanted: size.indexed(data) > n or p.poll() is not None,
                what="some posts are in",
            )
            child = process if victim == "ingest" else up.children().get(victim)
            if child is not None:
                child.kill()
                kills += 1
            process.wait(120)
            assert process.stdout is not None
            process.stdout.close()
        whole = run(*arguments, cwd=tmp_path, env=env)
        assert whole.returncode == 0, whole.stderr
        until(lambda: size.indexed(data) == 4326, what="all petitions are searchable")
        until(lambda: "serve" in up.children(), what="serve is back")
    found = run("search", "--json", "--data", str(data), cwd=tmp_path, env=env)
    ids = [json.loads(line)["id"] for line in found.stdout.splitlines()]
    assert len(ids) == len(set(ids)) == 4326
    assert run("verify", "--data", str(data), cwd=tmp_path, env=env).returncode == 0
    figure(f"{size.name}: 4,326 of 4,326 petitions, none twice, after {kills} kills")
