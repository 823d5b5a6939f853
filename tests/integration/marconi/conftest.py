"""A Marconi server on either database, and a project for each test's own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import pytest

from conftest import ON_POSTGRESQL, ON_SQLITE
from support.marconi import Server, serving
from support.postgresql import Cluster
from support.stores import make_store

_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=[ON_SQLITE, ON_POSTGRESQL])
def marconi(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as a hub on loopback serves it, for a module's tests; its clock stands still unless it is moved."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('marconi') / 'yard.sqlite'}"
    else:
        cluster: Cluster = request.getfixturevalue("postgresql")
        url = cluster.database()
        asyncio.run(make_store(url))
    with serving(url) as server:
        yield server


@pytest.fixture
def server(marconi: Server) -> Server:
    """The server, asked for a project that nobody has used."""
    marconi.project = f"project-{next(_numbers)}"
    return marconi
