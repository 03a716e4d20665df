"""Full disks and held locks, made for real: a small tmpfs, a transaction of another process."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

MOUNT = shutil.which("mount")
UMOUNT = shutil.which("umount")


class Disk:
    """A disk of a few megabytes that can be filled and emptied."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self, *, leave: int = 0) -> None:
        """Take all room but ``leave`` bytes."""
        with contextlib.suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(65536))
        if leave:
            with self._ballast.open("ab") as file:
                file.truncate(max(0, file.tell() - leave))

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink()


@contextlib.contextmanager
def small_disk(path: Path, *, megabytes: int = 64) -> Iterator[Disk]:
    """A tmpfs of that size at ``path``. Raises OSError where mounting is not permitted."""
    path.mkdir()
    if MOUNT is None or UMOUNT is None:
        raise OSError("mount is not installed")
    done = subprocess.run(
        [MOUNT, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OSError(done.stderr.strip())
    try:
        yield Disk(path)
    finally:
        subprocess.run([UMOUNT, "--lazy", str(path)], check=True)


@contextlib.contextmanager
def held(*files: Path) -> Iterator[None]:
    """Hold the write lock of these databases, as a backup or a slow writer does."""
    with contextlib.ExitStack() as stack:
        for file in files:
            connection = stack.enter_context(
                contextlib.closing(sqlite3.connect(file, timeout=30, isolation_level=None))
            )
            connection.execute("BEGIN EXCLUSIVE")
        yield


def write_posts(file: Path, numbers: range) -> Path:
    """So many posts as JSON Lines, each about half a kilobyte."""
    with file.open("w", encoding="utf-8") as out:
        for number in numbers:
            post = {
                "id": number,
                "title": f"第{number}号来信",
                "text": f"编号{number}。" + "城东小区停水，请尽快处理。" * 12,
                "published_at": "2024-03-05T09:30",
            }
            out.write(json.dumps(post, ensure_ascii=False) + "\n")
    return file
