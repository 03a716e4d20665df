"""Real Kafka, Elasticsearch and PostgreSQL on loopback: started, killed, frozen, started again.

A server keeps its port and its data over ``kill`` and ``start``; ``remove`` ends it for good.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from services import programs

# C1 alone halves Elasticsearch's start on two cores; a benchmark sets ES_JAVA_OPTS.
ES_JAVA_OPTS = os.environ.get("ES_JAVA_OPTS", "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1")


def birth(pid: int) -> int | None:
    """When the process began, in clock ticks: tells it from a later one with its number."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, and that the system gives to nobody who asks for any.

    A server is away for a while and comes back to its port: one of those that outgoing connections
    get would be another's by then, or a client's that tries to reach the server and meets itself.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    chance, found = random.SystemRandom(), []
    while len(found) < count:
        port = chance.randrange(10_000, max(lowest, 20_000))
        if port in _given:
            continue
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            _given.add(port)
            found.append(port)
    return found


_given: set[int] = set()


class Server:
    """One server process with its folder; what the three kinds share."""

    name = ""
    user = "nobody"  # no server runs as root
    patience_s = 240.0  # a machine may be busy
    stop_signal = signal.SIGTERM

    def __init__(self, home: Path) -> None:
        self.home = home
        self.pid = 0
        self._birth: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        if home.exists():
            shutil.rmtree(home)
        home.mkdir(parents=True)
        home.chmod(0o755)
        self.port, self.other_port = free_ports(2)
        self.prepare()

    # -- what a kind says of itself

    @property
    def address(self) -> str:
        raise NotImplementedError

    def prepare(self) -> None:
        """Configuration and empty data, once."""
        raise NotImplementedError

    def launch(self) -> int:
        """Start the process; its number."""
        raise NotImplementedError

    def ready(self) -> bool:
        raise NotImplementedError

    # -- life

    @property
    def running(self) -> bool:
        return self._birth is not None and birth(self.pid) == self._birth

    def start(self) -> None:
        """Start and wait until it answers."""
        self.pid = self.launch()
        self._birth = birth(self.pid)
        deadline = time.monotonic() + self.patience_s
        while not self._is_ready():
            if not self.running or time.monotonic() > deadline:
                state = "not ready" if self.running else "ended early"
                said = self.log().read_text(errors="replace")[-3000:]
                self.kill()
                raise RuntimeError(f"{self.name}: {state}\n{said}")
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL, as a power cut of the process."""
        if self.running:
            os.kill(self.pid, signal.SIGKILL)
        self._wait(60)

    def stop(self) -> None:
        if self.running:
            os.kill(self.pid, self.stop_signal)
            self._wait(20)
        self.kill()

    def freeze(self) -> None:
        """SIGSTOP: the connection stands, nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.running and time.monotonic() < deadline:
            time.sleep(0.05)
        if self._process is not None and not self.running:
            # The main thread of a JVM may be gone a moment before the others.
            self._process.wait(timeout=60)

    def _is_ready(self) -> bool:
        try:
            return self.ready()
        except (OSError, ValueError, struct.error):
            return False

    # -- processes

    def log(self) -> Path:
        return self.home / "server.log"

    def account(self) -> dict[str, Any]:
        """Popen's arguments that make a server of root's run as another user."""
        if not programs.ROOT:
            return {}
        user = pwd.getpwnam(self.user)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def hand_over(self) -> None:
        if programs.ROOT:
            user = pwd.getpwnam(self.user)
            for path in [self.home, *self.home.rglob("*")]:
                os.chown(path, user.pw_uid, user.pw_gid)

    def run(self, *command: object, **kwargs: Any) -> None:
        with self.log().open("ab") as out:
            subprocess.run(
                [str(each) for each in command], check=True, cwd=self.home,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                **self.account(), **kwargs,
            )  # fmt: skip

    def spawn(self, *command: object, **kwargs: Any) -> int:
        with self.log().open("ab") as out:
            self._process = subprocess.Popen(
                [str(each) for each in command], cwd=self.home, stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                **self.account(), **kwargs,
            )  # fmt: skip
        return self._process.pid


