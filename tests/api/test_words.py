"""What is wrong with an input is said in Chinese throughout, choices too."""

from __future__ import annotations

import re

import pytest
from support.api import MadeDesk

ENGLISH = re.compile(r"\b(?:or|and|should|input|be)\b", re.IGNORECASE)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("/api/v1/incidents?state=x", "查询参数“state”不在可选之列，可选：“open”、“closed”，请"),
        (
            "/api/v1/posts?sentiment=x",
            "可选：“negative”、“neutral”、“positive”、“uncertain”，请改正后重发。",
        ),
        (
            "/api/v1/alerts?state=x",
            "可选：“待处置”、“已认领”、“处理中”、“已解决”、“忽略”、“误报”，",
        ),
    ],
)
def test_choices_are_named_in_chinese(desk: MadeDesk, url: str, said: str) -> None:
    answer = desk.client(token=True).get(url)
    assert answer.status_code == 422
    message = answer.json()["error"]["message"]
    assert said in message
    assert not ENGLISH.search(message), "no English between the choices"
