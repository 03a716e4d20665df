"""A reader of RFC 5545 that takes nothing on trust: it fails where a strict client refuses."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

_LINE = re.compile(
    r"([A-Za-z0-9-]+)"
    r"((?:;[A-Za-z0-9-]+=(?:\"[^\"\x00-\x08\x0a-\x1f\x7f]*\"|[^\";:,\x00-\x08\x0a-\x1f\x7f]*))*)"
    r":([^\x00-\x08\x0a-\x1f\x7f]*)"
)
_TEXT = ("SUMMARY", "DESCRIPTION", "X-WR-CALNAME")


class Event(NamedTuple):
    uid: str
    stamp: datetime
    start: datetime
    end: datetime
    summary: str
    description: str


class Block:
    """BEGIN to END: its properties with parameters and value, and the blocks in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.properties: list[tuple[str, dict[str, str], str]] = []
        self.blocks: list[Block] = []

    def one(self, name: str, *, needed: bool = True) -> tuple[dict[str, str], str]:
        found = [(given, value) for key, given, value in self.properties if key == name]
        assert len(found) == 1 or (not found and not needed), f"{len(found)} {name} in {self.name}"
        return found[0] if found else ({}, "")


def read(data: bytes) -> list[Event]:
    """The events of a calendar. Raises AssertionError for what the standard forbids."""
    root = _blocks(_lines(data))
    assert root.name == "VCALENDAR"
    assert root.one("VERSION") == ({}, "2.0")
    assert root.one("PRODID")[1]
    # A METHOD makes it an iTIP message, which needs an ORGANIZER in each event.
    assert not any(name == "METHOD" for name, _, _ in root.properties)
    zones = {}
    events = []
    for block in root.blocks:
        if block.name == "VTIMEZONE":
            zones[block.one("TZID")[1]] = _offset(block)
        else:
            assert block.name == "VEVENT", block.name
            events.append(_event(block, zones))
    assert len({event.uid for event in events}) == len(events)
    return events


def _lines(data: bytes) -> list[str]:
    assert data.endswith(b"\r\n")
    bare = data.replace(b"\r\n", b"")
    assert b"\n" not in bare
    assert b"\r" not in bare
    unfolded: list[str] = []
    for raw in data.split(b"\r\n")[:-1]:
        assert 0 < len(raw) <= 75, len(raw)
        line = raw.decode("utf-8")  # no character is cut in two
        if line[0] in " \t":
            unfolded[-1] += line[1:]
        else:
            unfolded.append(line)
    return unfolded


def _blocks(lines: list[str]) -> Block:
    stack: list[Block] = []
    root: Block | None = None
    for line in lines:
        assert root is None or stack, "text behind the end"
        found = _LINE.fullmatch(line)
        assert found, line
        name, value = found[1].upper(), found[3]
        if name == "BEGIN":
            block = Block(value)
            if stack:
                stack[-1].blocks.append(block)
            root = root or block
            stack.append(block)
        elif name == "END":
            assert stack.pop().name == value
        else:
            given = dict(one.split("=", 1) for one in found[2].split(";")[1:])
            stack[-1].properties.append((name, given, value))
    assert root is not None
    assert not stack
    return root


def _offset(zone: Block) -> timezone:
    assert zone.blocks
    for part in zone.blocks:
        assert part.name in {"STANDARD", "DAYLIGHT"}
        assert re.fullmatch(r"\d{8}T\d{6}", part.one("DTSTART")[1])
        assert part.one("TZOFFSETFROM") == part.one("TZOFFSETTO"), "no summer time here"
    told = zone.blocks[0].one("TZOFFSETTO")[1]
    found = re.fullmatch(r"([+-])(\d\d)(\d\d)", told)
    assert found, told
    minutes = int(found[2]) * 60 + int(found[3])
    return timezone(timedelta(minutes=minutes if found[1] == "+" else -minutes))


def _event(block: Block, zones: dict[str, timezone]) -> Event:
    stamp = block.one("DTSTAMP")[1]
    assert re.fullmatch(r"\d{8}T\d{6}Z", stamp)
    start, end = (_instant(*block.one(name), zones) for name in ("DTSTART", "DTEND"))
    assert start < end
    uid = block.one("UID")[1]
    assert uid
    return Event(
        uid,
        datetime.strptime(stamp, "%Y%m%dT%H%M%S%z"),
        start,
        end,
        _text(block.one("SUMMARY")[1]),
        _text(block.one("DESCRIPTION", needed=False)[1]),
    )


def _instant(given: dict[str, str], value: str, zones: dict[str, timezone]) -> datetime:
    at = datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=zones[given["TZID"]])
    assert at.utcoffset() == at.astimezone(ZoneInfo(given["TZID"])).utcoffset()
    return at


def _text(value: str) -> str:
    assert re.fullmatch(r"(?:[^\\;,]|\\[\\;,nN])*", value), value
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)
