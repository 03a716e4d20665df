from __future__ import annotations

import shutil
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from support.registry import make_database
from support.stores import ONLY_SQLITE

from registry import audit
from registry.audit_check import check
from registry.chain import GENESIS, body_hash, canonical, link, new_salt
from registry.db import Database
from registry.errors import ConflictError, InvalidInputError, NotFoundError
from registry.tables import AuditRow

PERSONAL = "某人住在新城路"


@pytest.fixture
def filled(database: Database, now: datetime) -> Database:
    """Six entries; the second one's body was destroyed, which the sixth one says."""
    with database.transaction() as session:
        for number in range(1, 6):
            audit.record(
                session,
                who="值班员甲",
                action="修改信源",
                subject=f"source-{number}",
                before={"name": "旧"},
                after={"name": PERSONAL, "number": number},
                now=now + timedelta(minutes=number),
            )
        audit.erase(session, 2, reason="个人信息到期", signer="签发人乙", now=now)
    return database


def problems(database: Database) -> list[str]:
    with database.reading() as session:
        return audit.verify(session)


def test_a_whole_chain_has_no_problems(filled: Database):
    assert problems(filled) == []
    with filled.reading() as session:
        checked = check(session)
    assert (checked.entries, checked.erased) == (6, 1)


def test_an_empty_chain_is_whole(database: Database):
    assert problems(database) == []
    with database.reading() as session:
        assert audit.head(session) == GENESIS


def test_entries_are_newest_first_and_paged(filled: Database, now: datetime):
    with filled.reading() as session:
        assert [entry.id for entry in audit.entries(session, limit=2)] == [6, 5]
        older = audit.entries(session, limit=2, before_id=5)
    assert [entry.id for entry in older] == [4, 3]
    assert older[0].before == {"name": "旧"}
    assert older[0].after == {"name": PERSONAL, "number": 4}
    assert older[0].at == now + timedelta(minutes=4)


def test_an_entry_goes_with_the_transaction_of_its_cause(filled: Database, now: datetime):
    def fail() -> None:
        with filled.transaction() as session:
            audit.record(session, who="x", action="y", subject="z", now=now)
            raise ConflictError("没有成功")

    with pytest.raises(ConflictError):
        fail()
    assert problems(filled) == []
    with filled.reading() as session:
        assert len(audit.entries(session)) == 6


class TestErasure:
    def test_it_leaves_reason_and_signer_and_no_trace_of_the_body(self, filled: Database):
        with filled.reading() as session:
            by_id = {entry.id: entry for entry in audit.entries(session)}
        assert by_id[2].erased
        assert by_id[2].after is None
        assert (by_id[2].who, by_id[2].subject) == ("值班员甲", "source-2")
        assert (by_id[6].who, by_id[6].subject) == ("签发人乙", "2")
        assert by_id[6].after == {"reason": "个人信息到期"}

    @ONLY_SQLITE
    def test_the_bytes_are_gone_from_the_file(self, filled: Database, now: datetime):
        with filled.transaction() as session:
            for entry_id in (1, 3, 4, 5):
                audit.erase(session, entry_id, reason="到期", signer="乙", now=now)
        filled.dispose()
        assert PERSONAL.encode() not in Path(filled.place).read_bytes()
        assert problems(filled) == []

    def test_it_wants_reason_and_signer(self, filled: Database, now: datetime):
        for reason, signer in (("", "乙"), ("到期", " ")):
            with pytest.raises(InvalidInputError), filled.transaction() as session:
                audit.erase(session, 1, reason=reason, signer=signer, now=now)

    @pytest.mark.parametrize(
        ("entry_id", "error"), [(2, ConflictError), (6, ConflictError), (99, NotFoundError)]
    )
    def test_what_cannot_be_erased(
        self, filled: Database, now: datetime, entry_id: int, error: type[Exception]
    ):
        with pytest.raises(error, match=f"{entry_id}"), filled.transaction() as session:
            audit.erase(session, entry_id, reason="到期", signer="乙", now=now)

    def test_a_body_that_vanished_without_it_is_told(self, filled: Database):
        with filled.transaction() as session:
            session.execute(text("UPDATE audit_entries SET body=NULL, salt=NULL WHERE id=4"))
        assert problems(filled) == ["第 4 条审计记录的内容不见了，又没有销毁记录说明依据和签发人。"]


