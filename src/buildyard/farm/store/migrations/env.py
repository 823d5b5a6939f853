"""Alembic's environment: run the steps on the connection, and in the transaction, that `upgrade` was given."""

from __future__ import annotations

from alembic import context

from buildyard.farm.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite alters a table by building it anew.
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
