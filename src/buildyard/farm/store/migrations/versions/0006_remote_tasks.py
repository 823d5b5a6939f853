"""Tasks of builds may run on another Taskcluster."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of those tasks."""
    op.create_table(
        "remote_tasks",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("made", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("settled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.task_id"], name=op.f("fk_remote_tasks_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_remote_tasks")),
    )
    op.create_index(
        "ix_remote_tasks_unsettled",
        "remote_tasks",
        ["task_id"],
        sqlite_where=sa.text("settled = 0"),
        postgresql_where=sa.text("settled = false"),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("remote_tasks")
