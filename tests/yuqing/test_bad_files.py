"""Broken files, sources, databases, slips of the pen: a sentence, never a traceback."""

import gzip
import json
import random
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.faults import write_posts
from support.service import run, service, until
from support.sites import article, listing, serving

NOISE = random.Random(7).randbytes


def told(done, *words: str, status: int = 1) -> str:
    """It ended with a sentence that has these words, and without a traceback."""
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    last: str = done.stderr.strip().splitlines()[-1]
    assert last.startswith("错误：")
    for word in words:
        assert word in last
    return last


def both(*calls):
    """Two processes at a time: there are two cores."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda call: call(), calls))


def test_garbage_of_every_type_is_told_by_name_and_good_files_come_in(tmp_path) -> None:
    bad = {
        "a.jsonl": NOISE(50_000),
        "b.csv": NOISE(50_000),
        "c.xlsx": NOISE(50_000),
        "d.txt": NOISE(50_000),
        "e.jsonl.gz": NOISE(50_000),
        "f.jsonl.gz": gzip.compress(b'{"id": 1, "text": "a"}\n' * 9000)[:120],
        "g.csv.gz": gzip.compress(NOISE(50_000)),
        "h.jsonl": b"",
        "i.txt": bytes(5000),
        "j.pdf": b"%PDF-1.7",
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "k.jsonl").mkdir()
    write_posts(tmp_path / "good.jsonl", range(20))
    names = [*bad, "k.jsonl", "none.csv"]
    done = run("ingest", *names, "good.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr + done.stdout
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts["accepted"] == 20
    assert counts["read"] == 20 + counts["rejected"]
    rejects = (tmp_path / counts["rejects_file"]).read_text(encoding="utf-8").strip().split("\n")
    assert {json.loads(line)["file"] for line in rejects} == set(names)
    for name in names[1:]:  # of a.jsonl each line is a row, and each is in the rejects file
        assert f"{name}：" in done.stderr


def test_the_filters_take_monsters(tmp_path) -> None:
    (tmp_path / "empty.html").write_bytes(b"")
    (tmp_path / "noise.html").write_bytes(NOISE(20_000_000))
    (tmp_path / "folder.html").mkdir()
    lines = [
        b'{"id": 1, "text": "' + b"a" * 50_000_000 + b'"}',
        b'{"id": 2, "text": "\\ud800 half"}',
        b'{"id": 3, "text": "\\u0000"}',
        b'{"id": 4, "text": "\0"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": "\\udc00", "text": "x"}',
        '{"id": 8, "text": "停水"}'.encode(),
    ]
    extracted, scored = both(
        lambda: run("extract", "folder.html", "empty.html", "noise.html", cwd=tmp_path),
        lambda: run(
            "score", "--scorer", "trivial", cwd=tmp_path,
            input=b"\n".join(lines).decode("utf-8", "surrogateescape"), errors="surrogateescape",
        ),
    )  # fmt: skip
    found = [json.loads(line) for line in extracted.stdout.splitlines()]
    assert extracted.returncode == 1
    assert [one["file"] for one in found] == ["folder.html", "empty.html", "noise.html"]
    assert "目录" in found[0]["error"]
    assert "空" in found[1]["error"]
    assert [json.loads(line)["id"] for line in scored.stdout.splitlines()] == [1, 3, 8]
    assert scored.returncode == 1
    for number in (2, 4, 5, 6, 7):
        assert f"第 {number} 行" in scored.stderr
    assert "Traceback" not in scored.stderr + extracted.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--level 超大", ("超大", "特别重大")),
        ("--occurred 2026-01-02T08:00 --stopped R1=2026-01-02T07:00", ("R1", "早于")),
        ("--stopped R9=2026-01-02T07:00", ("R9", "R1")),
        ("--now 昨天", ("--now", "昨天")),
        ("--entries bad.jsonl", ("bad.jsonl", "第 2 行")),
        ("--entries none.jsonl", ("none.jsonl", "不存在")),
        ("--rules bad.toml", ("bad.toml",)),
    ],
)
def test_clocks_name_what_they_can_not_read(tmp_path, arguments, words) -> None:
    (tmp_path / "bad.jsonl").write_text("\n{\n")
    (tmp_path / "bad.toml").write_text("x = [")
    told(run("clocks", *arguments.split(), cwd=tmp_path), *words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("ingst x", ("ingst", "ingest")),
        ("ingest --sorce a b", ("--sorce", "--source")),
        ("up --port x", ("--port", "整数")),
        ("search --limit 0", ("--limit", "1")),
        ("ingest", ("files",)),
        ("doctor what", ("what",)),
    ],
)
def test_a_slip_on_the_command_line_is_told_in_chinese(tmp_path, arguments, words) -> None:
    told(run(*arguments.split(), cwd=tmp_path), *words, "--help", status=2)


def test_up_tells_what_is_wrong_with_its_file_before_it_starts(tmp_path) -> None:
    (tmp_path / "toml.toml").write_text("[server]\nport = \n")
    (tmp_path / "noise.toml").write_bytes(NOISE(3000))
    (tmp_path / "folder.toml").mkdir()
    wanted = {"toml.toml": "第 2 行", "noise.toml": "UTF-8", "folder.toml": "目录"}
    ends = both(*(lambda n=name: run("up", "--config", n, cwd=tmp_path) for name in wanted))
    for (name, word), done in zip(wanted.items(), ends, strict=True):
        told(done, name, word)
    assert not (tmp_path / "data").exists()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    home = tmp_path_factory.mktemp("whole")
    write_posts(home / "posts.jsonl", range(200))
    assert run("ingest", "posts.jsonl", cwd=home).returncode == 0
    assert run("analyze", "--drain", "--scorer", "trivial", cwd=home).returncode == 0
    return home


def scratch(file) -> None:
    """Noise over every second page: SQLite opens it and stumbles later."""
    with file.open("r+b") as out:
        for place in range(8192, file.stat().st_size, 8192):
            out.seek(place + 8)
            out.write(NOISE(3000))


def replace(file) -> None:
    file.write_bytes(b"this is no database at all " * 500)


@pytest.mark.parametrize("name", ["log.db", "index.db", "registry.db"])
@pytest.mark.parametrize("damage", [scratch, replace])
def test_a_damaged_database_is_named_by_doctor_and_verify(tmp_path, whole, name, damage) -> None:
    shutil.copytree(whole / "data", tmp_path / "data")
    damage(tmp_path / "data" / name)
    doctor, verify = both(lambda: run("doctor", cwd=tmp_path), lambda: run("verify", cwd=tmp_path))
    assert doctor.returncode == verify.returncode == 1
    assert any(
        line.startswith("✗") and name in line and "损坏" in line
        for line in doctor.stdout.splitlines()
    )
    assert any(
        line.startswith("✗") and name in line and "备份" in line
        for line in verify.stderr.splitlines()
    )
    for done in (doctor, verify):
        assert "Traceback" not in done.stdout + done.stderr


def test_commands_on_a_damaged_database_say_which_it_is(tmp_path, whole) -> None:
    shutil.copytree(whole / "data", tmp_path / "data")
    replace(tmp_path / "data" / "index.db")
    told(run("search", "停水", cwd=tmp_path), "index.db", "备份")
    replace(tmp_path / "data" / "log.db")
    told(run("ingest", str(whole / "posts.jsonl"), cwd=tmp_path), "log.db", "备份")
    told(run("analyze", "--drain", cwd=tmp_path), "log.db", "备份")
    replace(tmp_path / "data" / "registry.db")
    told(run("up", "--port", "0", cwd=tmp_path), "registry.db", "备份")


SOURCE = """
[[source]]
id = "{id}"
name = "{id}网"
url = "{url}"
interval_s = 3600
"""


def test_each_failing_source_is_named_and_the_others_go_on(tmp_path) -> None:
    with socket.socket() as gone, serving() as site, serving("127.0.0.3") as inner:
        gone.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        titles = ["城区今日停水通知", "二期管网检修公告", "集中供水点安排", "恢复供水的情况说明"]
        links = [(f"/a{number}.html", title) for number, title in enumerate(titles)]
        for path, title in links:
            site.page(path, article(title, f"{title}：请居民提前储水，注意安全。" * 8))
        login = "<html><form><input type='password' name='p'></form></html>"
        captcha = "<html><body>访问过于频繁，请完成验证</body></html>"
        failing = {
            "missing": (f"{site.root}/none/", "not_found", "404"),
            "login": (site.page("/login/", login), "login_page", "登录"),
            "captcha": (site.page("/captcha/", captcha), "captcha", "验证码"),
            "empty": (site.page("/empty/", listing([])), "empty_list", "一条文章链接也没有"),
            "refused": (f"http://127.0.0.1:{gone.getsockname()[1]}/", "connection", "连接"),
            "private": (inner.page("/", listing([])), "refused_address", "内网"),
        }
        good = site.page("/good/", listing(links))
        sources = {"good": good, **{name: url for name, (url, _, _) in failing.items()}}
        (tmp_path / "yuqing.toml").write_text(
            '[crawl]\nallow_private = ["127.0.0.1"]\ndelay_s = 0.01\n'
            '[analyze]\nscorer = "trivial"\n'
            + "".join(SOURCE.format(id=name, url=url) for name, url in sources.items()),
            encoding="utf-8",
        )
        done = run("crawl", cwd=tmp_path)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr + done.stdout
        assert json.loads(done.stdout.splitlines()[-1]) == {"new": 4}
        said = dict(line.split("：", 1) for line in done.stderr.splitlines())
        assert set(said) == {f"信源 {name}（{name}网）" for name in failing}
        for name, (_, _, word) in failing.items():
            assert word in said[f"信源 {name}（{name}网）"]

        with service(tmp_path / "data", cwd=tmp_path) as up:
            shown = {one["id"]: one for one in up.get("api/v1/sources")["items"]}
            for name, (_, failure, _) in failing.items():
                assert shown[name]["health"]["failure"] == failure
            assert shown["good"]["health"]["state"] == "ok"
            until(lambda: up.get("api/v1/posts")["total"] == 4, what="the good pages are there")


def test_nothing_private_is_fetched_by_default(tmp_path) -> None:
    with serving() as site:
        url = site.page("/", listing([("/a.html", "停水通知")]))
        (tmp_path / "yuqing.toml").write_text(SOURCE.format(id="own", url=url), encoding="utf-8")
        done = run("crawl", cwd=tmp_path)
        assert done.returncode == 1
        assert "own" in done.stderr
        assert "127.0.0.1" in done.stderr
        assert site.asked == []
