"""Renews the files in ARCHITECTURE.md: the first line of each module's docstring.

``python tests/support/architecture.py`` renews the page; a test compares.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "ARCHITECTURE.md"

FOLDERS = {
    "posts": "what flows, and what carries and keeps it; imports nothing of ours",
    "registry": "what people decide and the stages share: one relational database",
    "crawlers": "from a page or a file to a post on the log",
    "analyzer": "scores, places, units; the windows of alert rules; signals",
    "responder": "alerts, incidents, clocks, reminders",
    "api": "FastAPI: JSON, live stream, console, sign-in",
    "yuqing": "command line, settings, wiring, supervisor, demo: the only place that reads the "
    "environment and picks an adapter",
}

MARK = "## Files\n"


def page() -> str:
    """The page: what people wrote above the files, and the files as they are."""
    written, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    parts = [written, MARK]
    for folder, what in FOLDERS.items():
        parts.append(f"\n### `{folder}/` — {what}\n\n")
        for file in sorted((ROOT / folder).rglob("*.py")):
            line = first_line(file)
            if line:
                parts.append(f"- `{file.relative_to(ROOT / folder)}` {line}\n")
    return "".join(parts)


def first_line(file: Path) -> str:
    """The first line of the module's docstring, or nothing for an empty module."""
    text = file.read_text(encoding="utf-8")
    if not text.strip():
        return ""
    found = ast.get_docstring(ast.parse(text))
    if found:
        return found.splitlines()[0]
    return "(entry point)" if file.name == "__main__.py" else "(no docstring)"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
