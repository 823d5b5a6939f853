"""An empty farm database in memory, and a way to put wheels into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, insert, select
from sqlalchemy.pool import StaticPool

from buildyard.farm.store.tables import dirty_pages, files, metadata

AddFile = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """The tables of a farm, made once for the tests of a file."""
    made = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """One transaction on an empty farm, undone at the end."""
    with engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()


@pytest.fixture
def add_file(connection: Connection) -> AddFile:
    """Add a wheel as `builds.finish` does, its project noted as dirty."""

    def add(filename: str = "six-1.17.0-py3-none-any.whl", **more: Any) -> dict[str, Any]:
        package, version = filename.split("-")[:2]
        row = {
            "filename": filename,
            "package": package,
            "version": version,
            "build_id": 1,
            "sha256": sha256(filename.encode()).hexdigest(),
            "size": 11_000,
            "tags": "[]",
            "metadata": f"Name: {package}",
            "metadata_sha256": sha256(f"Name: {package}".encode()).hexdigest(),
            "uploaded": 1_700_000_000.0,
            **more,
        }
        connection.execute(insert(files).values(row))
        if connection.execute(select(dirty_pages).where(dirty_pages.c.package == package)).first() is None:
            connection.execute(insert(dirty_pages).values(package=package, since=row["uploaded"]))
        return row

    return add
