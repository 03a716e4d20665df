from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from registry import approvals, audit, passwords, sessions, users
from registry.approvals import two_person
from registry.db import Database
from registry.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    SignInError,
    SignInLockedError,
)
from registry.users import Role, User

PASSWORD = "正确的马电池订书钉"
MINUTE = timedelta(minutes=1)
CHEAP = passwords.cheap()


@pytest.fixture
def session(database: Database):
    with database.transaction() as made:
        yield made


def create(session: Session, name: str, *roles: Role, now: datetime) -> User:
    return users.create(
        session,
        name=name,
        password=PASSWORD + "1",
        roles=roles or (Role.DUTY_OFFICER,),
        display_name="",
        now=now,
        hasher=CHEAP,
    )


def sign_in(session: Session, name: str, password: str, now: datetime) -> User:
    return users.authenticate(session, name=name, password=password, now=now, hasher=CHEAP)


class TestUsers:
    def test_a_user_has_roles_and_a_shown_name(self, session: Session, now: datetime):
        made = create(session, "zhang", Role.DUTY_OFFICER, Role.ANALYST, now=now)
        assert made == users.get(session, made.id) == users.named(session, "zhang")
        assert made.roles == {Role.DUTY_OFFICER, Role.ANALYST}
        assert made.display_name == "zhang"
        assert users.everything(session) == [made]

    def test_a_name_is_taken_once(self, session: Session, now: datetime):
        create(session, "zhang", now=now)
        with pytest.raises(ConflictError, match="zhang"):
            create(session, "zhang", now=now)
        assert len(users.everything(session)) == 1

    @pytest.mark.parametrize("name", ["", "  ", "a b", "a\nb", "x" * 65])
    def test_bad_names_are_refused(self, session: Session, now: datetime, name: str):
        with pytest.raises(InvalidInputError, match="用户名"):
            create(session, name, now=now)

    @pytest.mark.parametrize(
        ("password", "said"),
        [
            ("短密码", "至少要 10 个字符"),
            ("x" * 257, "最多"),
            ("aaaaaaaaaaaa", "单调"),
            ("Password123", "常见"),
            ("longusername", "用户名"),
        ],
    )
    def test_weak_passwords_are_refused(
        self, session: Session, now: datetime, password: str, said: str
    ):
        with pytest.raises(InvalidInputError, match=said):
            users.create(
                session, name="longusername", password=password, roles=[Role.ADMIN], now=now
            )

    def test_unknown_roles_are_refused(self, session: Session, now: datetime):
        for roles in (["厨师"], []):
            with pytest.raises(InvalidInputError, match="角色"):
                users.create(session, name="a", password=PASSWORD, roles=roles, now=now)

    def test_the_last_administrator_stays(self, session: Session, now: datetime):
        admin = create(session, "admin", Role.ADMIN, now=now)
        with pytest.raises(ConflictError, match="最后一位"):
            users.deactivate(session, admin.id, now=now)
        with pytest.raises(ConflictError, match="最后一位"):
            users.set_roles(session, admin.id, [Role.AUDITOR], now=now)
        create(session, "admin2", Role.ADMIN, now=now)
        assert users.set_roles(session, admin.id, [Role.AUDITOR], now=now).roles == {Role.AUDITOR}

    def test_passwords_are_kept_as_argon2_hashes(self, session: Session, now: datetime):
        create(session, "zhang", now=now)
        stored = session.execute(text("SELECT password_hash FROM users")).scalar()
        assert str(stored).startswith("$argon2id$")

    def test_changes_are_audited_without_secrets(self, session: Session, now: datetime):
        user = create(session, "zhang", Role.ADMIN, now=now)
        token = users.issue_token(session, user.id, label="脚本", now=now, who="li")
        users.set_roles(session, user.id, [Role.ADMIN, Role.AUDITOR], now=now, who="li")
        users.set_password(
            session, user.id, password="另外一个足够长的密码", now=now, who="li", hasher=CHEAP
        )
        written = audit.entries(session)
        assert [(entry.who, entry.action) for entry in written] == [
            ("li", "修改密码"),
            ("li", "修改角色"),
            ("li", "发放令牌"),
            ("系统", "新建用户"),
        ]
        everything = repr(written)
        assert token not in everything
        assert PASSWORD not in everything
        assert "argon2" not in everything


