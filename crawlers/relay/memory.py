"""What a relay remembers between runs, in one small file, and that only one runs at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from crawlers.relay.parcel import put_down
from posts.errors import reason_of
from registry.errors import ConflictError, UnavailableError

T = TypeVar("T")


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Nobody else works with that memory meanwhile. Raises ConflictError where somebody does."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError("上一次摆渡还没有结束，这一次不做；等它结束后再来。") from error
        yield
    finally:
        os.close(handle)


def recall(file: Path, fresh: T) -> T:
    """What was remembered, of the kind of ``fresh``; ``fresh`` at the first time."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=type(fresh))
    except FileNotFoundError:
        return fresh
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnavailableError(
            f"摆渡的记录 {file} 损坏了。请从备份恢复它；"
            "没有备份就移走它，编号从头开始，对侧按帖文编号去重。"
        ) from error
    except OSError as error:
        raise UnavailableError(f"摆渡的记录 {file} 读不了：{reason_of(error)}。") from error


def remember(file: Path, what: object) -> None:
    """Keep it, durably."""
    put_down(file, msgspec.json.encode(what))
