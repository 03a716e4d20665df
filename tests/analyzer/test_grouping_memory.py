"""What grouping remembers in the database: for the next holder, and never from a lost lease."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from support.analyzer import Clock
from support.posts import NOON
from support.registry import make_database

from analyzer.grouping.memory import TableMemory
from analyzer.grouping.windows import RuleState
from posts.errors import RetryError
from registry import lease
from registry.db import Database

NAME = "grouping"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return make_database(tmp_path)


def held_by(database: Database, holder: str, clock: Clock) -> TableMemory:
    with database.transaction() as session:
        assert lease.acquire(session, NAME, holder=holder, now=clock(), ttl_s=15)
    return TableMemory(database, NAME, holder=holder, clock=clock)


def test_the_next_holder_goes_on_from_what_was_saved(database: Database):
    clock = Clock(NOON)
    held_by(database, "one", clock).save({"7": RuleState(definition="x")})
    clock.advance(seconds=16)
    assert held_by(database, "two", clock).load() == {"7": RuleState(definition="x")}


def test_a_holder_that_wakes_late_overwrites_nothing(database: Database):
    clock = Clock(NOON)
    late = held_by(database, "one", clock)
    late.save({"7": RuleState(definition="old")})
    clock.advance(seconds=16)
    with pytest.raises(RetryError):
        late.save({"7": RuleState(definition="late")})  # its time ran out, though nobody took it
    held_by(database, "two", clock).save({"7": RuleState(definition="new")})
    with pytest.raises(RetryError):
        late.save({"7": RuleState(definition="late")})
    assert late.load()["7"].definition == "new"


def test_an_erasure_writes_without_the_lease(database: Database):
    clock = Clock(NOON)
    held_by(database, "one", clock).save({"7": RuleState(definition="quoted")})
    TableMemory(database, NAME, holder=None, clock=clock).save({"7": RuleState(definition="")})
    assert TableMemory(database, NAME, holder=None, clock=clock).load()["7"].definition == ""
    with database.reading() as session:
        assert lease.holder(session, NAME, now=NOON + timedelta(seconds=1)) == "one"


def test_what_a_newer_release_wrote_is_not_guessed_at(database: Database):
    from registry import stage_memories

    with database.transaction() as session:
        stage_memories.save(session, NAME, b'{"v":99,"rules":{}}', holder=None, now=NOON)
    assert TableMemory(database, NAME, holder="one", clock=Clock(NOON)).load() == {}


def test_what_is_large_lies_apart_from_the_heap_and_goes_back_when_it_is_freed():
    # In a process of its own: the heap of a long run has room for much.
    done = subprocess.run(
        [sys.executable, "-c", LARGE], capture_output=True, text=True, check=True, timeout=60
    )
    if not done.stdout:
        pytest.skip("another C library, or an older glibc")
    held, freed = map(int, done.stdout.split())
    assert held >= 3_000_000
    assert freed < 3_000_000


LARGE = """
import ctypes
from analyzer.grouping.memory import large_goes_back

class MallInfo(ctypes.Structure):  # mallinfo2(3): hblkhd are the bytes apart from the heap
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd",
        "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]

library = ctypes.CDLL(None)
if hasattr(library, "mallinfo2"):
    library.mallinfo2.restype = MallInfo
    large_goes_back()
    before = library.mallinfo2().hblkhd
    held = bytearray(8_000_000)
    del held  # glibc would now raise its limit to 8 MB
    held = bytearray(3_000_000)
    apart = library.mallinfo2().hblkhd - before
    del held
    print(apart, library.mallinfo2().hblkhd - before)
"""
