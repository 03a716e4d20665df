"""What people ask: found by rules, without rhetoric, those of one matter together."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.posts import NOON, make_post

from analyzer import questions
from analyzer.questions import group, questions_in
from posts.model import Post

ASKED = """
翠湖苑什么时候能恢复供水？
请问翠湖苑何时来水
想咨询一下老年证怎么办理
停水通知为什么没有提前发？
城东客运站几点有末班车？
公租房申请需要哪些材料？
新学校的学区是怎么划的？
自来水现在能不能直接喝？
路口的红绿灯是否会修？
堵车的时候救护车从哪里走？
物业费每平方米多少钱？
这条路多久才能修好
垃圾清运归谁负责？
医保卡丢了应该到哪里补办？
明天中小学停课吗？
学费上涨有没有文件依据？
请问外地户口可否参加中考
为啥公交线路又改了？
抢修期间有没有送水车？
塌方的路段还能通车吗
"""
NOT_ASKED = """
难道老百姓的命就不值钱吗？
还有没有王法？
你们凭什么收这个钱？
良心何在？
这样做合理吗？
不知道什么时候能来水。
无论如何要把水送到。
关于如何申请公租房的通知
今天终于来水了。
没什么可说的。
怎么能这样对待老人？
谁都可以来。
这不是欺负人吗？
岂有此理？
公园里的花都开了，真好看！
谁信？
"""


def listed(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize("sentence", listed(ASKED))
def test_who_asks_is_heard(sentence: str) -> None:
    assert len(questions_in(f"今天天气好。{sentence}\n再见。")) == 1


@pytest.mark.parametrize("sentence", listed(NOT_ASKED))
def test_rhetoric_and_statements_are_no_questions(sentence: str) -> None:
    assert questions_in(sentence) == []


def test_a_question_stands_as_it_was_asked_without_names_links_and_tags() -> None:
    text = "回复@岚江小张：#停水# ２号楼什么时候来水??? https://example.com/a【电话】"
    assert questions_in(text) == ["2号楼什么时候来水？"]


def test_what_a_repost_quotes_is_not_asked_again() -> None:
    assert questions_in("同问//@路人甲: 什么时候来水？") == []


def test_of_a_long_sentence_the_part_that_asks_is_kept() -> None:
    before = "我家住在翠湖苑三号楼，家里有两位老人和一个孩子，" * 3
    assert questions_in(f"{before}请问抢修什么时候能结束？") == ["请问抢修什么时候能结束？"]


def test_one_post_asks_a_few_questions_at_most() -> None:
    text = "".join(f"第{n}号楼什么时候来水？" for n in range(50))
    assert len(questions_in(text)) == questions.MOST_OF_ONE


def asked(*texts: str, source: str = "forum") -> list[Post]:
    return [
        make_post(f"{source}{n}", source=source, title="", text=text, published_at=NOON + n * HOUR)
        for n, text in enumerate(texts)
    ]


HOUR = timedelta(hours=1)


class TestGroups:
    def test_one_matter_in_several_wordings_is_one_question(self) -> None:
        posts = asked(
            "翠湖苑什么时候恢复供水？",
            "请问翠湖苑何时能恢复供水",
            "想问一下翠湖苑小区恢复供水要多久？",
            "供水价格为什么上涨？",
        )
        first, second = group(posts)
        assert (first.posts, first.kind) == (3, "何时")
        assert (second.posts, second.kind, second.text) == (1, "为何", "供水价格为什么上涨？")

    def test_the_newest_post_is_the_example(self) -> None:
        posts = asked("翠湖苑何时恢复供水？", "翠湖苑何时恢复供水？", "请问翠湖苑何时恢复供水呢？")
        [only] = group(posts)
        assert only.text == "翠湖苑何时恢复供水？"
        assert (only.newest, only.at) == (posts[2].id, posts[2].published_at)
        assert only.wording == "请问翠湖苑何时恢复供水呢？"

    def test_a_post_counts_once_and_sources_are_counted(self) -> None:
        twice = asked("何时恢复供水？恢复供水要到什么时候？")
        other = asked("何时恢复供水？", source="paper")
        [only] = group(twice + other)
        assert (only.posts, only.sources) == (2, 2)

    def test_when_and_why_are_two_questions(self) -> None:
        found = group(asked("翠湖苑为什么停水？", "翠湖苑停水停到什么时候？"))
        assert [one.posts for one in found] == [1, 1]

    def test_the_order_in_which_posts_come_changes_nothing(self) -> None:
        posts = asked(*[line for line in listed(ASKED) for _ in range(2)])
        shuffled = list(posts)
        random.Random(7).shuffle(shuffled)
        assert group(posts, limit=50) == group(shuffled, limit=50)

    def test_a_limit_holds_and_no_posts_ask_nothing(self) -> None:
        assert group([]) == []
        assert len(group(asked(*listed(ASKED)), limit=3)) == 3

    def test_of_very_many_the_newest_are_compared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(questions, "MOST", 2)
        found = group(asked("学校几点放学？", "公园几点关门？", "医院几点开门？"))
        assert {one.text for one in found} == {"公园几点关门？", "医院几点开门？"}


@given(st.text(max_size=300))
def test_any_text_is_accepted(text: str) -> None:
    for question in questions_in(text):
        assert question.endswith("？")


def test_a_huge_text_is_read_from_its_beginning() -> None:
    assert questions_in("什么时候来水？" + "水" * 5_000_000) == ["什么时候来水？"]
    assert questions_in("\ud800什么时候来水？") != []
