"""Thresholds that were raised after a false alarm, for a while."""

import sqlalchemy as sa
from alembic import op

from registry.tables import UTCDateTime

revision = "0014_raised_thresholds"
down_revision = "0013_copies"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "raised_thresholds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("factor", sa.Integer(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raised_thresholds")),
    )
    op.create_index(
        op.f("ix_raised_thresholds_fingerprint"), "raised_thresholds", ["fingerprint"], unique=False
    )


def downgrade() -> None:
    op.drop_table("raised_thresholds")
