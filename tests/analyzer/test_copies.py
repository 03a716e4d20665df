"""Near-duplicates: changed copies are found, other texts are not, and the window is bounded."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.changed_copies import Changer

from analyzer.grouping import copies_evaluation, copies_order
from analyzer.grouping.copies_origins import Origin, Origins
from analyzer.grouping.copies_text import sign
from analyzer.grouping.copies_window import WINDOW, Window

PLACES = [
    "城东",
    "河西",
    "老街",
    "新区",
    "码头",
    "北坡",
    "南门",
    "水库",
    "车站",
    "学校",
    "医院",
    "集市",
    "桥头",
    "厂区",
    "果园",
    "林场",
]
THINGS = [
    "路灯",
    "水管",
    "电线",
    "垃圾",
    "噪声",
    "公交",
    "井盖",
    "围墙",
    "护栏",
    "树枝",
    "路面",
    "停车",
    "排水",
    "燃气",
    "网络",
    "粮油",
]
ACTS = [
    "坏了半个月没有人修",
    "昨晚突然停了到现在没恢复",
    "每天早上堵得走不动",
    "味道大得开不了窗",
    "被大风刮倒挡住了路",
]
ASKS = [
    "请问归哪个部门管",
    "希望尽快派人来看看",
    "打过三次电话都没有下文",
    "孩子上学天天从这里过",
    "有没有人知道什么时候能好",
]


def originals(count: int) -> list[str]:
    """Sentences about an invented town, each with a random run of its own."""
    draw = random.Random(7)
    letters = [chr(code) for code in range(0x4E00, 0x5E00)]
    return [
        f"{draw.choice(PLACES)}的{draw.choice(THINGS)}{draw.choice(ACTS)}，"
        f"{''.join(draw.sample(letters, 24))}。"
        f"{draw.choice(ASKS)}，{''.join(draw.sample(letters, 16))}！"
        for _ in range(count)
    ]


def slots(texts: list[str], *, size: int = 5_000, batch: int = 512) -> list[int]:
    """Of each text the number of the first one of its group; -1 where it says nothing."""
    return copies_evaluation.groups(texts, size=size, batch=batch)


@pytest.mark.parametrize(
    ("recipe", "least"),
    [
        ("5%", 0.995),
        ("10%", 0.96),
        ("prefix", 1.0),
        ("truncated", 0.98),
        ("full_width", 1.0),
        ("shuffled", 1.0),
    ],
)
def test_changed_copies_are_found_and_nothing_else(recipe: str, least: float):
    texts = originals(600)
    change = Changer(texts).recipes()[recipe]
    found = slots([*texts, *map(change, texts)])
    assert len(set(found[:600])) == 600, "originals are no copies of each other"
    right = sum(one == other for one, other in zip(found[:600], found[600:], strict=True))
    wrong = sum(
        one != other and other in set(found[:600])
        for one, other in zip(found[:600], found[600:], strict=True)
    )
    assert right >= least * 600
    assert wrong == 0


@pytest.mark.parametrize("batch", [1, 7, 2_000])
def test_what_is_found_does_not_depend_on_the_batches(batch: int):
    texts = originals(150)
    changer = Changer(texts)
    every = [*texts, *(changer.substituted(text, 0.05) for text in texts), *texts]
    random.Random(3).shuffle(every)

    def groups(found: list[int]) -> list[int]:
        return [found.index(slot) for slot in found]

    assert groups(slots(every, batch=batch)) == groups(slots(every))


def test_the_oldest_leave_but_not_while_they_are_being_copied():
    texts = originals(60)
    window = Window(20)

    def find(text: str) -> tuple[int, bool]:
        found = window.find(sign([text]))
        return int(found.slot[0]), bool(found.slot[0] == found.placed[0])

    story, _ = find(texts[0])
    lone, _ = find(texts[1])
    for text in texts[2:]:
        find(text)
        assert find("转发微博：" + texts[0]) == (story, False)
    assert find(texts[1])[1], "it left, and begins anew"
    assert lone != story


def test_a_story_is_found_as_long_as_it_is_told_though_the_table_is_full():
    texts = originals(900)
    window = Window(100, buckets=256)
    story = int(window.find(sign(texts[:1])).slot[0])
    for at in range(1, 900, 30):
        window.find(sign(texts[at : at + 30]))
        assert window.find(sign(texts[:1])).slot[0] == story, at


def test_repost_marks_names_links_and_width_decide_nothing():
    text = "岚江县城东水库今天下午三点开始放水，下游的人不要下河。"
    for other in (
        "转发微博：" + text,
        "//@岚江发布:" + text,
        "RT @newsroom: " + text,
        "【转】" + text + " https://example.com/a?b=1",
        "<p>" + text + "</p>",
        "@用户 " + text + " 网页链接",
        text.replace("，", "，  ").replace("。", "!!!"),
    ):
        assert slots([text, other]) == [0, 0], other


def test_a_hashtag_alone_makes_no_copies():
    tag = "#岚江县城东水库放水通知#"
    one, other = tag + "我家门口的路已经淹了半米深", tag + "请问学校明天还上不上课呢谢谢"
    assert slots([one, other, tag, "//@用户:" + tag]) == [0, 1, 2, 2]


def test_another_cheer_beside_a_hashtag_is_no_copy_but_a_changed_hashtag_is():
    tag = "#岚江县城东水库今天下午放水通知#"
    texts = [tag + "大家注意安全", tag + "什么时候放完"]
    changed = tag.replace("通知", "通告") + "大家注意安全"
    assert slots([*texts, changed, tag.replace("#", "", 1) + "什么时候放完"]) == [0, 1, 0, 1]


def test_a_short_text_cut_off_is_a_copy_even_where_a_hashtag_is_cut():
    text = "#城东水库放水#家门口的路淹了半米深#岚江县防汛#怎么办呢"
    for cut in (text[:21], text[:-3], text[:17]):
        assert slots([text, cut + "…"]) == [0, 0], cut
    assert slots([text, text[:11] + "…", "#城东水库放水#家门口很安全"]) == [0, 1, 2]


def test_a_link_or_a_film_beside_the_text_decides_nothing_changed_or_not():
    text = "今天下午老街的集市搬到码头了 "
    for one, other in (
        ("http://t.cn/A6PZebsd", "htt望://t.cn/A6P好ebsd"),
        ("http://t.cn/A6PZebsd", "http://t.cn/B7QQQQQQ"),
        ("L岚江小杨的微博视频", "L岚江小杨的微博视品"),
    ):
        assert slots([text + one, text + other]) == [0, 0], other


def test_short_sentences_of_one_form_are_no_copies():
    said = [
        "这就是所谓的悲哀",
        "这就是中国的骗子",
        "老街的路灯坏了",
        "新区的水管坏了",
        "好可怜啊",
        "好可爱啊",
    ]
    assert slots(said) == list(range(6))


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_characters_in_order_are_counted_as_by_the_book(data: st.DataObject):
    texts = st.lists(st.integers(1, 6), max_size=64)
    one, other = data.draw(texts), data.draw(texts)
    row = np.zeros((2, 128), np.uint8)
    for at, text in enumerate((one, other)):
        row[at, : len(text)] = [2 * char + 1 for char in text]
    best = [0] * (len(other) + 1)
    for char in one:
        before = best[:]
        for at, their in enumerate(other):
            best[at + 1] = before[at] + 1 if char == their else max(before[at + 1], best[at])
    assert copies_order.in_common(row[:1], row[1:]).tolist() == [best[-1]]


def test_the_same_template_with_other_words_is_no_copy():
    assert slots(["今天河西停水，明天恢复", "昨晚城东停电，何时修好"]) == [0, 1]


def test_texts_that_say_nothing_have_no_original():
    assert slots(["", "！！！", "😀😀", "\0", "转发微博", "转发微博"]) == [-1] * 6


@given(st.lists(st.text(alphabet=st.characters(), max_size=60), max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_text_gets_an_answer(texts: list[str]):
    found = slots([*texts, *texts], size=50) if texts else []
    assert found[: len(texts)] == found[len(texts) :]


@pytest.mark.parametrize(
    "text",
    [
        "字",
        "\ud800坏的半个字\udfff",
        "长" * 5_000_000,
        "ᥖᥭᥰᥖᥬᥲ မြန်မာ ئۇيغۇر Latin",
        "\u202e反\u202c",
        "停水" * 40_000,
    ],
)
def test_odd_texts_are_equal_to_themselves(text: str):
    assert slots([text, "别的一句话，没有关系", text], size=50)[::2] == [0, 0]


def test_memory_is_bounded_by_the_window():
    window, origins = Window(), Origins(WINDOW)
    assert window.nbytes + origins.nbytes <= 104e6
    small = Window(1_000).nbytes - Window(1).nbytes + Origins(1_000).nbytes - Origins(1).nbytes
    assert small / 999 <= 340, "bytes a slot"
    columns = [one for one in vars(window).values() if isinstance(one, np.ndarray)]
    assert window.nbytes == sum(one.nbytes for one in columns) + window._table.nbytes


def test_who_stands_at_a_slot_is_kept_whatever_the_ids():
    origins = Origins(4)
    told = [
        Origin("0123456789abcdef" * 2, "f" * 32, "weibo", 1.25),
        Origin("0123456789ABCDEF" * 2, "一二三四五", "bbs", 2.0),
        Origin("x" * 80, "x" * 80, "weibo", 3.0),
        Origin("\ud800", "0", "bbs", 1_767_225_600.123456),
    ]
    assert origins[0] is None
    for round_ in range(20):
        for slot in range(4):
            one = told[(slot + round_) % 4]
            origins[slot] = Origin(one.id, one.group, f"{one.source}{round_}", one.at)
    for slot in range(4):
        origins[slot] = told[slot]
    assert [origins[slot] for slot in range(4)] == told
    assert origins.slots_of(["x" * 80, "0"]) == [2]
    assert len(origins._sources) <= 2 * 4, "sources that left the window go"


def test_a_name_at_the_end_of_the_last_text_is_a_mark_too():
    assert slots(["@0", "@0"], size=50) == [-1, -1]
