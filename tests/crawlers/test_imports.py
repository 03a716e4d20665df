from __future__ import annotations

import csv
import gzip
import io
import json
import random
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from support.crawling import NOW, posts

from crawlers.admission import Admission, Item, State
from crawlers.imports import Summary, ingest
from crawlers.imports.documents import document_date
from crawlers.imports.values import UnfitValueError, parse_id, parse_text, parse_time
from posts.errors import RetryError
from posts.identity import SHANGHAI
from posts.log.memory import MemoryLog
from posts.model import Certainty
from registry import sources
from registry.db import Database
from registry.errors import InvalidInputError, UnavailableError

ROW = {
    "id": 1,
    "title": "停水两天",
    "text": "小区停水两天。",
    "published_at": "2026-02-28 11:25:05",
}


class Desk:
    """An import with the arguments that hardly change."""

    def __init__(self, admission: Admission, database: Database, folder: Path) -> None:
        self.admission, self.database, self.folder = admission, database, folder

    def take(self, *paths: Path | str, kind: str | None = "mailbox", **mapping: str) -> Summary:
        summary = ingest(
            paths,
            source="petitions",
            kind=kind,
            mapping=mapping,
            admission=self.admission,
            database=self.database,
            now=NOW,
            rejects_dir=self.folder / "rejects",
        )
        assert summary.read == summary.accepted + summary.duplicates + summary.rejected
        return summary

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


@pytest.fixture
def desk(admission: Admission, database: Database, tmp_path: Path) -> Desk:
    return Desk(admission, database, tmp_path)


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def counts(summary: Summary) -> tuple[int, int, int]:
    return summary.accepted, summary.duplicates, summary.rejected


def rejects(summary: Summary) -> list[dict[str, Any]]:
    assert summary.rejects_file is not None
    text = Path(summary.rejects_file).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_json_lines_come_in_and_a_second_time_are_duplicates(desk: Desk, log: MemoryLog) -> None:
    path = desk.file("a.jsonl", lines(ROW, {**ROW, "id": "2"}))
    assert counts(desk.take(path)) == (2, 0, 0)
    again = desk.take(path)
    assert counts(again) == (0, 2, 0)
    assert json.loads(again.line()) == {
        "read": 2, "accepted": 0, "duplicates": 2, "rejected": 0, "rejects_file": None,
    }  # fmt: skip
    assert "\n" not in again.line()
    post = posts(log)[0]
    assert (post.source, post.kind, post.title) == ("petitions", "mailbox", "停水两天")
    assert post.published_at == datetime(2026, 2, 28, 3, 25, 5, tzinfo=UTC)


def test_the_source_is_made_where_it_is_missing(desk: Desk, database: Database) -> None:
    desk.take(desk.file("a.jsonl", lines(ROW)))
    with database.reading() as session:
        made = sources.get(session, "petitions")
    assert (made.kind, made.spider) == ("mailbox", "manual")
    desk.take(desk.file("b.jsonl", lines({**ROW, "id": 2})), kind=None)


def test_a_number_and_its_digits_are_one_id(desk: Desk) -> None:
    path = desk.file("a.jsonl", lines(ROW, {**ROW, "id": "1"}, {**ROW, "id": 1.0}))
    assert counts(desk.take(path)) == (1, 2, 0)


def test_packed_files_and_arrays_are_read_too(desk: Desk) -> None:
    packed = desk.file("a.jsonl.gz", gzip.compress(lines(ROW).encode()))
    array = desk.file("b.json", "\ufeff " + json.dumps([{**ROW, "id": 2}, 7, {**ROW, "id": 3}]))
    summary = desk.take(packed, array)
    assert counts(summary) == (3, 0, 1)
    assert "不是 JSON 对象" in rejects(summary)[0]["reason"]


