"""Pages of own sources as the crawler saw them (本单位页面): they say when something was published.

Kept by the hash of the address; no content. What is not certain about the time of publication is
not kept: then only the first sight is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from posts.identity import canonical_url
from posts.model import Certainty, Post
from registry.statements import chunks
from registry.tables import OwnPageRow, SourceRow


def address_of(url: str) -> str:
    """What a page is known by: with or without encryption it is the same one."""
    plain = canonical_url(url)
    for scheme in ("https://", "http://"):
        plain = plain.removeprefix(scheme)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def remember(session: Session, posts: Iterable[Post]) -> None:
    """Keep those of own sources. The first sight and the first certain time stay for good."""
    given = {address_of(post.url): post for post in posts if post.url}
    own = set(session.scalars(select(SourceRow.id).where(SourceRow.own))) if given else set()
    fresh = {address: post for address, post in given.items() if post.source in own}
    for some in chunks(list(fresh)):
        for row in session.scalars(select(OwnPageRow).where(OwnPageRow.address.in_(some))):
            row.published_at = row.published_at or _certain(fresh.pop(row.address))
    session.add_all(
        OwnPageRow(
            address=address,
            source=post.source,
            published_at=_certain(post),
            first_seen_at=post.first_seen_at,
        )
        for address, post in fresh.items()
    )


def _certain(post: Post) -> datetime | None:
    return post.published_at if post.certainty is Certainty.EXACT else None
