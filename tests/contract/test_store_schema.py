"""The schema: the steps give the tables that the program has, once, and no later schema is touched."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from buildyard.farm.queue.base import NewMessage
from buildyard.farm.queue.database import put
from buildyard.farm.store import migrations
from buildyard.farm.store.connect import open_store
from buildyard.farm.store.errors import StoreDamaged, StoreTooNew
from buildyard.farm.store.migrations.__main__ import write_step
from buildyard.farm.store.tables import metadata
from support.bare import bare
from support.stores import make_store


def differences(connection: Connection) -> list[Any]:
    """What alembic would do to make the database as `tables.py` says."""
    # Of SQLite's defaults alembic misreads the empty text; `outline` compares those.
    opts = {"compare_type": True, "compare_server_default": connection.dialect.name == "postgresql"}
    return list(compare_metadata(MigrationContext.configure(connection, opts=opts), metadata))


def plain(value: object) -> str:
    return json.dumps(value, default=str, sort_keys=True)


def outline(connection: Connection) -> dict[str, Any]:
    """All that the database tells of its tables, and which of SQLite's never give a number twice."""
    look = inspect(connection)
    lists = (look.get_foreign_keys, look.get_unique_constraints, look.get_indexes)
    told: dict[str, Any] = {}
    for name in look.get_table_names():
        in_order = [look.get_columns(name), look.get_pk_constraint(name)]
        told[name] = [*map(plain, in_order), *(sorted(map(plain, tell(name))) for tell in lists)]
    if connection.dialect.name == "sqlite":
        tables = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        told["autoincrement"] = sorted(row.name for row in tables if "AUTOINCREMENT" in row.sql)
    return told


def test_steps_give_the_tables_of_the_program(new_store_url: str) -> None:
    def body(connection: Connection) -> None:
        migrations.run_steps(connection)
        assert differences(connection) == []
        assert migrations.stored_revision(connection) == migrations.HEAD

    bare(new_store_url, body)


def test_steps_and_a_new_store_give_the_same(new_store_url: str) -> None:
    def stepped(connection: Connection) -> dict[str, Any]:
        migrations.run_steps(connection)
        told = outline(connection)
        command.downgrade(migrations.alembic_config(connection), "base")
        connection.execute(text("DROP TABLE alembic_version"))
        return told

    def made(connection: Connection) -> dict[str, Any]:
        migrations.create_all(connection)
        return outline(connection)

    assert bare(new_store_url, stepped) == bare(new_store_url, made)


def test_steps_can_be_undone(new_store_url: str) -> None:
    def body(connection: Connection) -> None:
        migrations.run_steps(connection)
        command.downgrade(migrations.alembic_config(connection), "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]

    bare(new_store_url, body)


def test_new_store_has_the_tables_of_the_program(new_store_url: str) -> None:
    asyncio.run(make_store(new_store_url))
    assert bare(new_store_url, differences) == []
    assert bare(new_store_url, migrations.stored_revision) == migrations.HEAD


def test_head_is_the_newest_step(new_store_url: str) -> None:
    def body(connection: Connection) -> None:
        script = ScriptDirectory.from_config(migrations.alembic_config(connection))
        assert script.get_heads() == [migrations.HEAD]

    bare(new_store_url, body)


def test_newer_schema_is_refused_and_left_alone(new_store_url: str) -> None:
    asyncio.run(make_store(new_store_url))
    bare(new_store_url, lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(StoreTooNew) as refused:
        asyncio.run(make_store(new_store_url))
    assert (refused.value.found, refused.value.known) == ("9999", migrations.HEAD)
    assert bare(new_store_url, migrations.stored_revision) == "9999"


def test_database_of_another_program_is_refused_and_left_alone(new_store_url: str) -> None:
    bare(new_store_url, lambda c: c.execute(text("CREATE TABLE recipes (id INTEGER)")))
    with pytest.raises(StoreDamaged, match="recipes"):
        asyncio.run(make_store(new_store_url))
    assert bare(new_store_url, lambda c: inspect(c).get_table_names()) == ["recipes"]


def test_two_that_start_at_once_make_the_tables_once(new_store_url: str) -> None:
    async def both() -> None:
        stores = await asyncio.gather(*(open_store(new_store_url) for _ in range(4)))
        await asyncio.gather(*(store.close() for store in stores))

    asyncio.run(both())
    assert bare(new_store_url, differences) == []


NEXT_STEP = f"""
import sqlalchemy as sa
from alembic import op

revision = "9998"
down_revision = "{migrations.HEAD}"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("queues") as table:
        table.add_column(sa.Column("colour", sa.Text(), nullable=False, server_default="red"))
        table.alter_column("name", new_column_name="title")
"""


def test_step_that_alters_a_table_keeps_its_rows_and_what_refers_to_them(new_store_url: str, tmp_path: Path) -> None:
    """SQLite alters a table by building it anew, with foreign keys off."""
    folder = tmp_path / "100% of the steps"
    shutil.copytree(migrations.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9998_next.py").write_text(NEXT_STEP)

    def old(connection: Connection) -> None:
        migrations.upgrade(connection)
        put(connection, 1.0, "farm", "kept", [NewMessage(body=1)])

    def stepped(connection: Connection) -> list[Any]:
        migrations.run_steps(connection, migrations.HEAD, folder=folder)
        rows = "SELECT title, colour, body FROM queues JOIN messages ON messages.queue_id = queues.id"
        return [tuple(row) for row in connection.execute(text(rows))]

    bare(new_store_url, old)
    assert bare(new_store_url, stepped, foreign_keys=False) == [("kept", "red", "1")]


def test_step_that_fails_leaves_the_database_as_it_was(new_store_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "steps"
    shutil.copytree(migrations.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9998_next.py").write_text(NEXT_STEP + "    raise RuntimeError('half way')\n")
    bare(new_store_url, migrations.upgrade)
    with pytest.raises(RuntimeError, match="half way"):
        bare(new_store_url, lambda c: migrations.run_steps(c, migrations.HEAD, folder=folder), foreign_keys=False)
    assert bare(new_store_url, differences) == []
    assert bare(new_store_url, migrations.stored_revision) == migrations.HEAD


def test_next_step_is_written_from_the_difference(tmp_path: Path) -> None:
    """A table that `tables.py` has and the steps have not; the step that is written makes it, and unmakes it."""
    folder = tmp_path / "steps"
    shutil.copytree(migrations.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    first = folder / "versions" / "0001_first.py"
    text_ = first.read_text()
    start = text_.index('    op.create_table(\n        "dirty_pages"')
    end = text_.index("    op.create_table(", start + 10)
    first.write_text((text_[:start] + text_[end:]).replace('    op.drop_table("dirty_pages")\n', ""))

    written = write_step("Add dirty pages", folder)

    assert written == folder / "versions" / f"{int(migrations.HEAD) + 1:04}_add_dirty_pages.py"
    url = f"sqlite:///{tmp_path / 'yard.sqlite'}"
    bare(url, lambda c: migrations.run_steps(c, folder=folder))
    assert bare(url, differences) == []