def test_every_bad_row_is_named_with_line_column_and_reason(desk: Desk) -> None:
    content = b"".join(
        [
            lines(ROW).encode(),
            b"\n",
            b"{broken\n",
            b"[1, 2]\n",
            lines({**ROW, "id": 3, "published_at": "昨天"}).encode(),
            '{"id": 4, "text": "小区停水两天没有人管"}\n'.encode("gb18030"),
            lines({"id": 5, "title": "", "text": " "}).encode(),
            lines({**ROW, "id": [6]}).encode(),
            lines({**ROW, "id": 7, "text": {"a": 1}}).encode(),
            lines({"id": 8, "subject": "无"}).encode(),
            b"[" * 100_000 + b"\n",
            lines({**ROW, "id": 9, "text": "\\ud800"}).encode().replace(b"\\\\", b"\\"),
            lines({**ROW, "id": 10}).encode().rstrip(b"\n"),
        ]
    )
    path = desk.file("a.jsonl", content)
    summary = desk.take(path)
    found = sorted(rejects(summary), key=lambda each: each["line"])
    assert [(each["line"], each["column"]) for each in found] == [
        (3, ""), (4, ""), (5, "published_at"), (6, ""), (7, "text"), (8, "id"), (9, "text"),
        (10, "text"), (11, ""), (12, ""),
    ]  # fmt: skip
    assert summary.accepted == 2
    assert all(each["file"] == str(path) and each["reason"] for each in found)
    assert "昨天" in found[2]["reason"]
    assert "GB18030" in found[3]["reason"] or "UTF-8" in found[3]["reason"]
    assert found[2]["row"]["id"] == 3
    assert Path(summary.rejects_file or "").stat().st_mode & 0o777 == 0o600


@pytest.mark.promise("P25")
def test_a_line_of_fifty_megabytes_is_one_reject(desk: Desk) -> None:
    whole = lines(ROW) + '{"text": "' + "水" * 17_000_000 + '"}\n' + lines({**ROW, "id": 2})
    summary = desk.take(desk.file("a.jsonl", whole))
    assert counts(summary) == (2, 0, 1)
    assert rejects(summary)[0]["line"] == 2
    assert len(str(rejects(summary)[0]["row"])) < 300


