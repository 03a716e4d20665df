"""The files for operators: what can be checked without an engine is checked, and can fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from support.service import run

from yuqing import settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(folder / "check.sh"), str(BIN)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def copied(tmp_path) -> Path:
    """The folder, to be spoilt."""
    return Path(shutil.copytree(DEPLOY, tmp_path / "deploy"))


def spoil(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_files_as_they_stand_pass() -> None:
    done = check(DEPLOY)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "program"),
    [
        ("Containerfile", "FROM python:3.11.13-slim-bookworm AS", "FROM python AS", "hadolint"),
        ("compose.yaml", "restart: unless-stopped", "restarts: unless-stopped", "check-jsonschema"),
        (
            "systemd/yuqing.service",
            "ProtectSystem=strict",
            "ProtectSytem=strict",
            "systemd-analyze",
        ),
        ("systemd/yuqing.service", "CapabilityBoundingSet=\n", "", "systemd-analyze"),
        ("secrets.sh", "fi\n", "", "sh"),
    ],
)
def test_each_checker_finds_a_slip(copied, file, old, new, program) -> None:
    if shutil.which(program) is None and not (BIN / program).exists():
        pytest.skip(f"not tried: {program} is not installed")
    spoil(copied / file, old, new)
    assert check(copied).returncode != 0


def compose() -> dict:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def test_every_stage_is_a_service_of_its_own_closed_and_watched() -> None:
    services = compose()["services"]
    stages = {name: one for name, one in services.items() if "yuqing-desk" in one["image"]}
    assert set(stages) == {"serve", "analyze", "respond", "crawl"}
    for one in stages.values():
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert "healthcheck" in one
    assert [name for name, one in services.items() if "ports" in one] == ["proxy"]
    networks = compose()["networks"]
    assert [name for name, one in networks.items() if not one.get("internal")] == ["outer"]
    engines = ("kafka", "elasticsearch", "postgres")
    assert all(services[name]["networks"] == ["inner"] for name in engines)


def test_each_stage_is_a_command_that_takes_those_options(tmp_path) -> None:
    for name, one in compose()["services"].items():
        if "yuqing-desk" in one["image"]:
            done = run(*one["command"], "--help", cwd=tmp_path)
            assert done.returncode == 0, (name, done.stderr)


def test_no_password_has_a_default_and_no_file_names_a_host_of_packages() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    given = re.findall(r"^ *(\w*(?:PASSWORD|SECRET|TOKEN|KEY)\w*): (.+)$", text, re.MULTILINE)
    assert given
    assert all(name.endswith("_FILE") and "/run/secrets/" in value for name, value in given)
    assert re.findall(r"\$\{(\w+):-", text) == ["YUQING_VERSION"]
    images = [one["image"] for one in compose()["services"].values()]
    images += re.findall(r"^FROM (\S+)", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    for image in images:
        assert "." not in image.split("/")[0].split(":")[0], image
        assert not image.endswith("latest")


def test_the_variables_of_the_stages_are_settings(tmp_path, monkeypatch) -> None:
    environment = dict(compose()["services"]["serve"]["environment"])
    assert settings.unknown_variables(environment) == []
    assert environment.pop("YUQING_CONFIG")
    for name, value in environment.items():
        if name.endswith("_FILE"):
            file = tmp_path / Path(value).name
            file.write_text(f"secret of {file.name}\n", encoding="utf-8")
            monkeypatch.setenv(name, str(file))
        else:
            monkeypatch.setenv(name, value)
    found = settings.load(None)
    assert found.kafka == environment["YUQING_KAFKA"]
    assert found.elasticsearch == environment["YUQING_ELASTICSEARCH"]
    assert found.elasticsearch_ca == environment["YUQING_ELASTICSEARCH_CA"]
    assert found.elasticsearch_username == "yuqing"
    assert found.elasticsearch_password == "secret of index_password"
    assert found.database_url == "secret of database_url"
    mentioned = {name.removesuffix("_FILE").removeprefix("YUQING_").lower() for name in environment}
    assert mentioned <= set(settings.Settings.model_fields)


def test_the_example_settings_are_settings() -> None:
    found = settings.load(DEPLOY / "yuqing.toml.example")
    assert found.server.secure_cookies
    assert found.server.allowed_hosts


def test_what_the_image_copies_is_there_and_is_all_that_the_wheel_holds() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    assert all((ROOT / name).exists() for name in names)
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = wheel["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(packages) <= names
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in names} <= set(ignored)
    assert "USER 10001:10001" in text
    assert "HEALTHCHECK" in text


def test_the_unit_starts_the_service_with_options_that_it_takes(tmp_path) -> None:
    unit = (DEPLOY / "systemd" / "yuqing.service").read_text(encoding="utf-8")
    command = re.search(r"^ExecStart=/opt/yuqing/bin/yuqing (.+)$", unit, re.MULTILINE)
    assert command
    options = [word for word in command[1].split() if word.startswith("--")]
    assert options == ["--config", "--data", "--listen", "--tls", "--tls-key"]
    done = run("up", "--help", cwd=tmp_path)
    assert all(option in done.stdout for option in options)


def test_secrets_are_made_once_by_chance_and_for_their_owners_alone(copied) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("not tried: openssl is not installed")

    def made() -> dict[str, bytes]:
        done = subprocess.run(
            ["sh", "secrets.sh", "desk.example"],
            cwd=copied,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return {file.name: file.read_bytes() for file in (copied / "secrets").iterdir()}

    first = made()
    wanted = {Path(one["file"]).name for one in compose()["secrets"].values()} | {"yuqing.toml"}
    assert wanted <= set(first)
    assert made() == first
    for file in (copied / "secrets").iterdir():
        assert file.name == "ca.crt" or file.stat().st_mode & 0o077 == 0, file.name
    assert first["postgres_password"].strip() in first["database_url"]
    assert b"desk.example" in first["yuqing.toml"]
    chain = ["openssl", "verify", "-CAfile", "ca.crt", "console.crt", "elasticsearch.crt"]
    subprocess.run(chain, cwd=copied / "secrets", check=True, capture_output=True)


def test_every_command_that_the_guides_name_exists() -> None:
    import typer

    from yuqing.cli import program

    top = typer.main.get_command(program())
    pages = [
        *(ROOT / "docs" / name for name in ("deployment.zh.md", "runbook.zh.md")),
        *DEPLOY.rglob("*.md"),
        *DEPLOY.rglob("*.txt"),
        *(DEPLOY / "systemd").iterdir(),
    ]
    named = set()
    for page in pages:
        text = page.read_text(encoding="utf-8")
        named |= set(re.findall(r"(?:`|bin/)yuqing ([a-z-]+)(?: ([a-z-]+))?", text))
        for option in re.findall(r"`yuqing [^`]*?(--[a-z-]+)", text):
            assert option in {"--area", "--label", "--role", "--from", "--to", "--json"}, option
    assert len(named) > 15
    for command, sub in named:
        found = top.commands.get(command)
        assert found is not None, command
        if hasattr(found, "commands"):
            assert not sub or sub in found.commands, (command, sub)
