"""How handling a message fails, told apart by what is to be done about it."""

from __future__ import annotations


class PostsError(Exception):
    """The root of what this package raises."""


class PoisonError(PostsError):
    """The message can never be handled: to the dead-letter log at once."""


class RetryError(PostsError):
    """It may work later: back off, then the same message again."""


class FatalError(PostsError):
    """This stage can't go on: stop, say why, let the supervisor decide."""
