"""What every entry (记录) of an incident has: when, by whom, under which rules, with what evidence.

``at`` is when it happened, ``written_at`` when it was written down; both are aware.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

Aware: TypeAlias = Annotated[datetime, Meta(tz=True)]


class Evidence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What proves an entry (证据): where it stands, the hash of its text, who signed."""

    channel: str = ""
    url: str = ""
    place: str = ""
    text_hash: str = ""  # sha256 of the text, hex
    signer: str = ""
    file: str = ""
    source: str = ""
    unverified: bool = False  # 待核实: the signer's time, not yet confirmed on the page


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What all entries have. ``rules`` and ``calendar`` name the versions in force when written."""

    at: Aware
    written_at: Aware
    by: str = ""
    incident: int = 0
    seq: int = 0
    evidence: Evidence | None = None
    rules: str = ""
    calendar: str = ""
    flag: str = ""  # what was odd when it was written, as that the machine's clock went back


def kind(entry: Entry) -> str:
    """The name of the entry's kind, as in JSON's ``type``."""
    return str(entry.__struct_config__.tag)
