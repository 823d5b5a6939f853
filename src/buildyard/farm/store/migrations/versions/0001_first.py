"""The first schema.

A frozen copy of what `tables.py` was then: a step must go on giving the same tables when `tables.py` has moved on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "builders",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("info", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("first_seen", sa.Float(), nullable=False),
        sa.Column("seen", sa.Float(), nullable=False),
        sa.Column("left", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_builders")),
    )
    op.create_table(
        "builds",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("package", sa.Text(), nullable=False),
        sa.Column("display", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("abi", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("next", sa.Text(), server_default="", nullable=False),
        sa.Column("log_line", sa.Integer(), nullable=True),
        sa.Column("final", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("requires_python", sa.Text(), nullable=True),
        sa.Column("source_date_epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("upstream_has_none", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("waits_for", _ROW_ID, nullable=True),
        sa.Column("priority", sa.Integer(), server_default="3", nullable=False),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("try_at", sa.Float(), nullable=True),
        sa.Column("covered_by", sa.Text(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("builder", sa.Text(), server_default="", nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("started", sa.Float(), nullable=True),
        sa.Column("finished", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_builds")),
        sa.UniqueConstraint(
            "package", "version", "abi", "platform", name=op.f("uq_builds_package_version_abi_platform")
        ),
    )
    op.create_index(op.f("ix_builds_finished"), "builds", ["finished"], unique=False)
    op.create_index(op.f("ix_builds_state"), "builds", ["state"], unique=False)
    op.create_index("ix_builds_state_try_at", "builds", ["state", "try_at"], unique=False)
    op.create_index(op.f("ix_builds_task_id"), "builds", ["task_id"], unique=False)
    op.create_table(
        "clients",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("access_token", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.Column("disabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_clients")),
    )
    op.create_table(
        "dirty_pages",
        sa.Column("package", sa.Text(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("package", name=op.f("pk_dirty_pages")),
    )
    op.create_table(
        "events",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("relayed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_events_unrelayed",
        "events",
        ["id"],
        unique=False,
        sqlite_where=sa.text("relayed = 0"),
        postgresql_where=sa.text("relayed = false"),
    )
    op.create_table(
        "files",
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("package", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("build_id", _ROW_ID, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("requires_python", sa.Text(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("metadata_sha256", sa.Text(), nullable=False),
        sa.Column("trusted_none", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("yanked", sa.Text(), nullable=True),
        sa.Column("uploaded", sa.Float(), nullable=False),
        sa.Column("published", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("filename", name=op.f("pk_files")),
    )
    op.create_index(op.f("ix_files_package"), "files", ["package"], unique=False)
    op.create_index(op.f("ix_files_published"), "files", ["published"], unique=False)
    op.create_table(
        "objects",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), server_default="application/binary", nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("hashes", sa.Text(), server_default="{}", nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_objects")),
    )
    op.create_index(op.f("ix_objects_expires"), "objects", ["expires"], unique=False)
    op.create_table(
        "pages",
        sa.Column("package", sa.Text(), nullable=False),
        sa.Column("html", sa.LargeBinary(), nullable=False),
        sa.Column("json", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("published", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("package", name=op.f("pk_pages")),
    )
    op.create_table(
        "queues",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), server_default="{}", nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queues")),
        sa.UniqueConstraint("project", "name", name=op.f("uq_queues_project_name")),
    )
    op.create_table(
        "requests",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("requirements", sa.Text(), nullable=False),
        sa.Column("abis", sa.Text(), nullable=False),
        sa.Column("deps", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("again", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="{}", nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("planned", sa.Float(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("try_at", sa.Float(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_state"), "requests", ["state"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("task_queue_id", sa.Text(), nullable=False),
        sa.Column("scheduler_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("task_group_id", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("retries_left", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("deadline", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_tasks")),
    )
    op.create_index(op.f("ix_tasks_expires"), "tasks", ["expires"], unique=False)
    op.create_index("ix_tasks_state_deadline", "tasks", ["state", "deadline"], unique=False)
    op.create_index(op.f("ix_tasks_task_group_id"), "tasks", ["task_group_id"], unique=False)
    op.create_table(
        "claims",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("queue_id", _ROW_ID, nullable=False),
        sa.Column("ttl", sa.Integer(), nullable=False),
        sa.Column("grace", sa.Integer(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["queue_id"], ["queues.id"], name=op.f("fk_claims_queue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
    )
    op.create_index(op.f("ix_claims_expires"), "claims", ["expires"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("queue_id", _ROW_ID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("ttl", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Text(), server_default="", nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("visible_at", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.Column("claim_id", sa.Text(), nullable=True),
        sa.Column("claim_expires", sa.Float(), nullable=True),
        sa.Column("claim_count", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["queue_id"], ["queues.id"], name=op.f("fk_messages_queue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_messages_claim_id",
        "messages",
        ["claim_id"],
        unique=False,
        sqlite_where=sa.text("claim_id IS NOT NULL"),
        postgresql_where=sa.text("claim_id IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_claimed",
        "messages",
        ["queue_id", "claim_expires"],
        unique=False,
        sqlite_where=sa.text("claim_id IS NOT NULL"),
        postgresql_where=sa.text("claim_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_messages_expires"), "messages", ["expires"], unique=False)
    op.create_index(
        "ix_messages_free",
        "messages",
        ["queue_id", "id"],
        unique=False,
        sqlite_where=sa.text("claim_id IS NULL"),
        postgresql_where=sa.text("claim_id IS NULL"),
    )
    op.create_table(
        "request_builds",
        sa.Column("request_id", _ROW_ID, nullable=False),
        sa.Column("build_id", _ROW_ID, nullable=False),
        sa.Column("top_level", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["build_id"], ["builds.id"], name=op.f("fk_request_builds_build_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_request_builds_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request_id", "build_id", name=op.f("pk_request_builds")),
    )
    op.create_index(op.f("ix_request_builds_build_id"), "request_builds", ["build_id"], unique=False)
    op.create_table(
        "runs",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason_created", sa.Text(), nullable=False),
        sa.Column("reason_resolved", sa.Text(), nullable=True),
        sa.Column("worker_group", sa.Text(), nullable=True),
        sa.Column("worker_id", sa.Text(), nullable=True),
        sa.Column("scheduled", sa.Float(), nullable=False),
        sa.Column("started", sa.Float(), nullable=True),
        sa.Column("taken_until", sa.Float(), nullable=True),
        sa.Column("resolved", sa.Float(), nullable=True),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("phase_started", sa.Float(), nullable=True),
        sa.Column("log_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("message_id", _ROW_ID, nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.task_id"], name=op.f("fk_runs_task_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", "run_id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_state_taken_until", "runs", ["state", "taken_until"], unique=False)
    op.create_table(
        "artifacts",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("storage_type", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), server_default="{}", nullable=False),
        sa.Column("object_name", sa.Text(), nullable=True),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id", "run_id"],
            ["runs.task_id", "runs.run_id"],
            name=op.f("fk_artifacts_task_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("task_id", "run_id", "name", name=op.f("pk_artifacts")),
    )
    op.create_index(op.f("ix_artifacts_expires"), "artifacts", ["expires"], unique=False)


def downgrade() -> None:
    """Remove every table."""
    op.drop_table("artifacts")
    op.drop_table("runs")
    op.drop_table("request_builds")
    op.drop_table("messages")
    op.drop_table("claims")
    op.drop_table("tasks")
    op.drop_table("requests")
    op.drop_table("queues")
    op.drop_table("pages")
    op.drop_table("objects")
    op.drop_table("files")
    op.drop_table("events")
    op.drop_table("dirty_pages")
    op.drop_table("clients")
    op.drop_table("builds")
    op.drop_table("builders")
