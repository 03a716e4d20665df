"""Claims and channels of the outbox, the log of deliveries, and the witnesses of time."""

import json

import sqlalchemy as sa
from alembic import op

from registry.tables import UTCDateTime

revision = "0005_delivery"
down_revision = "0004_erasures"
branch_labels = None
depends_on = None

_TEXTS = {"channel": 64, "owner": 200, "bundle": 80}


def upgrade() -> None:
    for name, length in _TEXTS.items():
        column = sa.Column(name, sa.String(length=length), server_default="", nullable=False)
        op.add_column("outbox", column)
    op.add_column("outbox", sa.Column("claimed_until", UTCDateTime(), nullable=True))
    with op.batch_alter_table("outbox") as batch:  # the default was for the rows that were there
        for name, length in _TEXTS.items():
            batch.alter_column(name, server_default=None, existing_type=sa.String(length=length))
    op.create_index("ix_outbox_channel_state_due_at", "outbox", ["channel", "state", "due_at"])
    _fill_channels()
    op.create_table(
        "delivery_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message"],
            ["outbox.id"],
            name=op.f("fk_delivery_events_message_outbox"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_events")),
    )
    op.create_index(op.f("ix_delivery_events_message"), "delivery_events", ["message"])
    op.create_table(
        "channels",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channels")),
    )
    op.create_table(
        "clock_samples",
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("offset_ms", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_clock_samples")),
    )


def downgrade() -> None:
    for table in ("clock_samples", "channels", "delivery_events"):
        op.drop_table(table)
    op.drop_index("ix_outbox_channel_state_due_at", "outbox")
    with op.batch_alter_table("outbox") as batch:
        for name in (*_TEXTS, "claimed_until"):
            batch.drop_column(name)


def _fill_channels() -> None:
    """What waits was written with its channel in the payload only."""
    outbox = sa.table(
        "outbox",
        sa.column("id", sa.Integer),
        sa.column("payload", sa.JSON),
        sa.column("channel", sa.String),
    )
    connection = op.get_bind()
    for number, payload in connection.execute(sa.select(outbox.c.id, outbox.c.payload)).all():
        known = json.loads(payload) if isinstance(payload, str) else payload
        connection.execute(
            outbox.update()
            .where(outbox.c.id == number)
            .values(channel=str(known.get("channel", ""))[:64])
        )
