"""Near-duplicates: groups, their members, and the window that new posts are compared with."""

import sqlalchemy as sa
from alembic import op

from registry.tables import UTCDateTime

revision = "0013_copies"
down_revision = "0012_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "copy_groups",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("original", sa.String(length=80), nullable=False),
        sa.Column("original_at", UTCDateTime(), nullable=False),
        sa.Column("newest_at", UTCDateTime(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copy_groups")),
    )
    op.create_index(op.f("ix_copy_groups_newest_at"), "copy_groups", ["newest_at"])
    op.create_table(
        "copy_members",
        sa.Column("post_id", sa.String(length=80), nullable=False),
        sa.Column("group_id", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("hour", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_copy_members")),
    )
    op.create_index("ix_copy_members_group_at", "copy_members", ["group_id", "at"])
    op.create_table(
        "copy_segments",
        sa.Column("last", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("last", name=op.f("pk_copy_segments")),
    )


def downgrade() -> None:
    op.drop_table("copy_segments")
    op.drop_table("copy_members")
    op.drop_table("copy_groups")
