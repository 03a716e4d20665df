"""Whole without internet: the bundle is made, carried into an empty network, installed and run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.bundling import ROOT, Bundling


@pytest.fixture
def bundle(bundling: Bundling) -> Path:
    """The offline bundle for this machine's architecture."""
    return bundling.bundle()


@pytest.mark.promise("P38")
@pytest.mark.needs("netns")
def test_installed_from_the_bundle_the_demo_runs_in_an_empty_network(
    bundle, bundling, figure
) -> None:
    done = bundling.tried()
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["interfaces"] == ["lo"]
    assert found["reached"] == []
    assert {"R1", "R2"} <= set(found["rules"]), done.stderr
    assert found["ended"] == 0
    size = sum(file.stat().st_size for file in bundle.rglob("*")) / 1e6
    figure(
        f"bundle {size:.0f} MB, installed ({found['megabytes']:.0f} MB) in "
        f"{found['install_s']:.0f} s, R1 and R2 running {found['demo_s']:.0f} s later, "
        "only interface lo"
    )


@pytest.mark.promise("P38")
def test_a_file_that_was_changed_on_the_way_is_not_installed(bundle, tmp_path) -> None:
    wheel = next(iter(sorted((bundle / "wheels").glob("w3lib-*.whl"))))
    whole = wheel.read_bytes()
    try:
        wheel.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        done = subprocess.run(
            ["sh", str(bundle / "install.sh"), str(tmp_path / "yuqing")],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        wheel.write_bytes(whole)
    assert done.returncode == 1
    assert wheel.name in done.stderr
    assert not (tmp_path / "yuqing").exists()


def test_each_requirement_of_the_lock_lies_in_the_bundle_once(bundle) -> None:
    """What is in the lock for this platform and nothing else, beside the project itself."""
    locked: dict[str, set[str]] = {}
    for line in (ROOT / "requirements" / "run.txt").read_text().splitlines():
        name, is_pin, rest = line.partition("==")
        if is_pin and not line.startswith((" ", "#")) and "win32" not in line:
            locked.setdefault(name.replace("-", "_").lower(), set()).add(rest.split()[0])
    wheels = [file.name.split("-")[:2] for file in (bundle / "wheels").glob("*.whl")]
    found = {name.lower().replace(".", "_"): version for name, version in wheels}
    assert len(found) == len(wheels)
    assert found.pop("yuqing_desk")
    assert [name for name in found if found[name] not in locked[name]] == []
    missing = set(locked) - set(found)
    assert missing <= {"brotlicffi", "pypydispatcher"}, "only what PyPy needs is left out"
