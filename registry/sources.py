"""Sources and their health: one door to two modules (信源)."""

from registry.source_health import (
    FAILURES,
    Health,
    due,
    health,
    record_failure,
    record_success,
    refresh,
)
from registry.source_list import SPIDERS, Source, ensure, everything, get, put, remove

__all__ = [
    "FAILURES",
    "SPIDERS",
    "Health",
    "Source",
    "due",
    "ensure",
    "everything",
    "get",
    "health",
    "put",
    "record_failure",
    "record_success",
    "refresh",
    "remove",
]
