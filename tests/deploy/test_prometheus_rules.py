"""The alarms for operators: each metric that they name is told by the running application."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from support.api import make_desk

from posts.errors import RetryError
from registry import channels, stages

ROOT = Path(__file__).resolve().parents[2]
RULES = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yaml").read_text("utf-8"))
RULE_LIST = [rule for group in RULES["groups"] for rule in group["rules"]]
OWN = re.compile(r"\byuqing_\w+")
LABEL = re.compile(r"(\w+)(=~|!~|!=|=)\"([^\"]*)\"")


def told(desk) -> str:
    return str(desk.client(token=True).get("/metrics").text)


def test_every_metric_of_the_rules_is_told_with_the_labels_that_they_ask_for(tmp_path) -> None:
    with make_desk(tmp_path) as desk:
        desk.client(token=True).get("/api/v1/time")
        text = told(desk)
        metrics = [one for one in vars(desk.app.state.metrics).values() if hasattr(one, "_name")]
    names = set(re.findall(r"^(?:# TYPE )?(\w+)", text, re.MULTILINE))
    labels = {metric._name: set(metric._labelnames) for metric in metrics}
    for rule in RULE_LIST:
        assert set(OWN.findall(rule["expr"])) <= names, rule["alert"]
        for metric, inside in re.findall(r"(yuqing_\w+)\{([^}]*)\}", rule["expr"]):
            asked = {label for label, _, _ in LABEL.findall(inside)}
            known = labels[re.sub(r"_(total|bucket|sum|count)$", "", metric)]
            assert asked <= known, rule["alert"]


def test_how_long_a_stage_is_silent_and_which_channels_fail_is_told(tmp_path) -> None:
    with make_desk(tmp_path) as desk:
        client = desk.client(token=True)
        with desk.database.transaction() as session:
            stages.beat(session, "analyze", pid=1, now=desk.clock())
            stages.report(session, "crawl", state="running", now=desk.clock())
            stages.report(session, "respond", state="stopped", now=desk.clock())
            channels.announce(session, {"duty": "apprise"}, now=desk.clock())
            channels.report(session, "duty", failure="refused", now=desk.clock())
        desk.clock.forward(seconds=150)
        text = str(client.get("/metrics").text)
    assert 'yuqing_stage_silent_seconds{stage="analyze"} 150.0' in text
    assert 'yuqing_stage_silent_seconds{stage="crawl"} +Inf' in text
    assert 'stage="respond"' not in text
    assert 'yuqing_channels{state="failing"} 1.0' in text


def test_every_state_that_a_rule_asks_for_exists() -> None:
    from registry.channels import FAILING
    from responder.alerts import NEW
    from responder.judging import State

    asked = {
        value
        for rule in RULE_LIST
        for label, operator, value in LABEL.findall(rule["expr"])
        if label == "state" and operator == "="
    }
    assert asked == {State.OVERDUE.value, FAILING, NEW, "blind"}


def test_every_alarm_is_explained_in_the_runbook() -> None:
    runbook = (ROOT / "docs" / "runbook.zh.md").read_text(encoding="utf-8")
    assert len(RULE_LIST) >= 10
    for rule in RULE_LIST:
        name = rule["annotations"]["runbook"]
        assert name == rule["alert"]
        section = runbook.split(f"### {name}")
        assert len(section) == 2, f"no section for {name}"
        assert "怎么办" in section[1].split("\n#")[0], name
        assert rule["labels"]["severity"] in {"page", "warn"}


class _AwayLog:
    """A log whose brokers are away."""

    def __init__(self, log) -> None:
        self._log = log

    def __getattr__(self, name: str):
        return getattr(self._log, name)

    def lag(self, topic: str, group: str) -> int:
        raise RetryError("消息日志连不上。")


def test_with_the_log_away_the_numbers_say_so_and_the_rest_is_told(tmp_path) -> None:
    with make_desk(tmp_path) as desk:
        before = told(desk)
        assert 'yuqing_part_up{part="log"} 1.0' in before
        assert "yuqing_log_lag{" in before
        desk.app.state.desk.log = _AwayLog(desk.app.state.desk.log)
        after = told(desk)
    assert 'yuqing_part_up{part="log"} 0.0' in after
    assert 'yuqing_part_up{part="index"} 1.0' in after
    assert "yuqing_log_lag{" not in after, "an old number would say that all is well"
    assert "yuqing_alerts{" in after
