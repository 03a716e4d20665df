"""An alias is looked at in a process of its own: its answer, and a sentence where there is none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from analyzer import alias_hits
from analyzer.alias_hits import Asked, look_apart
from registry.errors import UnavailableError

TEXTS = ("弄坝坝子里停水三天了", "弄坝镇的坝子", "没有", "《坝子》这本书")


def test_a_process_of_its_own_says_where_an_area_would_be_hit() -> None:
    told = look_apart(Asked("area", "坝子", others=("弄坝镇", "弄坝"), texts=TEXTS))
    assert told.ordinary
    assert [place and place[:2] for place in told.places] == [(2, 4), (4, 6), None, None]


def test_a_unit_is_looked_at_too_and_this_process_loads_nothing_for_it() -> None:
    code = (
        "import sys; from analyzer.alias_hits import Asked, look_apart;"
        "told = look_apart(Asked('unit', '水司', texts=('水司停水', '我们')));"
        "assert told.places == ((0, 2, True), None), told;"
        "assert not {'rjieba', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_no_answer_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alias_hits.sys, "executable", "/nowhere/python")
    with pytest.raises(UnavailableError, match="别名预览"):
        look_apart(Asked("area", "坝子"))
