from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from support.crawling import NOW, posts

from crawlers.admission import BATCH, Admission, Item, Outcome, State
from crawlers.cleaning import clean_line, clean_text
from crawlers.masking import mask
from posts.errors import RetryError
from posts.identity import SHANGHAI
from posts.log.memory import MemoryLog
from posts.model import Certainty, Engagement
from registry.db import Database
from registry.errors import UnavailableError


class BrokenLog(MemoryLog):
    """A log that takes nothing while ``broken``."""

    broken = True

    def append(self, topic: str, batch: Sequence[tuple[str, bytes]]) -> None:
        if self.broken:
            raise RetryError("disk full")
        super().append(topic, batch)


def item(**given: Any) -> Item:
    fields: dict[str, Any] = {
        "source": "forum",
        "kind": "forum",
        "native": "1",
        "title": "停水两天了",
        "text": "小区停水两天，没有人管。",
        "published_at": datetime(2026, 2, 28, 9, 30, tzinfo=SHANGHAI),
        "fetched_at": NOW,
    }
    return Item(**{**fields, **given})


def states(outcomes: list[Outcome]) -> list[State]:
    return [outcome.state for outcome in outcomes]


def test_an_item_becomes_a_post_on_the_log(admission: Admission, log: MemoryLog) -> None:
    (outcome,) = admission.admit([item(url="https://bbs.example.cn/t/1", engagement=Engagement(3))])

    (post,) = posts(log)
    assert outcome.state is State.ACCEPTED
    assert outcome.new
    assert outcome.post_id == post.id
    assert post.published_at == datetime(2026, 2, 28, 1, 30, tzinfo=UTC)
    assert post.certainty is Certainty.EXACT
    assert post.first_seen_at == NOW
    assert post.filed_month == "2026-03"
    assert post.engagement.reads == 3


def test_an_unchanged_item_is_a_duplicate_within_a_batch_and_later(
    admission: Admission, log: MemoryLog, database: Database
) -> None:
    assert states(admission.admit([item(), item()])) == [State.ACCEPTED, State.DUPLICATE]
    later = item(fetched_at=NOW + timedelta(hours=1))
    assert states(Admission(log, database).admit([later])) == [State.DUPLICATE]
    assert len(posts(log)) == 1


def test_a_changed_item_is_a_newer_version_that_keeps_first_sight_and_month(
    admission: Admission, log: MemoryLog
) -> None:
    admission.admit([item()])
    later = NOW + timedelta(days=40)
    (outcome,) = admission.admit([item(text="已恢复供水。", fetched_at=later)])

    first, second = posts(log)
    assert outcome.state is State.ACCEPTED
    assert not outcome.new
    assert second.id == first.id
    assert second.version > first.version
    assert (second.first_seen_at, second.filed_month) == (NOW, "2026-03")


def test_later_content_wins_within_one_fetch_time(admission: Admission, log: MemoryLog) -> None:
    outcomes = admission.admit(
        [item(), item(text="改了"), item(text="又改了"), item(text="又改了")]
    )
    versions = [post.version for post in posts(log)]
    assert states(outcomes) == [State.ACCEPTED] * 3 + [State.DUPLICATE]
    assert versions == sorted(set(versions))


def test_the_authors_name_never_reaches_the_log(
    admission: Admission, log: MemoryLog, database: Database
) -> None:
    admission.admit([item(author="王小明"), item(native="2", author="王小明")])
    admission.admit([item(native="3", author="李四"), item(native="4", author=" ")])
    one, two, other, none = (post.author for post in posts(log))
    assert one == two != other
    assert none is None
    assert all("王小明" not in str(post) for post in posts(log))


def test_phone_numbers_are_masked_in_title_and_text(admission: Admission, log: MemoryLog) -> None:
    admission.admit([item(title="请联系13812345678", text="我的电话是 13812345678，求回复")])
    (post,) = posts(log)
    assert "13812345678" not in post.title + post.text
    assert "求回复" in post.text


@pytest.mark.parametrize(
    "number",
    [
        "13812345678",
        "138 1234 5678",
        "１３８１２３４５６７８",
        "+86-138-1234-5678",
        "0692-2131522",
        "(0692) - 2131522",
        "电话：2131522",
        "1 3 8 1 2 3 4 5 6 7 8",
        "533122198001011234",
        "533122 19800101 1234",
        "533122800101123",
    ],
)
def test_no_form_of_a_number_is_passed_over(
    admission: Admission, log: MemoryLog, number: str
) -> None:
    admission.admit([item(text=f"请打{number}，谢谢")])
    assert posts(log)[0].text == mask(f"请打{number}，谢谢") != f"请打{number}，谢谢"