def test_files_that_cannot_be_read_are_named_and_the_rest_goes_on(desk: Desk) -> None:
    good = lines(*({**ROW, "id": n, "text": random.Random(n).random()} for n in range(2000)))
    packed = gzip.compress(good.encode())
    bad = {
        "cut.jsonl.gz": packed[: len(packed) // 2],
        "not.jsonl.gz": b"not packed",
        "empty.jsonl": b"",
        "letter.docx": b"PK",
        "none.xlsx": b"no workbook",
        "bytes.txt": b"\x00\x01\x02",
        "bytes.csv": b"title,text\n\xff\xfe\xff,\x80\x81\n\xff",
        "big.xlsx.gz": b"x",
    }
    paths: list[Path | str] = [desk.file(name, content) for name, content in bad.items()]
    folder = desk.folder / "folder.jsonl"
    folder.mkdir()
    paths += [folder, desk.folder / "missing.jsonl", desk.file("good.jsonl", lines(ROW))]

    summary = desk.take(*paths)
    assert summary.rejected == len(summary.failed) == 10
    assert summary.accepted > 500  # what stood before the cut is kept
    named = {Path(each["file"]).name for each in rejects(summary)}
    assert named == {*bad, "folder.jsonl", "missing.jsonl"}
    assert all("Error" not in each["reason"] for each in rejects(summary))


@pytest.mark.promise("P25")
def test_a_packed_bomb_ends(desk: Desk) -> None:
    bomb = gzip.compress(b" " * 200_000_000)
    empty = gzip.compress(b"\n" * 20_000_000)
    summary = desk.take(
        desk.file("a.jsonl.gz", bomb),
        desk.file("b.csv.gz", bomb),
        desk.file("c.txt.gz", bomb),
        desk.file("d.jsonl.gz", empty),
        desk.file("e.csv.gz", empty),
    )
    assert summary.accepted == 0
    reasons = {Path(each["file"]).name: each["reason"] for each in rejects(summary)}
    assert ["膨胀" in reasons[name] for name in ("a.jsonl.gz", "b.csv.gz", "c.txt.gz")] == [
        True
    ] * 3
    assert ["空的" in reasons[name] for name in ("d.jsonl.gz", "e.csv.gz")] == [True] * 2


def test_a_mapping_names_the_columns(desk: Desk, log: MemoryLog) -> None:
    path = desk.file("a.jsonl", lines({"no": 1, "内": "小区停水。", "time": "2026/2/28 9:05"}))
    assert counts(desk.take(path, id="no", text="内", published_at="time")) == (1, 0, 0)
    (post,) = posts(log)
    assert (post.text, post.certainty) == ("小区停水。", Certainty.EXACT)


def test_a_rejected_row_names_the_column_of_the_file(desk: Desk) -> None:
    summary = desk.take(desk.file("a.jsonl", lines({"no": 1, "内": " "})), text="内")
    assert rejects(summary)[0]["column"] == "内"


def test_a_mapping_that_fits_nothing_is_said(desk: Desk) -> None:
    path = desk.file("a.jsonl", lines(ROW))
    with pytest.raises(InvalidInputError, match="published_at"):
        desk.take(path, when="time")
    summary = desk.take(path, published_at="timme")
    assert "timme" in summary.warnings[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_in_the_encodings_and_forms_that_offices_save(
    desk: Desk, log: MemoryLog, encoding: str, delimiter: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["编号", "标题", "内容", "发布时间", "姓名"])
    writer.writerow(["7", "停水", '他说："没水",\n第二行', "2026-02-28", "王小明"])
    writer.writerow([])
    writer.writerow(["8", "停电", "没电", "", ""])
    summary = desk.take(desk.file("a.csv", text.getvalue().encode(encoding)))
    assert counts(summary) == (2, 0, 0)
    one, two = posts(log)
    assert one.text == '他说："没水",\n第二行'
    assert (one.certainty, two.certainty) == (Certainty.DAY, Certainty.ESTIMATED)
    assert one.author
    assert "王小明" not in str(one)


def test_csv_rows_that_do_not_fit_are_named_by_the_line_they_begin_on(desk: Desk) -> None:
    text = 'id,text\n1,"a\nb"\n2,x,y\n3,"c"d\n4\n5,"e\nf'
    summary = desk.take(desk.file("a.csv", text))
    assert sorted(each["line"] for each in rejects(summary)) == [4, 5, 6, 7]
    assert summary.accepted == 1


def test_a_header_that_is_twice_the_same_or_says_nothing_known(desk: Desk) -> None:
    twice = desk.file("a.csv", "text,text\n1,2\n")
    unknown = desk.file("b.csv", "a,b\n1,2\n")
    only = desk.file("c.csv", "id,text\n")
    summary = desk.take(twice, unknown, only)
    assert counts(summary) == (0, 0, 2)
    assert "重名" in rejects(summary)[0]["reason"]
    assert "a、b" in rejects(summary)[1]["reason"]
    assert "没有数据行" in summary.warnings[0]


def test_a_workbook_with_its_numbers_and_dates(desk: Desk, log: MemoryLog) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["编号", "标题", "内容", "时间"])
    sheet.append([188006, "停水", "没水", datetime(2026, 2, 28, 9, 30)])  # noqa: DTZ001
    sheet.append([188007, "停电", "没电", date(2026, 2, 27)])
    sheet.append([188008, "停气", 12.5, 46080.5])
    sheet.append([None, None, None, None])
    sheet.append([188009, "修路", "挖了", "去年"])
    other = book.create_sheet("二")
    other.append(["id", "text"])
    other.append(["x", "第二张表"])
    path = desk.folder / "a.xlsx"
    book.save(path)

    summary = desk.take(path)
    assert counts(summary) == (4, 0, 1)
    assert (rejects(summary)[0]["line"], rejects(summary)[0]["column"]) == (6, "时间")
    first, second, third, fourth = posts(log)
    assert first.published_at == datetime(2026, 2, 28, 1, 30, tzinfo=UTC)
    assert second.certainty is Certainty.DAY
    assert third.published_at == datetime(2026, 2, 27, 4, tzinfo=UTC)
    assert (third.text, fourth.text) == ("12.5", "第二张表")


@pytest.mark.promise("P25")
def test_a_workbook_that_swells_or_hides_entities_is_refused(desk: Desk) -> None:
    big = io.BytesIO()
    with zipfile.ZipFile(big, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b" " * 80_000_000)
    book = openpyxl.Workbook()
    book.active.append(["id", "text"])
    book.active.append(["1", "x"])
    plain = io.BytesIO()
    book.save(plain)
    entities = io.BytesIO()
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(entities, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith("sheet1.xml"):
                laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
                doctype = f'<!DOCTYPE worksheet [<!ENTITY l0 "lol">{laughs}]>'
                assert b"<t>x</t>" in data
                data = doctype.encode() + data.replace(b"<t>x</t>", b"<t>&l9;</t>")
            new.writestr(entry.filename, data)
    summary = desk.take(
        desk.file("big.xlsx", big.getvalue()), desk.file("laughs.xlsx", entities.getvalue())
    )
    assert summary.accepted == 0
    assert {Path(each["file"]).name for each in rejects(summary)} == {"big.xlsx", "laughs.xlsx"}


def test_a_text_file_is_one_document(desk: Desk, log: MemoryLog) -> None:
    text = "\n　 关于停水的通知\n\n各单位：\n今晚停水。\n\n　　　2016年6月29日\n"
    paths = [desk.file("a.txt", text.encode("gb18030")), desk.file("b.txt", "只有一句话")]
    assert counts(desk.take(*paths, kind=None)) == (2, 0, 0)
    assert counts(desk.take(*paths, kind=None)) == (0, 2, 0)
    one, two = posts(log)
    assert (one.kind, one.title) == ("document", "关于停水的通知")
    assert one.text.endswith("今晚停水。\n\n2016年6月29日")
    assert one.published_at == datetime(2016, 6, 28, 16, tzinfo=UTC)
    assert (one.certainty, two.certainty) == (Certainty.DAY, Certainty.ESTIMATED)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("标题\n发布时间:2019/12/16 浏览次数:30481\n2019年12月13日", date(2019, 12, 16)),
        ("印发日期：2020-1-5 正文", date(2020, 1, 5)),
        ("自2016年1月1日起施行。\n二〇一六年六月二十九日\n", date(2016, 6, 29)),
        ("抄送：县委。\n办公室　　2017年4月14日印发", date(2017, 4, 14)),
        ("2016年全市政务公开工作要点，自2016年1月1日起施行。", None),
        ("2016年13月45日", None),
    ],
)
def test_the_date_of_a_document(text: str, day: date | None) -> None:
    assert document_date(text) == day


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2019-02-28 11:25:05", datetime(2019, 2, 28, 11, 25, 5, tzinfo=SHANGHAI)),
        ("2019/2/28 11:25", datetime(2019, 2, 28, 11, 25, tzinfo=SHANGHAI)),
        ("2019.02.28 11:25", datetime(2019, 2, 28, 11, 25, tzinfo=SHANGHAI)),
        ("2019年2月28日 11时25分", datetime(2019, 2, 28, 11, 25, tzinfo=SHANGHAI)),
        ("2019年2月28日 星期四 下午3:05", datetime(2019, 2, 28, 15, 5, tzinfo=SHANGHAI)),
        ("2019-02-28T11:25:05Z", datetime(2019, 2, 28, 11, 25, 5, tzinfo=UTC)),
        ("2019-02-28T11:25:05.5+08:00", datetime(2019, 2, 28, 3, 25, 5, 500_000, tzinfo=UTC)),
        ("2019-02-28 11:25:05 -0500", datetime(2019, 2, 28, 16, 25, 5, tzinfo=UTC)),
        ("2019-02-28 24:00", datetime(2019, 3, 1, tzinfo=SHANGHAI)),
        ("Thu, 28 Feb 2019 11:25:05 +0800", datetime(2019, 2, 28, 3, 25, 5, tzinfo=UTC)),
        ("20190228112505", datetime(2019, 2, 28, 11, 25, 5, tzinfo=SHANGHAI)),
        (1551324305, datetime(2019, 2, 28, 3, 25, 5, tzinfo=UTC)),
        ("1551324305000", datetime(2019, 2, 28, 3, 25, 5, tzinfo=UTC)),
        (43524.5, datetime(2019, 2, 28, 12, tzinfo=SHANGHAI)),
        ("2019-02-28", date(2019, 2, 28)),
        ("2019年2月28日", date(2019, 2, 28)),
        ("20190228", date(2019, 2, 28)),
        (43524, date(2019, 2, 28)),
        (datetime(2019, 2, 28), date(2019, 2, 28)),  # noqa: DTZ001
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_times_in_the_forms_in_which_people_write_them(written: object, meant: object) -> None:
    assert parse_time(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "昨天", "2019-13-01", "2019-02-30", "2019-02-28 25:00", "11:25", "02-28", 7, -1, True, [],
        float("nan"), float("inf"), 10**400, "9" * 400, "2019-02-28 11:25 +99:00", "0000-01-01",
        "2019-02-28 11:25 <b>",
    ],
)  # fmt: skip
def test_what_is_no_time_is_said_in_chinese(written: object) -> None:
    with pytest.raises(UnfitValueError, match=r"[时间数字]"):
        parse_time(written)


