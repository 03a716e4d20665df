"""What a channel takes, and how much at once: bundles, rates, colours, levels, refusals."""

from datetime import timedelta

import pytest
from support.responder import NOON, Office, Pager, signal

from registry import deliveries, outbox
from responder import incidents
from responder.lanes import Limits
from responder.lengths import Lengths
from responder.notify import Notice, NotifyError
from responder.worker import Responder


class Picky(Pager):
    """Refuses whatever has a word in it that it does not like."""

    dislikes = "坏"

    def send(self, notice: Notice) -> str:
        if self.dislikes in notice.text:
            raise NotifyError("内容不合规", retry=False, answered=True)
        return super().send(notice)


def with_limits(office: Office, pager: Pager | None = None, **given) -> Pager:
    office.responder.close()
    pager = pager or office.pager
    office.responder = Responder(
        office.log,
        office.database,
        [pager],
        office.watch,
        "x",
        limits={pager.name: Limits(**given)},
    )
    return pager


def put(office: Office, *keys: str, **payload) -> None:
    now = office.watch()
    with office.database.transaction() as session:
        for key in keys:
            outbox.put(
                session,
                kind="test",
                key=key,
                payload={"channel": "pager", "text": f"消息{key}", **payload},
                due_at=now,
                now=now,
            )


def states(office: Office) -> dict[str, str]:
    with office.database.reading() as session:
        return {row.key: row.state for row in outbox.recent(session, 500)}


def test_what_is_due_together_leaves_as_one_that_names_all(office):
    pager = with_limits(office, bundle_most=20)
    put(office, "a", "b", "c")
    office.tick()
    (notice,) = pager.got
    assert notice.keys == ("a", "b", "c")
    assert notice.text == "1. 消息a\n2. 消息b\n3. 消息c"
    assert notice.title == "舆情台：3 条提醒"


def test_the_first_leaves_at_once_and_those_soon_after_wait_for_each_other(office):
    pager = with_limits(office, bundle_most=20, bundle_s=30)
    put(office, "a")
    office.tick()
    for key in "bcd":
        put(office, key)
        office.tick(seconds=5)
    assert [notice.keys for notice in pager.got] == [("a",)]
    office.tick(seconds=20)
    assert [notice.keys for notice in pager.got] == [("a",), ("b", "c", "d")]


def test_a_bundle_has_room_for_so_much_and_the_rest_follows(office):
    pager = with_limits(office, bundle_most=20, max_chars=200)
    put(office, *[f"k{number}" for number in range(10)])
    office.tick()
    assert len(pager.got) > 1
    assert [key for notice in pager.got for key in notice.keys] == [f"k{n}" for n in range(10)]
    assert all(len(notice.text) <= 200 for notice in pager.got)


def test_a_long_text_is_cut_and_says_so(office):
    pager = with_limits(office, max_chars=70)
    put(office, "a", text="很" * 500)
    office.tick()
    assert len(pager.got[0].text) == 70
    assert pager.got[0].text.endswith("…（全文见控制台）")


def test_a_bundle_that_failed_comes_again_as_it_was(office):
    pager = with_limits(office, bundle_most=20)
    keys = []
    send = pager.send

    def remember(notice):
        keys.append((notice.key, notice.keys))
        return send(notice)

    pager.send, pager.down = remember, True
    put(office, "a", "b")
    office.tick()
    put(office, "c")
    pager.down = False
    office.tick(seconds=60)
    office.tick(seconds=1)
    assert keys[0] == keys[1]
    assert keys[2][1] == ("c",)


def test_one_bad_message_does_not_take_the_bundle_with_it(office):
    pager = with_limits(office, Picky(), bundle_most=20)
    put(office, "a", "b")
    put(office, "bad", text="坏")
    put(office, "c")
    for _ in range(4):
        office.tick(seconds=20)
    assert pager.keys == ["a", "b", "c"]
    assert [key for notice in pager.got for key in notice.keys] == ["a", "b", "c"]
    assert states(office) == {"a": "sent", "b": "sent", "c": "sent", "bad": "failed"}


def test_no_more_than_so_many_a_minute(office):
    pager = with_limits(office, rate_per_min=3)
    put(office, *[f"k{number}" for number in range(7)])
    office.tick()
    assert len(pager.got) == 3
    office.tick(seconds=30)
    assert len(pager.got) == 3
    office.tick(seconds=31)
    assert len(pager.got) == 6


def test_colours_that_a_channel_does_not_take(office):
    pager = with_limits(office, heats=frozenset({"red"}))
    office.send(signal(1))
    office.send(signal(2, fingerprint="other", heat="red"))
    office.tick()
    assert len(pager.got) == 1
    with office.database.reading() as session:
        (row,) = [row for row in outbox.recent(session) if row.state == "not_sent"]
    assert row.detail == "这个渠道不收黄色预警"


@pytest.mark.parametrize(("level", "told"), [("重大", True), ("一般", False), (None, True)])
def test_levels_that_a_channel_does_not_take(office, level, told):
    pager = with_limits(office, levels=frozenset({"重大"}))
    with office.database.transaction() as session:
        incidents.open_incident(
            session, title="塌陷", by="张三", now=NOON, occurred=NOON, level=level
        )
    office.tick(hours=30)
    assert bool(pager.got) is told


