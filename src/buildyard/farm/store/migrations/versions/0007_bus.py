"""The log goes to a bus: a number that moves in place of a mark on each event, messages for it alone, triggers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add them."""
    op.drop_index("ix_events_unrelayed", table_name="events")
    op.drop_column("events", "relayed")
    op.add_column("events", sa.Column("exchange", sa.Text(), nullable=False, server_default=""))
    op.add_column("events", sa.Column("cc", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "relays",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("number", _ROW_ID, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False, server_default=""),
        sa.Column("held_until", sa.Float(), nullable=False, server_default="0"),
        sa.Column("trouble", sa.Text(), nullable=False, server_default=""),
        sa.Column("trouble_since", sa.Float()),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_relays")),
    )
    op.create_table(
        "triggered",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("request_id", _ROW_ID, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "name", name=op.f("pk_triggered")),
    )
    op.create_index(op.f("ix_triggered_at"), "triggered", ["at"])


def downgrade() -> None:
    """Take them away; what was on its way to a bus is lost."""
    op.drop_table("triggered")
    op.drop_table("relays")
    op.execute("DELETE FROM events WHERE exchange <> ''")
    op.drop_column("events", "cc")
    op.drop_column("events", "exchange")
    op.add_column("events", sa.Column("relayed", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.create_index(
        "ix_events_unrelayed",
        "events",
        ["id"],
        sqlite_where=sa.text("relayed = 0"),
        postgresql_where=sa.text("relayed = false"),
    )
