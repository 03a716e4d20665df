"""All three servers in the foreground, for development: ``python -m tests.services``.

Prints the exports that tests and the service understand, and ends the servers with Ctrl-C.
"""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from pathlib import Path

if __package__ != "services":  # started as tests.services
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from services import servers


def main(names: list[str]) -> None:
    unknown = set(names) - set(servers.KINDS)
    if unknown:
        sys.exit(f"no such server: {', '.join(sorted(unknown))}; known: {', '.join(servers.KINDS)}")
    base = Path(tempfile.mkdtemp(prefix="yuqing-servers."))
    base.chmod(0o755)
    running: list[servers.Server] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        for name in names or servers.KINDS:
            server = servers.KINDS[name](base / name)
            running.append(server)
            server.start()
            print(f"export {servers.GIVEN[name]}={server.address}", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        for server in running:
            server.remove()
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
