"""The schema's history: one step a file in `versions/`, applied in order when an older store is opened.

`upgrade` runs inside a transaction that the caller has begun and commits, so that the schema is whole or as it was,
and of two hubs that start at once the second finds it done.  An empty database gets the tables as they are now, since
importing alembic takes longer than all the rest of a start; a test holds the steps' tables against those.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select, text

from buildyard.farm.store.errors import StoreDamaged, StoreTooNew
from buildyard.farm.store.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

#: The newest revision in `versions/`; a test holds it against alembic's own reading of that folder.
HEAD: Final = "0007"

#: An arbitrary number that names the lock on PostgreSQL.
_UPGRADE_LOCK: Final = 7_213_400

#: Where the steps and alembic's environment are.
FOLDER: Final = Path(__file__).parent

#: Alembic's own table, as alembic makes it.
_stamps = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), key="revision"),
    PrimaryKeyConstraint("revision", name="alembic_version_pkc"),
)


def upgrade(connection: Connection) -> None:
    """Bring the schema to `HEAD`, in the transaction that the connection is in.

    On PostgreSQL that is a READ COMMITTED one: in a snapshot from before the lock, what another hub did meanwhile
    would not be there.

    Raises `StoreTooNew` for a schema that this program does not know, and `StoreDamaged` for a database of another
    program, or one whose rows refer to rows that are not there.
    """
    _lock(connection)
    found = stored_revision(connection)
    if found is None:
        create_all(connection)
    elif found != HEAD:
        run_steps(connection, found)


def create_all(connection: Connection) -> None:
    """Make the present tables in an empty database."""
    strangers = sorted(inspect(connection).get_table_names())
    if strangers:
        raise StoreDamaged(f"not a database of buildyard, which would have no table {strangers[0]!r} yet")
    metadata.create_all(connection)
    _stamps.create(connection)
    connection.execute(insert(_stamps), {"revision": HEAD})


def run_steps(connection: Connection, found: str | None = None, *, folder: Path = FOLDER) -> None:
    """Apply the steps after the revision that was found, all for None."""
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(alembic_config(connection, folder), "head")
    except CommandError as error:
        # Alembic looks for the stored revision among those it has.
        raise StoreTooNew(found or "none", HEAD) from error
    _check_references(connection)


def stored_revision(connection: Connection) -> str | None:
    """Return the revision that the database says it has; None for one without a schema."""
    if not inspect(connection).has_table(_stamps.name):
        return None
    return connection.execute(select(_stamps.c.revision)).scalar()


def alembic_config(connection: Connection, folder: Path = FOLDER) -> Config:
    """Return the configuration with which alembic works on this connection and the steps in this folder."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    # The value is a template to alembic's parser, in which % has a meaning.
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _lock(connection: Connection) -> None:
    # SQLite's transaction began as IMMEDIATE, so it has the file already.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})


def _check_references(connection: Connection) -> None:
    """Raise if a table that was rebuilt with foreign keys off refers to rows that are not there (SQLite alone)."""
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).first()
        if broken is not None:
            raise StoreDamaged(
                f"after the upgrade, rows of {broken[0]} refer to rows of {broken[2]} that are not there"
            )
