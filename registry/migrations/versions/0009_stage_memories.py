"""What a stage under a lease remembers between steps, for whoever holds the lease next."""

import sqlalchemy as sa
from alembic import op

from registry.tables import UTCDateTime

revision = "0009_stage_memories"
down_revision = "0008_calendar"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stage_memories",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("saved_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_stage_memories")),
    )


def downgrade() -> None:
    op.drop_table("stage_memories")