def test_ids_and_texts_of_all_kinds() -> None:
    assert [parse_id(value) for value in (7, 7.0, 7.5, " a ", "", None)] == [
        "7", "7", "7.5", "a", None, None,
    ]  # fmt: skip
    assert [parse_text(value) for value in (7, 7.0, "a", None, date(2026, 2, 28))] == [
        "7", "7", "a", "", "2026-02-28",
    ]  # fmt: skip
    for value in ({}, [], True):
        with pytest.raises(UnfitValueError):
            parse_text(value)
        with pytest.raises(UnfitValueError):
            parse_id(value)


def test_a_log_that_is_full_ends_the_import_with_what_to_do(
    database: Database, tmp_path: Path
) -> None:
    class Full(MemoryLog):
        def append(self, topic: str, batch: object) -> None:
            raise RetryError("disk full")

    desk = Desk(Admission(Full(), database), database, tmp_path)
    with pytest.raises(UnavailableError, match="不会产生重复"):
        desk.take(desk.file("a.jsonl", lines(ROW)))


@pytest.mark.needs("eval_data")
def test_the_petitions_come_in_once(desk: Desk, log: MemoryLog, eval_data: Path) -> None:
    path = eval_data / "gov" / "messages_4326.jsonl.gz"
    assert counts(desk.take(path, published_at="time")) == (4326, 0, 0)
    assert counts(desk.take(path, published_at="time")) == (0, 4326, 0)
    found = posts(log)
    assert len({post.id for post in found}) == 4326
    assert all(post.certainty is not Certainty.ESTIMATED for post in found)