class Kafka(Server):
    """A broker that is its own controller (KRaft)."""

    name = "kafka"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def prepare(self) -> None:
        self.classpath = f"{programs.kafka()}/*"
        self.java = programs.jdk(17) / "bin/java"
        config = self.home / "server.properties"
        config.write_text(f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{self.other_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.other_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{self.port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={self.home}/data
auto.create.topics.enable=false
num.partitions=3
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
""")
        self.hand_over()
        self.run(
            self.java, "-XX:TieredStopAtLevel=1", "-cp", self.classpath,
            "kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", config,
        )  # fmt: skip

    def launch(self) -> int:
        return self.spawn(
            self.java, "-Xms128m", "-Xmx512m", "-Dlog4j2.level=WARN", "-cp", self.classpath,
            "kafka.Kafka", self.home / "server.properties",
        )  # fmt: skip

    def ready(self) -> bool:
        """Asks for ApiVersions; a broker answers no request before it has joined its cluster."""
        request = struct.pack(">hhih", 18, 0, 7, -1)  # api, version, correlation, no client id
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
            line.sendall(struct.pack(">i", len(request)) + request)
            with line.makefile("rb") as answer:
                _, correlation, error = struct.unpack(">iih", answer.read(10))
        return (correlation, error) == (7, 0)


class Elasticsearch(Server):
    """A single node without security; the data folder stays over a restart."""

    name = "elasticsearch"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        self.program = programs.elasticsearch()
        config = self.home / "config"
        shutil.copytree(self.program / "config", config)
        (config / "elasticsearch.yml").write_text(f"""\
cluster.name: local
node.name: local
path.data: {self.home}/data
path.logs: {self.home}/logs
path.repo: {self.home}/snapshots
network.host: 127.0.0.1
http.port: {self.port}
transport.port: {self.other_port}
discovery.type: single-node
cluster.routing.allocation.disk.threshold_enabled: false
cluster.info.update.interval: 1h
xpack.security.enabled: false
""")
        for name in ("logs", "tmp"):  # no entitlement may cover config, so tmp can't be home
            (self.home / name).mkdir()
        self.hand_over()

    def launch(self) -> int:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "ES_JAVA_HOME": str(programs.jdk(21)),
            "ES_PATH_CONF": str(self.home / "config"),
            "ES_TMPDIR": str(self.home / "tmp"),
            "CLI_JAVA_OPTS": "-XX:TieredStopAtLevel=1",
            "ES_JAVA_OPTS": ES_JAVA_OPTS,
        }
        noted = self.home / "pid"
        noted.unlink(missing_ok=True)  # left behind by a server that was killed
        self.run(self.program / "bin/elasticsearch", "-d", "-p", noted, env=environment)
        return int(noted.read_text())

    def ready(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        asked = f"{self.address}/_cluster/health?wait_for_status=yellow&timeout=1s"
        with opener.open(asked, timeout=3) as answer:
            return json.load(answer)["status"] in ("green", "yellow")


class Postgres(Server):
    """PostgreSQL without fsync: a killed process loses nothing by that, a power cut would."""

    name = "postgres"
    user = "postgres"
    stop_signal = signal.SIGINT  # the fast shutdown, which does not wait for clients

    @property
    def address(self) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def prepare(self) -> None:
        self.password = secrets.token_hex(8)
        noted = self.home / "password"
        noted.write_text(self.password)
        self.hand_over()
        self.run(
            programs.pg_bin() / "initdb", "-D", self.home / "data", "-U", "postgres",
            "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", "--pwfile", noted,
            "--no-sync",
        )  # fmt: skip

    def launch(self) -> int:
        return self.spawn(
            programs.pg_bin() / "postgres", "-D", self.home / "data", "-p", self.port,
            "-h", "127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
            "-c", "max_connections=200",
        )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL of the postmaster; returns when its children have noticed and left."""
        tasks = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        children = [int(pid) for pid in tasks.read_text().split()] if self.running else []
        born = {pid: birth(pid) for pid in children}
        super().kill()
        deadline = time.monotonic() + 60
        while any(born[pid] is not None and birth(pid) == born[pid] for pid in children):
            if time.monotonic() > deadline:
                raise RuntimeError("postgres: children outlive their postmaster")
            time.sleep(0.05)

    def ready(self) -> bool:
        asked = [programs.pg_bin() / "pg_isready", "-q", "-d", self.address]
        return subprocess.run(asked, check=False).returncode == 0


KINDS: dict[str, type[Server]] = {kind.name: kind for kind in (Kafka, Elasticsearch, Postgres)}
GIVEN = {
    "kafka": "KAFKA_BOOTSTRAP",
    "elasticsearch": "ELASTICSEARCH_URL",
    "postgres": "DATABASE_URL",
}


def missing(name: str) -> str | None:
    """Why that server can't be started here, or None where it can (or is given from outside)."""
    if os.environ.get(GIVEN[name]):
        return None
    try:
        if name == "postgres":
            programs.pg_bin()
        else:
            programs.jdk(17 if name == "kafka" else 21)
            programs.maven()
    except programs.MissingError as error:
        return str(error)
    return None
