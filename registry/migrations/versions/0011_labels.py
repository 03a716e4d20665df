"""What officers say of scores: labels without text (更正评分)."""

import sqlalchemy as sa
from alembic import op

from registry.tables import UTCDateTime

revision = "0011_labels"
down_revision = "0010_channel_addressees"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "labels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post", sa.String(length=80), nullable=False),
        sa.Column("polarity", sa.Integer(), nullable=True),
        sa.Column("appeal", sa.Boolean(), nullable=True),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("scorer", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("sentiment", sa.String(length=16), nullable=False),
        sa.Column("p_negative", sa.Double(), nullable=False),
        sa.Column("p_positive", sa.Double(), nullable=False),
        sa.Column("p_appeal", sa.Double(), nullable=True),
        sa.Column("withdrawn_at", UTCDateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
    )
    op.create_index(op.f("ix_labels_post"), "labels", ["post"], unique=False)


def downgrade() -> None:
    op.drop_table("labels")