@pytest.mark.needs("eval_data")
def test_the_seed_documents_come_in_with_their_dates(
    desk: Desk, log: MemoryLog, eval_data: Path
) -> None:
    paths = sorted((eval_data.parent / "seeds").glob("*.txt"))
    assert counts(desk.take(*paths, kind=None)) == (len(paths), 0, 0)
    assert {post.certainty for post in posts(log)} == {Certainty.DAY}
    assert {post.kind for post in posts(log)} == {"document"}


class Crossing(MemoryLog):
    """Two who append wait for each other: both have looked before either writes."""

    def __init__(self) -> None:
        super().__init__()
        self._both = threading.Barrier(2, timeout=30)

    def append(self, topic: str, batch: Any) -> None:
        self._both.wait()
        super().append(topic, batch)


def test_two_imports_of_one_file_at_once_count_each_row_once(
    database: Database, tmp_path: Path
) -> None:
    slow = Crossing()
    desks = [Desk(Admission(slow, database), database, tmp_path) for _ in range(2)]
    rows = [{**ROW, "id": str(number), "text": f"第{number}条"} for number in range(20)]
    path = desks[0].file("same.jsonl", lines(*rows))
    with ThreadPoolExecutor(2) as pool:
        summaries = list(pool.map(lambda one: one.take(path), desks))
    assert sorted(map(counts, summaries)) == [(0, 20, 0), (20, 0, 0)]


def test_who_was_slower_with_other_content_brought_nothing_new(database: Database) -> None:
    slow = Crossing()
    items = [
        Item(source="s", kind="k", native="1", text=text, fetched_at=NOW) for text in ("旧", "新")
    ]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda one: Admission(slow, database).admit([one])[0], items))
    assert {one.state for one in found} == {State.ACCEPTED}
    assert sorted(one.new for one in found) == [False, True]