class TestSignIn:
    def test_the_right_password_gives_the_user(self, session: Session, now: datetime):
        made = create(session, "zhang", now=now)
        assert sign_in(session, " zhang ", PASSWORD + "1", now) == made

    def test_five_failures_lock_for_15_minutes_and_are_counted(
        self, database: Database, now: datetime
    ):
        with database.transaction() as session:
            create(session, "zhang", now=now)

        def fail(at: datetime) -> Exception:
            with (
                pytest.raises((SignInError, SignInLockedError)) as caught,
                database.transaction() as session,
            ):
                sign_in(session, "zhang", "错的密码错的密码", at)
            return caught.value

        said = [str(fail(now)) for _ in range(5)]
        assert "再错 4 次" in said[0]
        assert "已锁定到 11月21日 10:15" in said[4], "Asia/Shanghai is shown"
        with database.transaction() as session:
            with pytest.raises(SignInLockedError):
                sign_in(session, "zhang", PASSWORD + "1", now + 14 * MINUTE)
            assert sign_in(session, "zhang", PASSWORD + "1", now + 15 * MINUTE)
            assert audit.entries(session, limit=1)[0].action == "登录锁定"

    def test_a_success_forgets_the_failures(self, session: Session, now: datetime):
        create(session, "zhang", now=now)
        for _ in range(3):
            for _ in range(4):
                with pytest.raises(SignInError):
                    sign_in(session, "zhang", "wrong", now)
            sign_in(session, "zhang", PASSWORD + "1", now)

    def test_an_unknown_name_behaves_like_a_wrong_password(self, session: Session, now: datetime):
        create(session, "known", now=now)
        said = {
            name: [str(_failure(session, name, now)) for _ in range(6)]
            for name in ("known", "unknown")
        }
        assert said["known"] == said["unknown"]

    def test_it_hashes_for_an_unknown_name_too(self, session: Session, now: datetime):
        class Counting:
            calls = 0

            def hash(self, password: str) -> str:
                return CHEAP.hash(password)

            def verify(self, password: str, hash: str) -> bool:  # noqa: A002
                self.calls += 1
                return CHEAP.verify(password, hash)

        hasher = Counting()
        create(session, "known", now=now)
        for name in ("known", "unknown"):
            with pytest.raises(SignInError):
                users.authenticate(session, name=name, password="x", now=now, hasher=hasher)
        assert hasher.calls == 2

    def test_a_deactivated_user_cannot_sign_in(self, session: Session, now: datetime):
        user = create(session, "zhang", now=now)
        users.deactivate(session, user.id, now=now)
        with pytest.raises(SignInError):
            sign_in(session, "zhang", PASSWORD + "1", now)
        users.activate(session, user.id, now=now)
        assert sign_in(session, "zhang", PASSWORD + "1", now).active

    def test_a_new_password_replaces_the_old_and_signs_out(self, session: Session, now: datetime):
        user = create(session, "zhang", now=now)
        secret = sessions.start(session, user.id, now=now, agent="")
        with pytest.raises(InvalidInputError, match="不能与原来的相同"):
            users.set_password(session, user.id, password=PASSWORD + "1", now=now, hasher=CHEAP)
        users.set_password(
            session, user.id, password="一个全新的足够长的密码", now=now, hasher=CHEAP
        )
        assert sessions.resolve(session, secret, now=now) is None
        with pytest.raises(SignInError):
            sign_in(session, "zhang", PASSWORD + "1", now)
        assert sign_in(session, "zhang", "一个全新的足够长的密码", now)

    @pytest.mark.parametrize("name", ["", "\x00", "x" * 10_000, "\ud800", "' OR 1=1 --"])
    def test_hostile_names_are_only_wrong(self, session: Session, now: datetime, name: str):
        with pytest.raises(SignInError):
            sign_in(session, name, "\ud800" + "y" * 10_000, now)


