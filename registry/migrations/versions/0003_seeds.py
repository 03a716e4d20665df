"""Which entries of the settings file were registered."""

import sqlalchemy as sa
from alembic import op

from registry.tables import UTCDateTime

revision = "0003_seeds"
down_revision = "0002_responder"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seeds",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_seeds")),
    )


def downgrade() -> None:
    op.drop_table("seeds")
