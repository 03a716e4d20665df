"""The yearly notices on holidays that two persons confirmed."""

import sqlalchemy as sa
from alembic import op

from registry.tables import UTCDateTime

revision = "0008_calendar"
down_revision = "0007_rulebook"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("holidays", sa.JSON(), nullable=False),
        sa.Column("workdays", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("approval", sa.Integer(), nullable=False),
        sa.Column("proposed_by", sa.String(length=100), nullable=False),
        sa.Column("confirmed_by", sa.String(length=100), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_notices")),
        sa.UniqueConstraint("digest", name=op.f("uq_calendar_notices_digest")),
    )
    op.create_index(op.f("ix_calendar_notices_year"), "calendar_notices", ["year"])


def downgrade() -> None:
    op.drop_index(op.f("ix_calendar_notices_year"), table_name="calendar_notices")
    op.drop_table("calendar_notices")