def test_what_is_wholly_empty_is_rejected_and_the_rest_goes_on(
    admission: Admission, log: MemoryLog
) -> None:
    outcomes = admission.admit([item(title=" \u200f", text="\n\x00"), item(native="2", text="")])
    assert states(outcomes) == [State.REJECTED, State.ACCEPTED]
    assert outcomes[0].reason == "正文和标题都为空"


def test_a_text_over_two_megabytes_is_rejected_whole(admission: Admission, log: MemoryLog) -> None:
    outcomes = admission.admit([item(text="水" * 700_000), item(native="2", text="水" * 600_000)])
    assert states(outcomes) == [State.REJECTED, State.ACCEPTED]
    assert "超过 2 MB" in outcomes[0].reason
    assert len(posts(log)[0].text) == 600_000


@pytest.mark.parametrize(
    ("stated", "certainty", "at"),
    [
        (date(2026, 2, 28), Certainty.DAY, datetime(2026, 2, 27, 16, tzinfo=UTC)),
        (None, Certainty.ESTIMATED, NOW),
        (NOW + timedelta(days=2), Certainty.ESTIMATED, NOW),
        (NOW + timedelta(hours=20), Certainty.EXACT, NOW + timedelta(hours=20)),
        (datetime(2026, 2, 28, 8), Certainty.EXACT, datetime(2026, 2, 28, tzinfo=UTC)),  # noqa: DTZ001
        (datetime(1, 1, 1, tzinfo=SHANGHAI), Certainty.ESTIMATED, NOW),
        (date(9999, 12, 31), Certainty.ESTIMATED, NOW),
    ],
)
def test_how_well_the_time_is_known(
    admission: Admission,
    log: MemoryLog,
    stated: datetime | date | None,
    certainty: Certainty,
    at: datetime,
) -> None:
    admission.admit([item(published_at=stated)])
    (post,) = posts(log)
    assert (post.certainty, post.published_at) == (certainty, at)


def test_an_estimated_time_stays_that_of_the_first_sight(
    admission: Admission, log: MemoryLog
) -> None:
    admission.admit([item(published_at=None)])
    admission.admit([item(published_at=None, text="改", fetched_at=NOW + timedelta(days=1))])
    assert [post.published_at for post in posts(log)] == [NOW, NOW]


def test_without_a_native_id_the_address_and_then_the_content_decide(
    admission: Admission, log: MemoryLog
) -> None:
    page = "https://Bbs.example.cn/t/1?utm_source=a#top"
    outcomes = admission.admit(
        [
            item(native=None, url=page),
            item(native=None, url="https://bbs.example.cn/t/1"),
            item(native=None, url=None),
            item(native="  ", url="javascript:alert(1)"),
        ]
    )
    ids = [outcome.post_id for outcome in outcomes]
    assert ids[0] == ids[1] != ids[2]
    assert ids[2] == ids[3]
    assert [post.url for post in posts(log)][-1] is None


def test_passwords_do_not_stay_in_addresses(admission: Admission, log: MemoryLog) -> None:
    admission.admit([item(url="https://me:secret@bbs.example.cn/t/1")])
    assert "secret" not in (posts(log)[0].url or "")


def test_what_deceives_a_reader_is_taken_out_and_the_rest_stays() -> None:
    assert clean_text("a\x00b\u202ec\ud800d\ufeff") == "abcd"
    assert clean_text("第一行\r\n\r\n\r\n\r\n　　第二行\t尾 \u2028三") == "第一行\n\n第二行 尾\n三"
    assert clean_text("ｱ①㎡") == "ｱ①㎡"  # NFC, not NFKC: as it was written
    assert clean_text("e\u0301") == "é"
    assert clean_line(" 标题\n第二行 ") == "标题 第二行"
    assert clean_text("👨\u200d👩") == "👨\u200d👩"


def test_a_log_that_takes_nothing_leaves_nothing_remembered(database: Database) -> None:
    log = BrokenLog()
    admission = Admission(log, database)
    with pytest.raises(UnavailableError, match="没有写入，重做一遍即可"):
        admission.admit([item()])
    log.broken = False
    assert states(admission.admit([item()])) == [State.ACCEPTED]


def test_large_lists_are_admitted_in_batches_and_in_order(
    admission: Admission, log: MemoryLog
) -> None:
    many = [item(native=str(number)) for number in range(2 * BATCH + 7)]
    outcomes = admission.admit(many)
    assert states(outcomes) == [State.ACCEPTED] * len(many)
    assert [post.id for post in posts(log)] == [outcome.post_id for outcome in outcomes]
    assert admission.admit([]) == []
