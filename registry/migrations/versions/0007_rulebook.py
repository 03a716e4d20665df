"""The versions of rules and calendar that were in force."""

import sqlalchemy as sa
from alembic import op

from registry.tables import UTCDateTime

revision = "0007_rulebook"
down_revision = "0006_duty"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("version", sa.String(length=300), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("adopted_by", sa.String(length=100), nullable=False),
        sa.Column("adopted_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_versions")),
        sa.UniqueConstraint("kind", "version", name="uq_rule_versions_kind"),
    )


def downgrade() -> None:
    op.drop_table("rule_versions")
