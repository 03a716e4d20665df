"""Title, time, body of a page from its bytes, without a rule per site (正文抽取)."""

from __future__ import annotations

from crawlers.extraction.article import Extracted, Selectors, extract, to_json_line

__all__ = ["Extracted", "Selectors", "extract", "to_json_line"]
