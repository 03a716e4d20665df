"""Lawful erasure: the acts, what they destroyed, and what stays of a destroyed entry."""

import sqlalchemy as sa
from alembic import op

from registry.tables import UTCDateTime

revision = "0004_erasures"
down_revision = "0003_seeds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("signer", sa.String(length=100), nullable=False),
        sa.Column("second", sa.String(length=100), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(op.f("ix_erasures_finished_at"), "erasures", ["finished_at"])
    op.create_table(
        "erased",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("erasure", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["erasure"], ["erasures.id"], name=op.f("fk_erased_erasure_erasures")
        ),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_erased")),
    )
    op.create_index(op.f("ix_erased_erasure"), "erased", ["erasure"])
    op.add_column("incident_entries", sa.Column("residue", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("incident_entries", "residue")
    op.drop_table("erased")
    op.drop_table("erasures")
