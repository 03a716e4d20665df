"""What can be seen without a browser: tokens, templates, words, forms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import api.console
from api.console import words
from api.console.forms import Fields, clean, safe_back
from api.console.post_view import mark
from registry.errors import InvalidInputError

CONSOLE = Path(api.console.__file__).parent
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # 14:00 in Shanghai, a Monday


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"(--[a-z0-9-]+):\s*([^;]+);", block))


def test_the_dark_values_stand_twice_and_equal():
    css = (CONSOLE / "static" / "console.css").read_text(encoding="utf-8")
    system = re.search(r":root:not\(\[data-theme\]\) \{(.*?)\}", css, re.DOTALL)
    chosen = re.search(
        r':root\[data-theme="dark"\], :root\[data-theme="wall"\] \{(.*?)\}', css, re.DOTALL
    )
    assert system
    assert chosen
    assert tokens(system[1]) == tokens(chosen[1])
    assert len(tokens(system[1])) > 30


def test_every_colour_of_the_light_scheme_has_a_dark_one():
    css = (CONSOLE / "static" / "console.css").read_text(encoding="utf-8")
    light = re.search(r":root \{(.*?)\n\}", css, re.DOTALL)
    dark = re.search(r":root:not\(\[data-theme\]\) \{(.*?)\}", css, re.DOTALL)
    assert light
    assert dark
    colours = {name for name, value in tokens(light[1]).items() if value.startswith(("#", "rgb"))}
    assert colours <= set(tokens(dark[1]))


def test_no_template_marks_text_safe_or_writes_style_or_script_inline():
    for path in sorted((CONSOLE / "templates").iterdir()):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b", text), path.name
        assert "autoescape false" not in text, path.name
        assert not re.search(r"\sstyle=", text), path.name
        assert not re.search(r"\son[a-z]+=", text), path.name
        assert not re.search(r"<style|javascript:", text), path.name
        for script in re.findall(r"<script[^>]*>", text):
            assert 'src="/static/' in script, path.name


def test_every_icon_that_is_used_is_drawn():
    drawn = set(
        re.findall(r'<symbol id="([^"]+)"', (CONSOLE / "templates" / "icons.svg").read_text())
    )
    used: set[str] = set()
    for path in (CONSOLE / "templates").glob("*.html"):
        used |= set(re.findall(r'm\.icon\("([a-z-]+)"[,)]', path.read_text(encoding="utf-8")))
    for path in CONSOLE.glob("*.py"):
        used |= set(re.findall(r'"((?:st|n|t)-[a-z]+)"', path.read_text(encoding="utf-8")))
    assert used - drawn == set()


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.org/a?b=1", True),
        ("http://127.0.0.1:8000/", True),
        ("javascript:alert(1)", False),
        ("java\tscript:alert(1)", False),
        (" https://example.org", False),
        ("//example.org", False),
        ("http:javascript:1", False),
        ("data:text/html,x", False),
        ("https://[", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(url: str | None, link: bool):
    assert (words.safe_url(url) is not None) is link


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (0.2, "今天 14:12"),
        (-24, "昨天 14:00"),
        (24, "明天 14:00"),
        (72, "3 月 5 日（周四） 14:00"),
        (-24 * 365, "2025 年 3 月 2 日（周日） 14:00"),
    ],
)
def test_times_are_said_near_by_their_day(hours: float, said: str):
    assert words.when(NOW + timedelta(hours=hours), NOW) == said


def test_the_end_of_a_day_is_24_00():
    midnight = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)
    assert words.when(midnight, NOW, end=True) == "明天 24:00"
    assert words.when(midnight, NOW) == "3 月 4 日（周三） 00:00"


def test_hours_never_wrap_into_days_on_the_face():
    assert words.face(82 * 3600 + 11 * 60 + 34) == "82:11:34"
    assert words.face(-24 * 60 - 10) == "00:24:10"


def test_a_form_time_is_beijing_time_and_nonsense_is_named():
    fields = Fields(at="2026-03-02T14:00", bad="昨天", far="9999-99-99T00:00")
    assert fields.instant("at", "事发") == NOW
    assert fields.instant("none", "事发") is None
    for name in ("bad", "far"):
        with pytest.raises(InvalidInputError, match="“事发”不是时间"):
            fields.instant(name, "事发")


def test_control_characters_and_lone_surrogates_never_get_in():
    assert clean(" a\x00b\r\nc\ud800\x1b[31m ") == "ab\nc[31m"


@pytest.mark.parametrize("target", ["//evil", "/\\evil", "https://evil", "evil", "/a\nb", "/a b"])
def test_going_back_stays_here(target: str):
    assert safe_back(target) == "/"


def test_marks_are_runs_of_text_longer_words_first():
    assert mark("停水停了，停水", {"停水", "停水停"}) == (
        ("停水停", True),
        ("了，", False),
        ("停水", True),
    )
    assert "".join(text for text, _ in mark("<b>停水</b>", {"停水"})) == "<b>停水</b>"
