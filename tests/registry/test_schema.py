from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

import responder
from registry.db import MIGRATIONS, Database, revisions
from registry.tables import Base, UTCDateTime

ROOT = Path(__file__).resolve().parents[2]


def all_metadata():
    """The registry's tables, and the responder's where it has some."""
    for module in pkgutil.iter_modules(responder.__path__):
        if module.name.startswith("tables"):
            importlib.import_module(f"responder.{module.name}")
    return Base.metadata


def test_the_migrated_schema_is_what_the_code_says(database: Database):
    metadata = all_metadata()
    with database._engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, metadata)
    assert differences == []


def test_each_table_can_be_made_on_postgresql_too():
    dialect = postgresql.dialect()
    for table in all_metadata().sorted_tables:
        made = str(CreateTable(table).compile(dialect=dialect))
        assert "CREATE TABLE" in made
        for column in table.columns:
            if isinstance(column.type, UTCDateTime):
                assert f"{column.name} TIMESTAMP WITH TIME ZONE" in made


def test_there_is_one_line_of_migrations_that_ends_where_we_think():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [revisions()[-1]]
    line = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(line)) == revisions()
    for revision in script.walk_revisions():
        assert Path(revision.path).stem == revision.revision


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_an_installed_package_can_migrate_and_has_the_gazetteer(wheel: Path, tmp_path: Path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import registry, sys; from registry.db import Database; from registry import gazetteer\n"
        "assert registry.__file__.startswith(sys.argv[1]), registry.__file__\n"
        "Database('sqlite:///' + sys.argv[2]).migrate(); print(len(gazetteer.load()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "site"), str(tmp_path / "registry.db")],
        cwd=tmp_path / "site",
        env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "44694"
