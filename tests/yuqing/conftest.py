"""The service in both sizes."""

from support.sizes import postgres, size

__all__ = ["postgres", "size"]
