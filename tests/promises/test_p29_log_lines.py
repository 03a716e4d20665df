"""P29: no log line can be forged, whatever text is logged."""

import io
import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from yuqing import logs

FORGERIES = [
    'x\n{"event": "release_published", "level": "info"}',
    "x\r\nadmin signed in",
    "\x1b[2J\x1b[1;31mcleared",
    "\x00\x07\x08\x7f",
    "\u2028next\u2029paragraph\x85line",
    "\u202eright to left\u202c",
    "lone \ud800 surrogate",
    "汉字 “引号” \\ \" '",
]


@pytest.fixture
def stream():
    out = io.StringIO()
    before = (logging.getLogger().handlers[:], logging.getLogger().level)
    logs.configure("test", stream=out, level="INFO")
    yield out
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)


def lines_of(out: io.StringIO) -> list[str]:
    return out.getvalue().split("\n")[:-1]


@pytest.mark.promise("P29")
@pytest.mark.parametrize("text", FORGERIES)
def test_a_forged_text_stays_inside_its_line(stream, text, figure) -> None:
    structlog.get_logger().info("seen", title=text, **{f"k{text[:3]}": 1})
    logging.getLogger("library").warning("fetched %s", text)
    lines = lines_of(stream)
    assert len(lines) == 2
    for line in lines:
        json.loads(line)
        assert line.splitlines() == [line]
        assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in line)
    figure("one JSON line each")


@pytest.mark.promise("P29")
@given(text=st.text(st.characters(codec=None)), key=st.text(min_size=1))
def test_any_text_gives_one_json_line(text: str, key: str) -> None:
    line = logs.render(None, "", {"event": text, key: text, "nested": {"a": [text]}})
    assert line.splitlines() == [line]
    assert isinstance(json.loads(line), dict)
    line.encode()


@pytest.mark.promise("P29")
def test_an_exception_with_a_forged_message_is_one_line(stream) -> None:
    try:
        raise ValueError('boom\n{"event": "forged"}')
    except ValueError:
        structlog.get_logger().exception("failed")
    assert len(lines_of(stream)) == 1
