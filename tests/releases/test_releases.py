import importlib.util
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.stores import postgres

from yuqing import backup, restoring
from yuqing.folder import DataFolder
from yuqing.settings import Settings
from yuqing.verification import check_data
from yuqing.wiring import Wiring

__all__ = ["postgres"]
HERE = Path(__file__).parent
RELEASES = sorted(HERE.glob("*.tar.gz"))


def make_module():
    spec = importlib.util.spec_from_file_location("make_release", HERE / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_a_release() -> None:
    assert RELEASES


@pytest.mark.promise("P37")
@pytest.mark.parametrize("archive", RELEASES, ids=lambda path: path.name.removesuffix(".tar.gz"))
def test_what_an_earlier_release_wrote_opens_with_the_same_deadlines(
    archive, tmp_path, figure
) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "data", filter="data")
    wiring = Wiring(Settings(), DataFolder(tmp_path / "data"))
    expected = json.loads(archive.with_name(archive.name.replace(".tar.gz", ".json")).read_text())
    assert make_module().read(wiring) == expected
    assert check_data(wiring).faults == []
    wiring.close()
    release = archive.name.removesuffix(".tar.gz")
    figure(f"{release}: {len(expected['clocks'])} clocks with the same deadlines and verdicts")


@pytest.mark.promise("P37")
@pytest.mark.needs("postgres")
@pytest.mark.parametrize("archive", RELEASES, ids=lambda path: path.name.removesuffix(".tar.gz"))
def test_it_moves_to_postgresql_with_the_same_deadlines(
    archive, tmp_path, postgres, figure
) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "data", filter="data")
    old = Wiring(Settings(), DataFolder(tmp_path / "data"))
    saved, _ = backup.make(old, tmp_path / "backups", now=datetime.now(UTC))
    old.close()
    url = postgres.make(template="template0")
    wiring = Wiring(Settings(database_url=url), DataFolder(tmp_path / "there"))
    restoring.restore(wiring, saved, overwrite=False, ledgers=(), now=datetime.now(UTC))
    expected = json.loads(archive.with_name(archive.name.replace(".tar.gz", ".json")).read_text())
    assert make_module().read(wiring) == expected
    assert check_data(wiring).faults == []
    assert not wiring.folder.registry.exists()
    wiring.close()
    postgres.drop(url)
    release = archive.name.removesuffix(".tar.gz")
    figure(f"{release} moved to PostgreSQL: {len(expected['clocks'])} clocks the same")


def test_a_data_that_is_made_now_is_read_as_it_was_made(tmp_path) -> None:
    module = make_module()
    expected = module.make(tmp_path / "data")
    states = {(clock["incident"], clock["rule"]): clock["state"] for clock in expected["clocks"]}
    assert states[1, "R1"] == "met"
    assert states[1, "R2"] == "overdue"
    assert states[2, "R3"] == "running"
    assert states[3, "R1"] == states[3, "R2"] == "conditional"
