"""What a person gets for a slip: one Chinese sentence that says what, where, what to do."""

import json
import socket

import pytest
from support.service import run, service, start


def told(done) -> str:
    assert done.returncode not in (0, None)
    assert "Traceback" not in done.stderr + done.stdout
    return str(done.stderr)


def test_a_missing_file_that_was_named(tmp_path) -> None:
    said = told(run("doctor", "--config", "none.toml", cwd=tmp_path))
    assert "none.toml" in said
    assert "不存在" in said


def test_a_faulty_file_is_told_with_its_line(tmp_path) -> None:
    (tmp_path / "yuqing.toml").write_text("[area]\n\ncode = 5\n")
    said = told(run("doctor", cwd=tmp_path))
    assert "第 3 行" in said
    assert "area.code" in said


def test_an_unknown_division(tmp_path) -> None:
    assert "990000" in told(run("init", "--area", "990000", ".", cwd=tmp_path))


def test_init_does_not_overwrite(tmp_path) -> None:
    assert run("init", "--area", "533100", ".", cwd=tmp_path).returncode == 0
    before = (tmp_path / "yuqing.toml").read_text()
    assert "已经存在" in told(run("init", "--area", "53", ".", cwd=tmp_path))
    assert (tmp_path / "yuqing.toml").read_text() == before


def test_what_init_writes_is_read_and_knows_its_towns(tmp_path) -> None:
    assert run("init", "--area", "533100", ".", cwd=tmp_path).returncode == 0
    text = (tmp_path / "yuqing.toml").read_text(encoding="utf-8")
    assert '"瑞丽市"' in text
    assert '"畹町镇"' in text
    line = json.dumps({"id": 7, "text": "畹町镇今天停水"})
    done = run("score", "--scorer", "trivial", cwd=tmp_path, input=line)
    found = json.loads(done.stdout)
    assert [(hit["code"], hit["certainty"]) for hit in found["localities"]] == [
        ("533102102", "sure")
    ]
    assert found["id"] == 7


def test_an_unknown_scorer_names_those_that_exist(tmp_path) -> None:
    said = told(run("score", "--scorer", "oracle", cwd=tmp_path, input=""))
    assert "snownlp" in said


def test_a_bad_line_is_told_and_the_rest_goes_on(tmp_path) -> None:
    lines = '{"id": 1, "text": "好"}\n{"id": 2}\nnot json\n{"id": 4, "text": "坏"}\n'
    done = run("score", "--scorer", "trivial", cwd=tmp_path, input=lines)
    assert done.returncode == 1
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, 4]
    assert "第 2 行" in done.stderr
    assert "第 3 行" in done.stderr


def test_extract_tells_an_unreadable_file_and_goes_on(tmp_path) -> None:
    (tmp_path / "page.html").write_text(
        "<html><head><meta charset='utf-8'><title>停水通知</title></head><body><h1>停水通知</h1>"
        "<p>2024年3月5日 09:30</p><p>"
        + "因检修管道，城区今日停水八小时，请提前储水。" * 5
        + "</p></body></html>",
        encoding="utf-8",
    )
    done = run("extract", "none.html", "page.html", cwd=tmp_path)
    assert done.returncode == 1
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert "读不了" in first["error"]
    assert second["title"] == "停水通知"
    assert second["published_at"] == "2024-03-05T09:30:00+08:00"
    assert second["error"] is None
    assert list(second) == [
        "file", "title", "published_at", "certainty", "body", "encoding", "error",
    ]  # fmt: skip


def test_ingest_tells_a_missing_file_and_a_bad_mapping(tmp_path) -> None:
    assert "--map" in told(run("ingest", "--map", "time", "x.jsonl", cwd=tmp_path))
    said = run("ingest", "none.jsonl", cwd=tmp_path)
    assert "none.jsonl" in said.stderr + said.stdout
    assert "Traceback" not in said.stderr


def test_a_data_folder_that_can_not_be_made(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    said = told(run("search", "x", "--data", "file", cwd=tmp_path))
    assert "file" in said


def test_a_registry_that_is_no_database(tmp_path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "registry.db").write_bytes(b"this is no database at all" * 100)
    said = told(run("users", "list", cwd=tmp_path))
    assert "registry.db" in said


def test_a_port_in_use_says_whose(tmp_path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = told(run("up", "--port", str(port), cwd=tmp_path))
    assert str(port) in said
    assert "进程" in said


@pytest.mark.parametrize("command", ["crawl", "analyze", "ingest", "up"])
def test_every_command_explains_itself(command, tmp_path) -> None:
    done = run(command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "--config" in done.stdout
    assert "--data" in done.stdout


def test_a_second_up_on_the_same_data_says_who_has_it(tmp_path) -> None:
    with service(tmp_path / "data", cwd=tmp_path, env={"YUQING_ANALYZE__SCORER": "trivial"}) as one:
        process = start("up", "--port", "0", "--data", str(tmp_path / "data"), cwd=tmp_path)
        assert process.stdout is not None
        said = process.stdout.read()
        assert process.wait(60) == 1
        process.stdout.close()
        assert str(one.process.pid) in said
        assert one.url in said
