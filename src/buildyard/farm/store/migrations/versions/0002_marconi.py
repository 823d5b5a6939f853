"""What the Marconi server keeps: who made a claim, and which tokens were ended before their time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.add_column("claims", sa.Column("client_id", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "revoked_tokens",
        sa.Column("audit", sa.Text(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("audit", name=op.f("pk_revoked_tokens")),
    )
    op.create_index(op.f("ix_revoked_tokens_expires"), "revoked_tokens", ["expires"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("revoked_tokens")
    with op.batch_alter_table("claims") as claims:
        claims.drop_column("client_id")
