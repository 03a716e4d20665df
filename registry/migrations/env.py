"""Run by Alembic; the open connection comes from registry.db, there is no alembic.ini.

This package may not import the responder: migrations are written by hand, one history for both.
"""

from alembic import context

from registry.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # registry.db opens the transaction itself, on SQLite too
)
with context.begin_transaction():
    context.run_migrations()
