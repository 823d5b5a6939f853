"""Task groups, dependencies between tasks, and the workers that claim from task queues."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them, with a group for each task that is there."""
    _make_groups()
    _make_dependencies()
    _make_workers()
    _widen_tasks()
    claimed = sa.text("worker_id IS NOT NULL")
    columns = ["worker_group", "worker_id", "started"]
    op.create_index("ix_runs_worker", "runs", columns, sqlite_where=claimed, postgresql_where=claimed)


def _make_groups() -> None:
    op.create_table(
        "task_groups",
        sa.Column("task_group_id", sa.Text(), nullable=False),
        sa.Column("scheduler_id", sa.Text(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.Column("sealed", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("task_group_id", name=op.f("pk_task_groups")),
    )
    op.create_index(op.f("ix_task_groups_expires"), "task_groups", ["expires"])
    op.execute(
        "INSERT INTO task_groups (task_group_id, scheduler_id, expires) "
        "SELECT task_group_id, min(scheduler_id), max(expires) + 3600 FROM tasks GROUP BY task_group_id"
    )


def _make_dependencies() -> None:
    op.create_table(
        "task_dependencies",
        sa.Column("dependent_task_id", sa.Text(), nullable=False),
        sa.Column("required_task_id", sa.Text(), nullable=False),
        sa.Column("requires", sa.Text(), nullable=False),
        sa.Column("satisfied", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dependent_task_id"],
            ["tasks.task_id"],
            name=op.f("fk_task_dependencies_dependent_task_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("dependent_task_id", "required_task_id", name=op.f("pk_task_dependencies")),
    )
    op.create_index(
        op.f("ix_task_dependencies_required_task_id_dependent_task_id"),
        "task_dependencies",
        ["required_task_id", "dependent_task_id"],
    )


def _make_workers() -> None:
    op.create_table(
        "task_queues",
        sa.Column("task_queue_id", sa.Text(), nullable=False),
        sa.Column("last_active", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("task_queue_id", name=op.f("pk_task_queues")),
    )
    op.create_index(op.f("ix_task_queues_expires"), "task_queues", ["expires"])
    op.create_table(
        "workers",
        sa.Column("task_queue_id", sa.Text(), nullable=False),
        sa.Column("worker_group", sa.Text(), nullable=False),
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("first_claim", sa.Float(), nullable=False),
        sa.Column("last_active", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.Column("quarantine_until", sa.Float(), server_default="0", nullable=False),
        sa.Column("quarantine_details", sa.Text(), server_default="[]", nullable=False),
        sa.PrimaryKeyConstraint("task_queue_id", "worker_group", "worker_id", name=op.f("pk_workers")),
    )
    op.create_index(op.f("ix_workers_expires"), "workers", ["expires"])


def _widen_tasks() -> None:
    for name in ("unmet", "dependents"):
        op.add_column("tasks", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    false = sa.text("false")
    op.add_column("tasks", sa.Column("ever_resolved", sa.Boolean(), server_default=false, nullable=False))
    op.execute(
        "UPDATE tasks SET ever_resolved = true WHERE state IN ('completed', 'failed', 'exception') OR EXISTS "
        "(SELECT 1 FROM runs WHERE runs.task_id = tasks.task_id AND runs.reason_created = 'rerun')"
    )
    op.drop_index("ix_tasks_task_group_id", table_name="tasks")
    op.create_index("ix_tasks_task_group_id_task_id", "tasks", ["task_group_id", "task_id"])
    op.create_index(
        "ix_tasks_never_resolved",
        "tasks",
        ["task_group_id"],
        sqlite_where=sa.text("ever_resolved = 0"),
        postgresql_where=sa.text("ever_resolved = false"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_runs_worker", table_name="runs")
    op.drop_index("ix_tasks_never_resolved", table_name="tasks")
    op.drop_index("ix_tasks_task_group_id_task_id", table_name="tasks")
    op.create_index("ix_tasks_task_group_id", "tasks", ["task_group_id"])
    for name in ("workers", "task_queues", "task_dependencies", "task_groups"):
        op.drop_table(name)
    with op.batch_alter_table("tasks") as tasks:
        for name in ("ever_resolved", "dependents", "unmet"):
            tasks.drop_column(name)
