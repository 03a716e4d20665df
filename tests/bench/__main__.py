"""``make bench``: runs every module of this folder that has a ``bench()`` and prints its lines.

A module is named on the command line to run it alone: ``make bench ARGS="log index"``.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

from tests.bench._goals import MARK


def main() -> int:
    here = Path(__file__).parent
    names = sorted(m.name for m in pkgutil.iter_modules([str(here)]) if not m.name.startswith("_"))
    chosen = sys.argv[1:] or names
    goals = []
    for name in chosen:
        if name not in names:
            print(f"no bench {name!r}; there are: {', '.join(names)}", file=sys.stderr)
            return 2
        print(f"== {name}", flush=True)
        for line in importlib.import_module(f"tests.bench.{name}").bench():
            print(f"   {line}", flush=True)
            if MARK in line:
                goals.append(f"{name}: {line.strip()}")
    if goals:
        print("== what was to be reached, once more")
        for line in goals:
            print(f"   {line}", flush=True)
    return 0


sys.exit(main())