def test_a_channel_that_was_taken_from_the_settings_keeps_nothing_waiting(office):
    put(office, "a", channel="gone")
    office.tick()
    assert states(office) == {"a": "not_sent"}


def test_a_claim_whose_sender_died_is_retaken_and_noted_as_a_possible_duplicate(office):
    put(office, "a")
    with office.database.transaction() as session:
        found = outbox.due(session, now=NOON)
        until = NOON + timedelta(seconds=60)
        outbox.claim(session, found, owner="dead", now=NOON, until=until)
    office.tick(seconds=59)
    assert office.pager.got == []
    office.tick(seconds=2)
    assert office.pager.keys == ["a"]
    with office.database.reading() as session:
        events = [one.event for one in deliveries.of(session, [1])[1]]
    assert events == ["duplicate", "sent"]


def test_one_whose_sender_died_leaves_by_itself_again_under_its_own_key(office):
    pager = with_limits(office, bundle_most=20)
    office.tick()
    put(office, "a")
    lane = office.responder._courier._lanes[pager.name]
    batch, _ = lane._claim()  # and then it dies
    assert [message.key for message in batch] == ["a"]
    put(office, "b", "c")
    with_limits(office, bundle_most=20)
    office.watch.forward(seconds=300)
    office.tick()
    office.tick(seconds=60)
    assert [notice.keys for notice in pager.got] == [("a",), ("b", "c")]
    assert pager.keys[0] == "a"


def test_nor_does_a_clock_that_jumps_put_what_may_have_left_in_a_bundle(office):
    put(office, "a")
    for _ in range(2):  # it may have left, and its sender died; the next one is frozen before it
        pager = with_limits(office, bundle_most=20)
        assert office.responder._own()
        lane = office.responder._courier._lanes[pager.name]
        batch, _ = lane._claim()
        assert [message.key for message in batch] == ["a"]
        office.watch.forward(seconds=300)
    assert lane._send(batch) == 0
    put(office, "b", "c")
    for _ in range(2):
        office.tick(seconds=60)
    assert [notice.keys for notice in pager.got] == [("a",), ("b", "c")]


class Silent(Pager):
    """Takes what it gets and does not say so, so many times."""

    unsaid = 1

    def send(self, notice: Notice) -> str:
        how = super().send(notice)
        self.unsaid -= 1
        if self.unsaid >= 0:
            raise NotifyError("接收方没有答复")
        return how


def test_one_that_may_have_arrived_comes_again_under_its_own_key(office):
    pager = with_limits(office, Silent(), bundle_most=20)
    put(office, "a")
    office.tick()
    put(office, "b", "c")
    for _ in range(3):
        office.tick(seconds=60)
    assert [notice.keys for notice in pager.got] == [("a",), ("a",), ("b", "c")]
    assert pager.keys[:2] == ["a", "a"]


def test_what_is_left_of_a_bundle_that_may_have_arrived_keeps_its_key(office):
    pager = with_limits(office, Silent(), bundle_most=20)
    put(office, "a", "b")
    office.tick()
    with office.database.transaction() as session:
        outbox.not_sent(session, 2, now=office.watch(), reason="已处置")
    for _ in range(3):
        office.tick(seconds=60)
    assert [notice.keys for notice in pager.got] == [("a", "b"), ("a",)]
    assert len({notice.key for notice in pager.got}) == 1
    assert pager.got[1].title != "舆情台：2 条提醒"


class Troubled(Pager):
    """Answers that it can't just now, to all or to what has a word in it."""

    trouble = "消息"

    def send(self, notice: Notice) -> str:
        if self.trouble and self.trouble in notice.text:
            raise NotifyError("接收方答复 HTTP 503，没有收下", answered=True)
        return super().send(notice)


def test_while_it_answers_that_it_cannot_nothing_overtakes(office):
    pager = with_limits(office, Troubled())
    for key in "abc":
        put(office, key)
        office.tick(seconds=1)
    for _ in range(30):  # five minutes: each was refused several times
        office.tick(seconds=10)
    pager.trouble = ""
    for _ in range(70):
        office.tick(seconds=10)
    assert pager.keys == ["a", "b", "c"]


def test_one_that_is_refused_again_and_again_holds_up_the_others_for_a_minute_only(office):
    pager = with_limits(office, Troubled())
    pager.trouble = "消息a"
    put(office, "a", "b", "c")
    for _ in range(10):
        office.tick(seconds=10)
    assert pager.keys == ["b", "c"]


def test_a_bundle_has_room_by_bytes_where_its_receiver_counts_them(office):
    pager = with_limits(office, bundle_most=20, lengths=Lengths(max_bytes=600))
    put(office, *"abcdefgh", text="停水三天没人管" * 6)
    for _ in range(8):
        office.tick(seconds=10)
    assert sorted(key for notice in pager.got for key in notice.keys) == [*"abcdefgh"]
    assert all(len(notice.text.encode()) <= 600 for notice in pager.got)
    assert all("全文见控制台" not in notice.text for notice in pager.got)
    assert 2 <= len(pager.got) <= 8
