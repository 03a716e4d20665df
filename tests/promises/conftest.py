from support.stores import database, postgres

__all__ = ["database", "postgres"]
