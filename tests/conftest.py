"""Fixtures for all tiers: real services, started once a session and skipped with a reason where they cannot be.

Under CI=true nothing may be missing: what would be skipped fails.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.keystone import Cloud
from support.needs import missing
from support.own_time import CompilerMissing
from support.peers import PeerMissing, locked_peer
from support.postgresql import Cluster, PostgresqlMissing
from support.stores import START, make_store
from support.zaqar import Zaqar, ZaqarMissing

ON_SQLITE = "sqlite"
ON_POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.service("postgresql"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets what it runs in the background ignore Ctrl-C, and programs that tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
def zaqar_with_own_time() -> Iterator[Zaqar]:
    """A real Zaqar whose time begins at `START` and passes only as a test says."""
    try:
        zaqar = Zaqar(now=START)
    except (PeerMissing, ZaqarMissing, CompilerMissing) as reason:
        missing(str(reason))
    yield zaqar
    zaqar.close()


@pytest.fixture(scope="session")
def zaqar() -> Iterator[Zaqar]:
    """A real Zaqar in the time of everybody."""
    try:
        zaqar = Zaqar()
    except (PeerMissing, ZaqarMissing) as reason:
        missing(str(reason))
    yield zaqar
    zaqar.close()


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """A real Keystone whose tokens live for six seconds, and a Zaqar that asks it."""
    try:
        cloud = Cloud(lifetime_s=6)
    except (PeerMissing, ZaqarMissing) as reason:
        missing(str(reason))
    yield cloud
    cloud.close()


@pytest.fixture(scope="session")
def zaqarclient_python() -> Path:
    """The Python that has OpenStack's own client."""
    try:
        return locked_peer("zaqarclient")
    except PeerMissing as reason:
        missing(str(reason))


@pytest.fixture(scope="session")
def _farm_on_postgresql(postgresql: Cluster) -> str:
    """The address of one database with the farm's tables, which is emptied before each test that uses it."""
    url = postgresql.database()
    asyncio.run(make_store(url))
    return url


@pytest.fixture
def url_of_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Call it with "sqlite" or "postgresql" for the address of a store with nothing in it."""

    def url_of(database: str) -> str:
        if database == "sqlite":
            return _sqlite_url(tmp_path)
        url: str = request.getfixturevalue("_farm_on_postgresql")
        request.getfixturevalue("postgresql").clear(url)
        return url

    return url_of


@pytest.fixture(params=[ON_SQLITE, ON_POSTGRESQL])
def store_url(request: pytest.FixtureRequest, url_of_store: Callable[[str], str]) -> str:
    """The address of a store with nothing in it: the test runs on SQLite, then on PostgreSQL."""
    return url_of_store(request.param)


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
