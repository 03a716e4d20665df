"""Pages of own sources as the crawler saw them, and stops whose time waits for such a page."""

import sqlalchemy as sa
from alembic import op

from registry.tables import UTCDateTime

revision = "0015_pages"
down_revision = "0014_raised_thresholds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own_pages",
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("published_at", UTCDateTime(), nullable=True),
        sa.Column("first_seen_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_own_pages")),
    )
    op.create_table(
        "unconfirmed_stops",
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident"], ["incidents.id"], name=op.f("fk_unconfirmed_stops_incident_incidents")
        ),
        sa.PrimaryKeyConstraint("incident", "seq", name=op.f("pk_unconfirmed_stops")),
    )
    op.create_index(
        op.f("ix_unconfirmed_stops_address"), "unconfirmed_stops", ["address"], unique=False
    )


def downgrade() -> None:
    op.drop_table("unconfirmed_stops")
    op.drop_table("own_pages")
