"""Run inside an empty network namespace: installs the bundle, runs its demo, says what it took.

Only the standard library and a bare interpreter: what is tried is what lies in the bundle.
``python offline.py BUNDLE FOLDER`` prints one JSON object.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

SIOCSIFFLAGS, IFF_UP = 0x8914, 1
DEADLINE_S = 180.0


def main(bundle: Path, folder: Path) -> dict[str, object]:
    """The figures: seconds of install and demo, what reached the outside (nothing)."""
    loopback_up()
    reached = outside()
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    began = time.monotonic()
    target = folder / "yuqing"
    subprocess.run(
        ["sh", str(bundle / "install.sh"), str(target)],
        env={**environ, "PYTHON": sys.executable},
        check=True,
        stdout=sys.stderr,
    )
    installed = time.monotonic()
    data = folder / "data"
    up = subprocess.Popen(
        [str(target / "bin" / "yuqing"), "up", "--demo", "--port", "0", "--data", str(data)],
        cwd=folder,
        env=environ,
        stdout=sys.stderr,
    )
    try:
        rules = wait_for_clocks(up, data)
        running = time.monotonic()
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(30)
    return {
        "interfaces": [name for _, name in socket.if_nameindex()],
        "reached": reached,
        "rules": sorted(rules),
        "install_s": installed - began,
        "demo_s": running - installed,
        "ended": up.returncode,
        "megabytes": sum(file.lstat().st_size for file in target.rglob("*")) / 1e6,
    }


def loopback_up() -> None:
    """As ``ip link set lo up`` does; the machine may lack that program."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", IFF_UP)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request)


def outside() -> list[str]:
    """Which addresses for documentation could be sent to; where there is a route, one can."""
    reached = []
    for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
            probe.connect((address, 53))
            reached.append(address)
    return reached


def wait_for_clocks(up: subprocess.Popen[bytes], data: Path) -> set[str]:
    """The rules whose clocks run, once both of the incident's do."""
    end = time.monotonic() + DEADLINE_S
    rules: set[str] = set()
    while time.monotonic() < end and up.poll() is None:
        with contextlib.suppress(OSError, ValueError, KeyError, urllib.error.URLError):
            first = json.loads((data / "first-run.json").read_text())
            request = urllib.request.Request(
                first["url"] + "api/v1/clocks",
                headers={"Authorization": f"Bearer {first['api_token']}"},
            )
            with urllib.request.urlopen(request, timeout=5) as answer:
                clocks = json.load(answer)["items"]
            rules = {one["rule"] for one in clocks if one["state"] == "running"}
            if {"R1", "R2"} <= rules:
                break
        time.sleep(0.2)
    return rules


if __name__ == "__main__":
    os.umask(0o077)
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
