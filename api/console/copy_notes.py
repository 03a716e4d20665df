"""What a post says of its copies (转载与近似), beside it wherever it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from msgspec import Struct
from sqlalchemy.orm import Session

from registry import copies


class CopyNote(Struct, frozen=True):
    """``word`` says what the post is, ``said`` how many others there are; ``href`` lists them."""

    word: str
    said: str
    href: str


def copy_notes(session: Session, posts: Iterable[str]) -> dict[str, CopyNote]:
    """By post id; a post without copies has none."""
    return {
        post: CopyNote(
            word="原发" if post == group.original else "转载或近似",
            said=(
                f"另有 {group.copies:,} 篇转载或近似（来自 {group.sources:,} 个来源）"
                if post == group.original
                else f"原发及同组共 {group.posts:,} 篇（来自 {group.sources:,} 个来源）"
            ),
            href=f"/copies/{quote(group.id, safe='')}",
        )
        for post, group in copies.of_posts(session, posts).items()
    }