class TestWhatIsBrokenIsNamed:
    @pytest.mark.parametrize(
        ("statement", "said"),
        [
            ("DELETE FROM audit_entries WHERE id=3", "缺少第 3 条审计记录"),
            ("DELETE FROM audit_entries WHERE id IN (1,2,3)", "缺少第 1 至 3 条审计记录"),
            ("DELETE FROM audit_entries WHERE id=6", "应到第 6 条，实际到第 5 条"),
            ("UPDATE audit_entries SET who='别人' WHERE id=3", "第 3 条审计记录的时间、人员"),
            ("UPDATE audit_entries SET body='{}' WHERE id=3", "第 3 条审计记录的内容被改动过"),
            ("UPDATE audit_entries SET salt=NULL WHERE id=3", "第 3 条审计记录的内容不完整"),
            ("DELETE FROM chain_heads", "末端记录不见了"),
            ("UPDATE chain_heads SET hash='x'", "末端的校验值与第 6 条不符"),
        ],
    )
    def test_it(self, filled: Database, statement: str, said: str):
        with filled.transaction() as session:
            session.execute(text(statement))
        assert any(said in sentence for sentence in problems(filled)), problems(filled)

    @ONLY_SQLITE
    def test_bytes_that_are_no_text(self, filled: Database):
        broken = "UPDATE audit_entries SET who=CAST(X'FFFE' AS TEXT) WHERE id=3"
        with filled.transaction() as session:
            session.execute(text(broken))
        assert "第 3 条审计记录已损坏，读不出来。" in problems(filled)

    def test_an_entry_that_was_forged_with_a_fitting_link(self, filled: Database):
        with filled.transaction() as session:
            row = session.get_one(AuditRow, 3)
            row.who = "别人"
            header = {"id": 3, "at": row.at, "who": row.who, "action": row.action}
            row.hash = link(row.prev, {**header, "subject": row.subject}, row.body_hash)
        assert problems(filled) == ["第 4 条审计记录与上一条接不上，其中一条被改动过。"]

    def test_two_entries_that_changed_places(self, filled: Database):
        with filled.transaction() as session:
            for old, new in ((3, 99), (4, 3), (99, 4)):
                session.execute(text(f"UPDATE audit_entries SET id={new} WHERE id={old}"))
        assert any("第 3 条" in sentence for sentence in problems(filled))

    def test_a_rewritten_tail_needs_the_head_too(self, filled: Database):
        with filled.transaction() as session:
            session.execute(text("DELETE FROM audit_entries WHERE id > 4"))
        assert any("末尾被删减" in sentence for sentence in problems(filled))


COLUMNS = ("at", "who", "action", "subject", "body", "salt", "body_hash", "prev", "hash")


