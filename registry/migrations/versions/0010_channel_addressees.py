"""Whom a channel is for: a target a line; null stands for everyone."""

import sqlalchemy as sa
from alembic import op

revision = "0010_channel_addressees"
down_revision = "0009_stage_memories"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channels", sa.Column("bound", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("channels", "bound")
