"""How much one answer may hold: beyond these the parsers cut, so that a bomb ends like a page.

Sizes are bytes (or code points where said), counts are pieces. They are far above what real pages
of public offices, forums and news portals have (the largest one measured is under 100 kB).
"""

from __future__ import annotations

from typing import Final

MAX_RAW_BYTES: Final = 16 * 1024 * 1024
"""What of an answer is looked at, before embedded pictures are taken out."""

MAX_PAGE_BYTES: Final = 2 * 1024 * 1024
"""What an HTML page is read to, without embedded pictures; the rest is cut off."""

MAX_FEED_BYTES: Final = 8 * 1024 * 1024
"""What a feed is read to; larger ones are refused."""

MAX_SITEMAP_BYTES: Final = 50 * 1024 * 1024
"""The limit of the sitemap protocol, after decompression."""

MAX_SITEMAP_URLS: Final = 50_000
"""The limit of the sitemap protocol for one file."""

MAX_FEED_ITEMS: Final = 1_000
MAX_LINKS: Final = 1_000
"""Article links taken from one list page."""

MAX_ANCHORS: Final = 6_000
"""Anchors looked at on one list page."""

MAX_ELEMENTS: Final = 100_000
"""Elements of one page that the extractor looks at."""

MAX_DATED_LINES: Final = 4_000
"""Lines of one page in which a date is looked for."""

MAX_DEPTH: Final = 250
"""Nesting of elements that the parser follows."""

MAX_BODY_CHARS: Final = 200_000
MAX_TITLE_CHARS: Final = 300
MAX_JSON_DEPTH: Final = 64
