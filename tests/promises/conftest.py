from support.sizes import size
from support.stores import database, postgres

__all__ = ["database", "postgres", "size"]