def _failure(session: Session, name: str, now: datetime) -> Exception:
    with pytest.raises((SignInError, SignInLockedError)) as caught:
        sign_in(session, name, "wrong", now)
    return caught.value


class TestTokens:
    def test_a_token_names_its_user_until_it_ends(self, session: Session, now: datetime):
        user = create(session, "zhang", now=now)
        token = users.issue_token(session, user.id, label="x", now=now, expires_at=now + MINUTE)
        assert users.for_token(session, token, now=now) == user
        assert users.for_token(session, token, now=now + MINUTE) is None
        assert users.for_token(session, token + "x", now=now) is None

    def test_it_is_kept_as_a_hash_only(self, session: Session, now: datetime):
        user = create(session, "zhang", now=now)
        token = users.issue_token(session, user.id, label="x", now=now)
        kept = session.execute(text("SELECT * FROM tokens")).one()
        assert len(token) >= 43
        assert token not in repr(kept)

    def test_revoked_tokens_and_those_of_inactive_users_do_not_work(
        self, session: Session, now: datetime
    ):
        user = create(session, "zhang", now=now)
        token = users.issue_token(session, user.id, label="x", now=now)
        (known,) = users.tokens(session, user.id)
        users.deactivate(session, user.id, now=now)
        assert users.for_token(session, token, now=now) is None
        users.activate(session, user.id, now=now)
        assert users.for_token(session, token, now=now) == user
        users.revoke_token(session, known.id, now=now)
        assert users.for_token(session, token, now=now) is None

    def test_bad_requests_are_told(self, session: Session, now: datetime):
        user = create(session, "zhang", now=now)
        with pytest.raises(InvalidInputError):
            users.issue_token(session, user.id, label="x", now=now, expires_at=now)
        with pytest.raises(NotFoundError):
            users.revoke_token(session, 9, now=now)
        with pytest.raises(NotFoundError):
            users.issue_token(session, 9, label="x", now=now)


class TestSessions:
    @pytest.fixture
    def user(self, session: Session, now: datetime) -> User:
        return create(session, "zhang", now=now)

    def test_it_lasts_while_it_is_used_but_not_for_ever(
        self, session: Session, user: User, now: datetime
    ):
        secret = sessions.start(session, user.id, now=now, agent="x")
        at = now
        while at < now + timedelta(days=7):
            assert sessions.resolve(session, secret, now=at) == user
            at += timedelta(hours=11, minutes=59)
        assert sessions.resolve(session, secret, now=now + timedelta(days=7)) is None

    def test_twelve_idle_hours_end_it(self, session: Session, user: User, now: datetime):
        secret = sessions.start(session, user.id, now=now, agent="x")
        assert sessions.resolve(session, secret, now=now + timedelta(hours=12)) is None

    def test_limits_can_be_set(self, session: Session, user: User, now: datetime):
        secret = sessions.start(session, user.id, now=now, agent="x")
        at = now + 5 * MINUTE
        assert sessions.resolve(session, secret, now=at, idle=4 * MINUTE) is None
        assert sessions.resolve(session, secret, now=at, absolute=4 * MINUTE) is None
        assert sessions.resolve(session, secret, now=at) == user

    def test_it_is_touched_at_most_once_a_minute(self, database: Database, now: datetime):
        with database.transaction() as session:
            user = create(session, "zhang", now=now)
            secret = sessions.start(session, user.id, now=now, agent="x")
        with database.reading() as session:  # nothing is written here
            assert sessions.resolve(session, secret, now=now + MINUTE) == user
            assert sessions.touch_due(session, secret, now=now + MINUTE)
        with database.transaction() as session:
            sessions.resolve(session, secret, now=now + MINUTE)
            assert not sessions.touch_due(session, secret, now=now + 1.5 * MINUTE)
            assert sessions.touch_due(session, secret, now=now + 2 * MINUTE)

    def test_ending_one_and_ending_all(self, session: Session, user: User, now: datetime):
        one, two, three = (sessions.start(session, user.id, now=now, agent="x") for _ in range(3))
        sessions.end(session, one)
        assert sessions.resolve(session, one, now=now) is None
        assert sessions.resolve(session, two, now=now) == user
        assert sessions.end_all(session, user.id) == 2
        assert sessions.resolve(session, three, now=now) is None

    def test_a_secret_is_kept_as_a_hash_only(self, session: Session, user: User, now: datetime):
        secret = sessions.start(session, user.id, now=now, agent="x")
        assert secret not in repr(session.execute(text("SELECT * FROM sign_ins")).all())

    def test_old_ones_are_forgotten(self, session: Session, user: User, now: datetime):
        sessions.start(session, user.id, now=now, agent="x")
        assert sessions.prune(session, now=now + timedelta(hours=11)) == 0
        assert sessions.prune(session, now=now + timedelta(hours=12)) == 1


