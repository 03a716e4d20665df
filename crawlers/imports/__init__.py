"""Files become posts: JSON Lines, CSV, XLSX and plain text documents (文件导入)."""

from crawlers.imports.ingest import Summary, ingest

__all__ = ["Summary", "ingest"]
