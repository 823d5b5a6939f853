"""What the services auth, index and secrets keep: roles, more of a client, who changed what, tasks by name, secrets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENTS = ("last_modified", "last_date_used", "last_rotated")


def upgrade() -> None:
    """Add them."""
    for name in _MOMENTS:
        op.add_column("clients", sa.Column(name, sa.Float(), nullable=False, server_default="0"))
    op.add_column(
        "clients", sa.Column("delete_on_expiration", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.execute("UPDATE clients SET last_modified = created, last_date_used = created, last_rotated = created")
    op.create_table(
        "roles",
        sa.Column("role_id", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("last_modified", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("role_id", name=op.f("pk_roles")),
    )
    op.create_table(
        "audit_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("entity_type", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_history")),
    )
    op.create_index(op.f("ix_audit_history_created"), "audit_history", ["created"])
    op.create_index("ix_audit_history_entity", "audit_history", ["entity_type", "entity_id", "id"])
    op.create_index("ix_audit_history_client_id", "audit_history", ["client_id", "id"])
    op.create_table(
        "indexed_tasks",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("rank", sa.Float(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_indexed_tasks")),
    )
    op.create_table(
        "index_namespaces",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_index_namespaces")),
    )
    for table in ("indexed_tasks", "index_namespaces"):
        op.create_index(f"ix_{table}_parent_path", table, ["parent", "path"])
        op.create_index(op.f(f"ix_{table}_expires"), table, ["expires"])
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secrets")),
    )
    op.create_index(op.f("ix_secrets_expires"), "secrets", ["expires"])


def downgrade() -> None:
    """Take them away."""
    for table in ("secrets", "index_namespaces", "indexed_tasks", "audit_history", "roles"):
        op.drop_table(table)
    with op.batch_alter_table("clients") as clients:
        for name in (*_MOMENTS, "delete_on_expiration"):
            clients.drop_column(name)
