"""Event candidates, their posts, and what people decided of them (事件线索)."""

import sqlalchemy as sa
from alembic import op

from registry.tables import UTCDateTime

revision = "0012_events"
down_revision = "0011_labels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("heat", sa.Double(), nullable=False),
        sa.Column("heat_version", sa.String(length=16), nullable=False),
        sa.Column("first_at", UTCDateTime(), nullable=False),
        sa.Column("newest_at", UTCDateTime(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("merged_into", sa.String(length=32), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_newest_at"), "events", ["newest_at"], unique=False)
    op.create_index("ix_events_state_heat", "events", ["state", "heat"], unique=False)
    op.create_table(
        "event_posts",
        sa.Column("post", sa.String(length=80), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("post", name=op.f("pk_event_posts")),
    )
    op.create_index("ix_event_posts_event_at", "event_posts", ["event", "at"], unique=False)
    op.create_table(
        "event_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_decisions")),
    )
    for column in ("event", "subject"):
        op.create_index(
            op.f(f"ix_event_decisions_{column}"), "event_decisions", [column], unique=False
        )


def downgrade() -> None:
    for table in ("event_decisions", "event_posts", "events"):
        op.drop_table(table)