@given(data=st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_changed_character_in_any_column_is_found(filled: Database, data: st.DataObject):
    number = data.draw(st.integers(1, 6))
    column = data.draw(st.sampled_from([name for name in COLUMNS if name != "salt"]))
    read = text(f'SELECT "{column}" FROM audit_entries WHERE id={number}')
    write = text(f'UPDATE audit_entries SET "{column}"=:new WHERE id={number}')
    with filled.transaction() as session:
        stored = session.execute(read).scalar_one()
        if stored is None:  # the destroyed body
            return
        place = data.draw(st.integers(0, len(stored) - 1))
        other = data.draw(st.characters(codec="ascii", exclude_characters="\0" + stored[place]))
        changed = stored[:place] + other + stored[place + 1 :]
        session.execute(write, {"new": changed})
        found = audit.verify(session)
        session.execute(write, {"new": stored})
    assert found != []


@ONLY_SQLITE
@given(data=st.data())
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_changed_byte_in_any_column_is_found(
    filled: Database, tmp_path: Path, data: st.DataObject
):
    filled.dispose()
    path = tmp_path / "changed.db"
    for leftover in ("", "-wal", "-shm"):
        Path(f"{path}{leftover}").unlink(missing_ok=True)
    shutil.copyfile(filled.place, path)
    plain = sqlite3.connect(path)
    plain.text_factory = bytes
    table, key, columns = data.draw(
        st.sampled_from(
            [("audit_entries", f"id={number}", COLUMNS) for number in range(1, 7)]
            + [("chain_heads", "name='audit'", ("name", "hash"))]
        )
    )
    column = data.draw(st.sampled_from(columns))
    (stored,) = plain.execute(f"SELECT {column} FROM {table} WHERE {key}").fetchone()
    if stored is None:  # the destroyed body
        plain.close()
        return
    at = data.draw(st.integers(0, len(stored) - 1))
    flip = data.draw(st.integers(1, 255))
    changed = stored[:at] + bytes([stored[at] ^ flip]) + stored[at + 1 :]
    kind = "BLOB" if column == "salt" else "TEXT"
    plain.execute(f"UPDATE {table} SET {column}=CAST(? AS {kind}) WHERE {key}", (changed,))
    plain.commit()
    plain.close()
    database = Database(f"sqlite:///{path}")
    assert problems(database) != []
    database.dispose()


@given(
    who=st.text(max_size=20),
    after=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ),
)
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_text_comes_the_chain_stays_whole(
    database: Database, now: datetime, who: str, after: object
):
    with database.transaction() as session:
        audit.record(session, who=who, action="改", subject=who, after=after, now=now)
    assert problems(database) == []


class TestLinks:
    def test_the_salt_keeps_a_short_body_from_being_guessed(self):
        assert body_hash(b"yes", new_salt()) != body_hash(b"yes", new_salt())

    def test_salt_and_body_cannot_be_shifted(self):
        assert body_hash(b"bc", b"a") != body_hash(b"c", b"ab")

    def test_a_link_depends_on_each_part(self):
        header = {"id": 1, "who": "甲"}
        base = link(GENESIS, header, "sha256:1")
        assert link("sha256:0", header, "sha256:1") != base
        assert link(GENESIS, {**header, "id": 2}, "sha256:1") != base
        assert link(GENESIS, {**header, "id": "1"}, "sha256:1") != base
        assert link(GENESIS, header, "sha256:2") != base
        assert link(GENESIS, dict(reversed(header.items())), "sha256:1") == base

    def test_the_form_that_is_hashed_does_not_drift(self):
        # Chains that were written must verify in every later version.
        assert (
            canonical({"b": "中", "a": [1, None, "\n"]})
            == b'{"a":[1,null,"\\n"],"b":"\xe4\xb8\xad"}'
        )
        assert body_hash(b"body", b"salt") == ("sha256:" + EXPECTED_BODY)
        assert link(GENESIS, {"id": 1, "at": "x"}, "sha256:1") == "sha256:" + EXPECTED_LINK


EXPECTED_BODY = "65360ec2bb0a87ffbccf8bda8fdcec503e7638f4bf70bd7af17f6e28a79f18bc"
EXPECTED_LINK = "52780ba676e654785fd3029b4d36d5c45133e07d52c7d5a1c31098d6e30127c7"


def test_the_chain_of_a_copied_template_is_its_own(tmp_path: Path, now: datetime):
    one, two = make_database(tmp_path, "1.db"), make_database(tmp_path, "2.db")
    for database in (one, two):
        with database.transaction() as session:
            audit.record(session, who="甲", action="a", subject="b", after={"c": 1}, now=now)
    with one.reading() as first, two.reading() as second:
        assert audit.head(first) != audit.head(second)  # each body has a salt of its own
    one.dispose()
    two.dispose()
