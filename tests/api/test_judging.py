"""A score and why; an officer's correction, listed, withdrawable, and in the audit."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta

import pytest
from support.api import MadeDesk
from support.desk_data import fill, scored

from analyzer.scoring.text import analysed_text
from analyzer.sentiment.ngram import NgramScorer
from analyzer.sentiment.port import Reason
from api.console.alerts import conditions
from api.console.judging import Piece, pieces
from posts.model import ScoredPost
from registry import audit, labels
from registry.alert_rules import AlertRule

TITLE = "弄坝镇又停水了 <b>"
TEXT = "停了三天没人管，气死了！求有关部门解决，谢谢。"


@pytest.fixture
def post(desk: MadeDesk) -> ScoredPost:
    """A post that ``ngram`` scored, in the index."""
    return put(desk)


def put(desk: MadeDesk, *, scorer: str = "", version: str = "", text: str = TEXT) -> ScoredPost:
    one = scored(1, desk.clock(), title=TITLE, text=text)
    ngram = NgramScorer()
    score = ngram.score([analysed_text(one.post)])[0]
    changed = type(score)(
        p_negative=score.p_negative,
        p_positive=score.p_positive,
        p_appeal=score.p_appeal,
        sentiment=score.sentiment,
        scorer=scorer or score.scorer,
        version=version or score.version,
    )
    made = ScoredPost(
        post=one.post,
        score=changed,
        localities=one.localities,
        areas=one.areas,
        scored_at=one.scored_at,
    )
    desk.index.write([made])
    return made


def test_why_marks_what_decided_and_says_by_which_scorer(desk: MadeDesk, post: ScoredPost):
    client = desk.client("审计员")  # everybody reads
    plain = client.get(f"/posts/{post.post.id}").text
    assert "标出依据" in plain
    assert "<mark" not in plain
    page = client.get(f"/posts/{post.post.id}/why").text
    assert "&lt;b&gt;" in page, "a title is text"
    assert re.search(r'<mark class="up">[^<]*气死', page)
    assert f"打分器 ngram 版本 {NgramScorer().version}" in page
    assert "负面满 <span" in page
    assert "“弄坝镇” → 弄坝镇（全县唯一同名）" in page
    appeal = client.get(f"/posts/{post.post.id}/why?head=appeal").text
    assert "对“诉求”的概率" in appeal
    listed = re.findall(r"</b>　(.*?) <span", appeal)
    assert listed, "what decided this head, not the others"
    assert {one[2:] for one in listed} == {"诉求"}
    assert client.get(f"/posts/{post.post.id}/why?head=<x>").status_code == 200
    assert client.get("/posts/none").status_code == 404
    assert f"/posts/{post.post.id}" in client.get("/search?q=停水").text


def test_the_pieces_are_the_text(desk: MadeDesk, post: ScoredPost):
    page = desk.client().get(f"/posts/{post.post.id}/why").text
    body = re.search(r'<p class="post-body">(.*?)</p>', page, re.DOTALL).group(1)
    assert re.sub("<[^>]+>", "", body) == TEXT
    reasons = [Reason("negative", "bc", 1, 3, 2.0), Reason("negative", "cd", 2, 4, -3.0)]
    assert pieces("abcde", reasons, "negative") == [
        Piece("a", ""),
        Piece("b", "up"),
        Piece("cd", "down"),
        Piece("e", ""),
    ]
    assert pieces("abc", reasons, "appeal") == [Piece("abc", "")]
    assert pieces("", reasons, "negative") == []


def test_json_says_why_with_offsets_of_title_and_text(desk: MadeDesk, post: ScoredPost):
    found = desk.client(token=True).get(f"/api/v1/posts/{post.post.id}/why").json()
    text = analysed_text(post.post)
    assert found["reasons"]
    assert all(text[one["start"] : one["end"]] == one["text"] for one in found["reasons"])
    assert {one["head"] for one in found["reasons"]} <= {"negative", "positive", "appeal"}
    assert found["version"] == found["scored_by_version"] == NgramScorer().version
    assert found["band"] == {"negative": 0.7, "positive": 0.7, "neutral": 0.3}
    assert found["localities"][0]["why"] == "全县唯一同名"
    assert found["note"] == ""


@pytest.mark.parametrize(
    ("scorer", "version", "said"),
    [
        ("ngram", "0", "这条由版本 0 评分"),
        ("snownlp", "0.12", "yuqing score --scorer snownlp --why 查看"),
        ("gone", "1", "没有名为“gone”的打分器"),
    ],
)
def test_a_scorer_that_changed_or_went_is_named(desk: MadeDesk, scorer, version, said):
    one = put(desk, scorer=scorer, version=version)
    assert said in desk.client().get(f"/posts/{one.post.id}/why").text
    found = desk.client(token=True).get(f"/api/v1/posts/{one.post.id}/why").json()
    assert said in found["note"]
    assert bool(found["reasons"]) is (scorer == "ngram")


def test_no_model_is_loaded_before_somebody_asks():
    code = (
        "import sys, api.app, api.console.judging, api.explaining\n"
        "assert not {'numpy', 'snownlp', 'rjieba'} & set(sys.modules), 'loaded too early'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_an_officer_corrects_and_takes_it_back(desk: MadeDesk, post: ScoredPost):
    client, path = desk.client("研判员"), f"/posts/{post.post.id}"
    done = client.post(f"{path}/label", data={"polarity": "-1", "appeal": "yes"})
    assert (done.status_code, done.headers["location"]) == (303, f"{path}?done=corrected")
    page = client.get(path).text
    assert "<b>负面、是诉求</b>　研判员甲" in page
    again = client.post(f"{path}/label", data={"polarity": "-1", "appeal": "yes"})
    assert again.status_code == 409
    assert "已有同样的更正" in again.text
    empty = client.post(f"{path}/label", data={"polarity": "", "appeal": ""})
    assert (empty.status_code, "请至少更正一项" in empty.text) == (422, True)
    assert client.post(f"{path}/label", data={"polarity": "7"}).status_code == 422
    listed = client.get("/labels").text
    assert "弄坝镇又停水了" in listed
    assert f"ngram 版本 {post.score.version} 当时" in listed
    desk.clock.forward(hours=1)
    done = client.post("/labels/1/withdraw", data={"back": "post"})
    assert done.headers["location"] == f"{path}?done=correction_withdrawn"
    assert "还没有人更正" in client.get(path).text
    assert "研判员甲 今天 15:00撤回" in client.get("/labels").text
    assert client.post("/labels/1/withdraw").status_code == 409
    assert client.post("/labels/99/withdraw").status_code == 404
    with desk.database.reading() as session:
        assert [one.action for one in audit.entries(session, limit=2)] == ["撤回更正", "更正评分"]
        assert audit.verify(session) == []


def test_json_corrects_lists_and_withdraws(desk: MadeDesk, post: ScoredPost):
    client, path = desk.client(token=True), f"/api/v1/posts/{post.post.id}/label"
    made = client.post(path, json={"appeal": False})
    assert made.status_code == 201
    assert (made.json()["polarity"], made.json()["appeal"]) == (None, False)
    assert made.json()["p_negative"] == post.score.p_negative
    for wrong in ({}, {"polarity": 2}, {"polarity": -1, "by": "x"}):
        assert client.post(path, json=wrong).status_code == 422
    assert client.post("/api/v1/posts/none/label", json={"polarity": 0}).status_code == 404
    assert [one["id"] for one in client.get("/api/v1/labels").json()["items"]] == [1]
    assert client.post("/api/v1/labels/1/withdraw").json()["withdrawn_by"] == "值班员甲"
    assert client.get("/api/v1/labels?before=1").json()["items"] == []


def test_who_may_not_is_told_and_nothing_is_kept(desk: MadeDesk, post: ScoredPost):
    for role in ("审计员", "新闻发言人"):
        client = desk.client(role)
        assert (
            client.post(f"/posts/{post.post.id}/label", data={"polarity": "0"}).status_code == 403
        )
        assert "记下更正" not in client.get(f"/posts/{post.post.id}").text
        token = desk.client(role, token=True)
        answer = token.post(f"/api/v1/posts/{post.post.id}/label", json={"polarity": 0})
        assert answer.status_code == 403
        assert "您的角色不能“更正评分”" in answer.json()["error"]["message"]
    with desk.database.reading() as session:
        assert labels.count(session) == 0


def test_a_post_that_was_destroyed_leaves_its_label_without_a_word(
    desk: MadeDesk, post: ScoredPost
):
    client = desk.client()
    client.post(f"/posts/{post.post.id}/label", data={"polarity": "-1"})
    desk.index.erase([post.post.id])
    listed = client.get("/labels").text
    assert "帖文已不在" in listed
    assert "弄坝镇" not in listed
    assert client.get(f"/posts/{post.post.id}").status_code == 404
    with desk.database.reading() as session:
        kept = labels.recent(session)[0]
    assert "停" not in repr(kept)
    assert kept.at + timedelta(0) == desk.clock()


def test_an_alert_shows_what_its_rule_asks_for_and_where_posts_say_it(desk: MadeDesk):
    alert = fill(desk)["alert"]
    page = desk.client().get(f"/alerts/{alert}").text
    assert "<dt>含任一</dt><dd>停水、没水</dd>" in page
    assert "弄坝镇又<mark>停水</mark>了" in page
    assert "<dt>不得含</dt>" not in page


def test_conditions_of_a_rule_name_its_places():
    rule = AlertRule(id="r", name="停水", areas=("533103", "99"))
    assert conditions(rule, {"533103": "平湖县"}) == [("地点", "平湖县、99")]


def test_a_grave_event_is_named_as_what_decided(desk: MadeDesk):
    one = put(desk, text="救援及时，点赞英雄，家属很感谢，三人死亡")
    page = desk.client().get(f"/posts/{one.post.id}/why").text
    assert "文中有“人死亡”，属重大事项：不判正面，也不判中性。" in page
