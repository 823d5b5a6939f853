"""Messages of a claim are found by its end, so no index by claim is kept; PostgreSQL vacuums messages more often."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take it away."""
    op.drop_index("ix_messages_claim_id", table_name="messages")
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE messages SET (autovacuum_vacuum_scale_factor = 0.01)")


def downgrade() -> None:
    """Make it again."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE messages RESET (autovacuum_vacuum_scale_factor)")
    held = sa.text("claim_id IS NOT NULL")
    op.create_index("ix_messages_claim_id", "messages", ["claim_id"], sqlite_where=held, postgresql_where=held)