class TestTwoPeople:
    @pytest.fixture
    def pair(self, session: Session, now: datetime) -> tuple[int, int]:
        return create(session, "zhang", now=now).id, create(session, "li", now=now).id

    def test_another_person_confirms(self, session: Session, pair: tuple[int, int], now: datetime):
        first, second = pair
        waive = two_person("不适用")
        number = waive.propose(session, subject="R2", body={"理由": "x"}, by=first, now=now)
        assert [one.id for one in approvals.pending(session)] == [number]
        done = waive.confirm(session, number, by=second, now=now)
        assert (done.state, done.proposed_by, done.decided_by) == ("confirmed", first, second)
        assert done.body == {"理由": "x"}
        assert approvals.pending(session) == []
        assert [entry.who for entry in audit.entries(session, limit=2)] == ["li", "zhang"]

    def test_nobody_confirms_their_own(
        self, session: Session, pair: tuple[int, int], now: datetime
    ):
        number = approvals.propose(
            session, action="不适用", subject="R2", body={}, by=pair[0], now=now
        )
        with pytest.raises(ForbiddenError, match="另一个人"):
            approvals.confirm(session, number, by=pair[0], now=now)
        assert len(approvals.pending(session)) == 1

    def test_it_is_decided_once(self, session: Session, pair: tuple[int, int], now: datetime):
        number = approvals.propose(
            session, action="不适用", subject="R2", body={}, by=pair[0], now=now
        )
        approvals.refuse(session, number, by=pair[1], reason="依据不足", now=now)
        with pytest.raises(ConflictError, match="已退回"):
            approvals.confirm(session, number, by=pair[1], now=now)
        assert approvals.get(session, number).reason == "依据不足"

    def test_an_approval_of_another_action_does_not_count(
        self, session: Session, pair: tuple[int, int], now: datetime
    ):
        number = two_person("撤稿").propose(session, subject="1", body={}, by=pair[0], now=now)
        with pytest.raises(ConflictError, match="撤稿"):
            two_person("不适用").confirm(session, number, by=pair[1], now=now)

    def test_who_is_deactivated_decides_nothing(
        self, session: Session, pair: tuple[int, int], now: datetime
    ):
        number = two_person("撤稿").propose(session, subject="1", body={}, by=pair[0], now=now)
        users.deactivate(session, pair[1], now=now)
        with pytest.raises(ForbiddenError, match="停用"):
            approvals.confirm(session, number, by=pair[1], now=now)
        with pytest.raises(NotFoundError):
            approvals.get(session, 99)
        with pytest.raises(InvalidInputError):
            approvals.refuse(session, number, by=pair[0], reason=" ", now=now)
