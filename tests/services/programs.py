"""The programs of the servers that tests start: found on the machine, or fetched once and kept.

Kafka and Elasticsearch come through Maven (``pom.xml``); Elasticsearch is its integration-test
distribution with a small plugin of ours that adds the analysers ``cjk`` and ``smartcn``.
PostgreSQL is the machine's own.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = os.getuid() == 0
# As root, the servers run as other users, who can't look into root's own cache.
_DEFAULT_CACHE = Path("/var/cache") if ROOT else Path.home() / ".cache"
CACHE = Path(os.environ.get("SERVICES_CACHE") or _DEFAULT_CACHE) / "local-services"

KAFKA_VERSION = "4.4.0"
ES_VERSION = "9.5.3"
ES_SHA256 = "bec49f3b8d00e75c8d1cec85c35298635ec9fbd3ae80ef5aeb6bc05abdb3db2d"


class MissingError(RuntimeError):
    """A program that a server needs is not on this machine."""


def jdk(minimum: int) -> Path:
    """The home of the oldest JDK that is new enough."""
    found = []
    for home in [os.environ.get("JAVA_HOME"), *Path("/usr/lib/jvm").glob("*")]:
        release = Path(home or "/nonexistent") / "release"
        if release.is_file() and (release.parent / "bin/javac").exists():
            said = re.search(r'JAVA_VERSION="(\d+)', release.read_text())
            if said and int(said.group(1)) >= minimum:
                found.append((int(said.group(1)), release.parent))
    if not found:
        raise MissingError(f"no JDK of version {minimum} or newer in JAVA_HOME or /usr/lib/jvm")
    return min(found)[1]


def pg_bin() -> Path:
    """Where PostgreSQL's server programs lie."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    if not found or not (found[-1] / "initdb").exists():
        raise MissingError("no PostgreSQL server is installed (Debian package postgresql)")
    return found[-1]


def maven() -> str:
    """The command mvn."""
    found = shutil.which("mvn")
    if found is None:
        raise MissingError("Maven is not installed (Debian package maven)")
    return found


def _fetched(name: str, build: Callable[[Path], None]) -> Path:
    """CACHE/name, made whole by build(directory) or not at all."""
    home = CACHE / name
    if home.exists():
        return home
    CACHE.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=CACHE))
    part.chmod(0o755)
    try:
        build(part)
        part.rename(home)
    except OSError:
        if not home.exists():  # else another process was first
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return home


def _through_maven(profile: str, into: Path) -> None:
    # A registry that stumbles once is asked again; what was fetched is kept by Maven.
    command = [maven(), "-B", "-q", "-f", HERE / "pom.xml", "-P", profile,
               "dependency:copy-dependencies", f"-DoutputDirectory={into}"]  # fmt: skip
    for last in (False, False, True):
        done = subprocess.run(command, check=last, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        if done.returncode == 0:
            return


def kafka() -> Path:
    """A folder of jars that make a broker."""
    jdk(17)
    return _fetched(f"kafka-{KAFKA_VERSION}", lambda home: _through_maven("kafka", home))


def _build_elasticsearch(home: Path) -> None:
    _through_maven("elasticsearch", home / "in")
    archive = home / "in" / f"elasticsearch-{ES_VERSION}.zip"
    if hashlib.sha256(archive.read_bytes()).hexdigest() != ES_SHA256:
        raise RuntimeError(f"{archive.name}: not the file that was expected")
    shutil.unpack_archive(archive, home)
    for tree in (home / f"elasticsearch-{ES_VERSION}").iterdir():
        tree.rename(home / tree.name)
    for program in (home / "bin").iterdir():
        program.chmod(0o755)
    plugin, classes = home / "plugins/local", home / "in/classes"
    plugin.mkdir()
    for jar in (home / "in").glob("*.jar"):
        shutil.copy(jar, plugin)
    java = jdk(21) / "bin"
    sources = (HERE / "es-plugin").rglob("*.java")
    compiling = [java / "javac", "--release", "21", "-nowarn", "-cp",
                 f"{home}/lib/*:{plugin}/*", "-d", classes, *sources]  # fmt: skip
    subprocess.run(compiling, check=True, stdout=sys.stderr)
    packing = [java / "jar", "--create", "--file", plugin / "local.jar", "-C", classes, "."]
    subprocess.run(packing, check=True)
    (plugin / "plugin-descriptor.properties").write_text(
        "name=local\nversion=1\nclassname=local.LocalPlugin\njava.version=21\n"
        f"elasticsearch.version={ES_VERSION}\n"
        "description=What the integration-test distribution leaves out\n"
    )
    shutil.rmtree(home / "in")


def elasticsearch() -> Path:
    """A home of Elasticsearch with the plugin baked in: a changed source makes a new home."""
    jdk(21)
    source = b"".join(p.read_bytes() for p in sorted((HERE / "es-plugin").rglob("*.java")))
    mark = hashlib.sha256(source).hexdigest()[:8]
    return _fetched(f"elasticsearch-{ES_VERSION}-{mark}", _build_elasticsearch)
