"""What of a post is analysed."""

from __future__ import annotations

from posts.model import Post


def analysed_text(post: Post) -> str:
    """Title and text joined by one line feed; the text alone where the post has no title.

    The offsets of ``ScoredPost.localities`` are code points of this string.
    """
    return f"{post.title}\n{post.text}" if post.title else post.text
