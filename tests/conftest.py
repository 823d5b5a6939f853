"""Fixtures for all tiers: real services, started once a session and skipped with a reason where they cannot be.

Under CI=true nothing may be missing: what would be skipped fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.needs import missing
from support.postgresql import Cluster, PostgresqlMissing
from support.stores import make_store

ON_SQLITE = "sqlite"
ON_POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.service("postgresql"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL server that forgets faster than it syncs."""
    try:
        cluster = Cluster()
    except PostgresqlMissing as reason:
        missing(str(reason))
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def _farm_on_postgresql(postgresql: Cluster) -> str:
    """The address of one database with the farm's tables, which is emptied before each test that uses it."""
    url = postgresql.database()
    asyncio.run(make_store(url))
    return url


@pytest.fixture(params=[ON_SQLITE, ON_POSTGRESQL])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store with nothing in it: the test runs on SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        return _sqlite_url(tmp_path)
    url: str = request.getfixturevalue("_farm_on_postgresql")
    request.getfixturevalue("postgresql").clear(url)
    return url


@pytest.fixture(params=[ON_SQLITE, ON_POSTGRESQL])
def new_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that no store was opened in yet: SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        yield _sqlite_url(tmp_path)
        return
    cluster: Cluster = request.getfixturevalue("postgresql")
    url = cluster.database()
    yield url
    cluster.drop(url)


def _sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'yard.sqlite'}"
