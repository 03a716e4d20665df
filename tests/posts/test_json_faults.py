from __future__ import annotations

import msgspec
import pytest

from posts.json_faults import json_fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"a":1', "截断"),
        (b"", "截断"),
        (b'{"a" 1}', "第 6 个字节"),
        (b'{"a":1} {}', "只能有一条"),
        (b"[" * 100_000, "嵌套太深"),
    ],
)
def test_what_is_no_json_is_told_in_chinese(text: bytes, said: str):
    with pytest.raises((msgspec.DecodeError, RecursionError)) as caught:
        msgspec.json.decode(text)
    told = json_fault(caught.value)
    assert said in told
    assert not any(letter.isascii() and letter.isalpha() for letter in told)
