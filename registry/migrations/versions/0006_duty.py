"""Duty: shifts, swaps, hand-overs, subscriptions; silences; notice log; how long alerts wait."""

import sqlalchemy as sa
from alembic import op

from registry.tables import UTCDateTime

revision = "0006_duty"
down_revision = "0005_delivery"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duty_shifts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("replaces", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("made_by", sa.String(length=100), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=100), nullable=False),
        sa.Column("withdrawn_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_duty_shifts_user_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["replaces"], ["duty_shifts.id"], name=op.f("fk_duty_shifts_replaces_duty_shifts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_shifts")),
    )
    op.create_index("ix_duty_shifts_ends_at_starts_at", "duty_shifts", ["ends_at", "starts_at"])
    op.create_table(
        "duty_swaps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("shift", sa.Integer(), nullable=False),
        sa.Column("other", sa.Integer(), nullable=True),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_of", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["shift"], ["duty_shifts.id"], name=op.f("fk_duty_swaps_shift_duty_shifts")
        ),
        sa.ForeignKeyConstraint(
            ["other"], ["duty_shifts.id"], name=op.f("fk_duty_swaps_other_duty_shifts")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["users.id"], name=op.f("fk_duty_swaps_asked_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["asked_of"], ["users.id"], name=op.f("fk_duty_swaps_asked_of_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_swaps")),
    )
    op.create_index(op.f("ix_duty_swaps_state"), "duty_swaps", ["state"])
    op.create_table(
        "duty_handovers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("prepared", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["prepared"],
            ["duty_handovers.id"],
            name=op.f("fk_duty_handovers_prepared_duty_handovers"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_duty_handovers_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_handovers")),
        sa.UniqueConstraint("prepared", "kind", name=op.f("uq_duty_handovers_prepared")),
    )
    op.create_index(op.f("ix_duty_handovers_at"), "duty_handovers", ["at"])
    op.create_table(
        "duty_feeds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_duty_feeds_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_feeds")),
        sa.UniqueConstraint("digest", name=op.f("uq_duty_feeds_digest")),
    )
    op.create_index(op.f("ix_duty_feeds_user_id"), "duty_feeds", ["user_id"])
    op.create_table(
        "silences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=16), nullable=False),
        sa.Column("word", sa.String(length=100), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
    )
    op.create_index(op.f("ix_silences_until"), "silences", ["until"])
    op.create_table(
        "notice_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("word", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("alert", sa.Integer(), nullable=True),
        sa.Column("incident", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_log")),
    )
    op.create_index(op.f("ix_notice_log_at"), "notice_log", ["at"])
    op.add_column("alerts", sa.Column("waiting_since", UTCDateTime(), nullable=True))
    op.add_column("alerts", sa.Column("round", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("alerts", "round")
    op.drop_column("alerts", "waiting_since")
    for table in (
        "notice_log",
        "silences",
        "duty_feeds",
        "duty_handovers",
        "duty_swaps",
        "duty_shifts",
    ):
        op.drop_table(table)
