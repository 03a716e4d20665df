"""Changed copies for tests: the seeded recipe that ``yuqing eval`` measures by."""

from __future__ import annotations

from analyzer.grouping.copies_changes import PREFIXES, Changer

__all__ = ["PREFIXES", "Changer"]
