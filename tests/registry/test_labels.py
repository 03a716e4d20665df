"""Labels: what officers say of scores; no text, one a post, withdrawable, audited."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from posts.model import Score, Sentiment
from registry import audit, erasures, labels
from registry.errors import ConflictError, InvalidInputError, NotFoundError
from registry.tables import LabelRow

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
SAID = Score(
    p_negative=0.2,
    p_positive=0.7,
    p_appeal=0.1,
    sentiment=Sentiment.POSITIVE,
    scorer="ngram",
    version="2",
)


def add(session, post="p1", polarity=-1, appeal=None, now=NOW):
    return labels.add(
        session, post=post, score=SAID, polarity=polarity, appeal=appeal, by="值班员甲", now=now
    )


def test_a_label_keeps_who_when_and_what_the_scorer_had_said(database):
    with database.transaction() as session:
        made = add(session)
    with database.reading() as session:
        kept = labels.get(session, made.id)
        entry = audit.entries(session, limit=1)[0]
        assert audit.verify(session) == []
    assert kept == made
    assert (kept.by, kept.at, kept.scorer, kept.version) == ("值班员甲", NOW, "ngram", "2")
    assert (kept.sentiment, kept.p_negative, kept.p_appeal) == ("positive", 0.2, 0.1)
    assert (entry.action, entry.subject) == ("更正评分", f"label:{made.id}")
    columns = set(LabelRow.__table__.columns.keys())
    assert not columns & {"text", "title", "content", "content_hash", "author"}


def test_the_newest_that_was_not_withdrawn_counts(database):
    with database.transaction() as session:
        first = add(session, polarity=-1)
        second = add(session, polarity=0, appeal=True, now=NOW + timedelta(hours=1))
        add(session, post="p2", polarity=None, appeal=False)
        assert labels.count(session) == 2
        assert labels.of_posts(session, ["p1", "none"]) == {"p1": second}
        done = labels.withdraw(session, second.id, by="研判员甲", now=NOW + timedelta(hours=2))
        assert (done.withdrawn_by, done.withdrawn_at) == ("研判员甲", NOW + timedelta(hours=2))
        assert [label.post for label in labels.counting(session)] == ["p1", "p2"]
        assert labels.of_posts(session, ["p1"])["p1"] == first
        labels.withdraw(session, first.id, by="研判员甲", now=NOW)
        assert [label.post for label in labels.counting(session)] == ["p2"]
        assert [label.id for label in labels.recent(session, limit=2)] == [3, 2]
        assert [label.id for label in labels.recent(session, before_id=2)] == [1]
        with pytest.raises(ConflictError):
            labels.withdraw(session, first.id, by="x", now=NOW)


def test_what_says_nothing_is_refused(database):
    with database.transaction() as session:
        with pytest.raises(InvalidInputError, match="至少更正一项"):
            add(session, polarity=None)
        with pytest.raises(InvalidInputError):
            add(session, polarity=2)
        add(session)
        with pytest.raises(ConflictError, match="同样"):
            add(session)
        for missing in (labels.get, lambda s, n: labels.withdraw(s, n, by="x", now=NOW)):
            with pytest.raises(NotFoundError):
                missing(session, 99)


def test_what_was_destroyed_takes_no_label(database):
    with database.transaction() as session:
        erasures.record(
            session,
            [(erasures.POST, "p1")],
            reason="法院裁定",
            clause="第四十七条",
            signer="签发",
            second="复核",
            now=NOW,
        )
        with pytest.raises(ConflictError, match="依法销毁"):
            add(session)
