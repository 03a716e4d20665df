"""The rows of a list page: what the list reader finds, and what it is told or left to find."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from itertools import islice
from urllib.parse import urldefrag, urljoin, urlsplit

from crawlers.bounds import MAX_ANCHORS, MAX_LINKS
from crawlers.extraction.page import parse
from crawlers.lists import Link, article_links
from crawlers.menus import leads_to_list, site_service
from crawlers.spiders.options import Options

_PAGING = re.compile(
    r"^(?:首页|尾页|末页|[上下]一?页|更多|返回.{0,4}|prev.*|next.*|parent.*|\.\./?)$", re.IGNORECASE
)
_ASIDE = re.compile(
    r"nav|menu|foot|header|crumb|side|banner|topbar|friend|copyright", re.IGNORECASE
)
_BARE = 0.8
_FEWEST = 3
_HEADLINE = 10  # code points of a title on average
_FRAMES = 12  # ancestors that are looked at


class _Anchor(Link, frozen=True, kw_only=True):
    """A link with where it stands on the page."""

    place: str
    aside: bool


def rows(text: str, url: str, options: Options, *, now: datetime) -> tuple[list[Link], int]:
    """The articles that a list page names, in its order, and how many links it has at all.

    An address that matches the option ``follow`` is an article, whatever the page looks like.
    Without the option the list reader decides; a bare listing (nearly all links in one place or
    folder, and no navigation) is taken whole, be its titles as short as they like.
    """
    found = {link.url: link for link in article_links(text, url, now=now)}
    anchors = _anchors(text, url)
    if options.follow:
        chosen = [found.get(each.url, each) for each in anchors if options.follows(each.url)]
    else:
        chosen = list(found.values())
        wider = (not found and _headlines(anchors)) or _bare(anchors)
        if len(wider) > len(chosen) and found.keys() <= wider.keys() and _alike(wider, found):
            chosen = [found.get(address, link) for address, link in wider.items()]
    return chosen[:MAX_LINKS], len(anchors)


def _anchors(text: str, url: str) -> list[_Anchor]:
    """All links of the page to other pages, each address once."""
    root = parse(text)
    if root is None:
        return []
    found: dict[str, _Anchor] = {}
    own = urldefrag(url).url
    for number, node in enumerate(root.iter("a")):
        if number >= MAX_ANCHORS:
            break
        try:
            address = urldefrag(urljoin(url, (node.get("href") or "").strip())).url
            parts = urlsplit(address)
        except ValueError:
            continue
        if parts.scheme not in ("http", "https") or not parts.hostname or address == own:
            continue
        shown = node.get("title") or "".join(map(str, node.itertext()))
        title = " ".join(shown.split())[:300]
        if _PAGING.match(title):
            continue
        frames = list(islice(node.iterancestors(), _FRAMES))
        words = " ".join(
            f"{each.tag} {each.get('class', '')} {each.get('id', '')}" for each in frames
        )
        place = "/".join(f"{each.tag}.{each.get('class', '')}" for each in frames)
        aside = _ASIDE.search(words) is not None or site_service(title)
        found.setdefault(address, _Anchor(address, title, place=place, aside=aside))
    return list(found.values())


def _headlines(anchors: list[_Anchor]) -> dict[str, Link]:
    """The links of the place with the most text in titles that are sentences; else none."""
    places: dict[str, list[_Anchor]] = {}
    for each in anchors:
        if not each.aside:
            places.setdefault(each.place, []).append(each)
    lengths = {place: sum(len(each.title) for each in some) for place, some in places.items()}
    good = [
        place
        for place, some in places.items()
        if len(some) >= _FEWEST and lengths[place] >= _HEADLINE * len(some)
    ]
    if not good:
        return {}
    return {each.url: each for each in places[max(good, key=lengths.__getitem__)]}


def _bare(anchors: list[_Anchor]) -> dict[str, Link]:
    """The links of the place or folder that has nearly all of them, by address; else none."""
    if any(site_service(each.title) for each in anchors):
        return {}  # a site's page with its edges, and no bare listing
    for key in (_place, _folder):
        counts = Counter(map(key, anchors))
        most, count = counts.most_common(1)[0] if counts else (None, 0)
        if count >= max(_FEWEST, _BARE * len(anchors)):
            chosen = [each for each in anchors if key(each) == most]
            if not any(each.aside for each in chosen):
                return {each.url: each for each in chosen}
    return {}


def _alike(wider: dict[str, Link], found: dict[str, Link]) -> bool:
    """Whether what a wider choice adds is no menu: no lists, nor far shorter than the headlines."""
    added = [link for address, link in wider.items() if address not in found]
    if sum(leads_to_list(link.url) for link in added) * 2 > len(added):
        return False
    length = sum(len(link.title) for link in added) / max(len(added), 1)
    known = sum(len(link.title) for link in found.values()) / max(len(found), 1)
    return length * 1.7 >= known


def _place(anchor: _Anchor) -> str:
    return anchor.place


def _folder(anchor: _Anchor) -> str:
    parts = urlsplit(anchor.url)
    return parts.netloc + parts.path.rpartition("/")[0]
