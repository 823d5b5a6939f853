"""What the examples need: a hub that knows tacocat, and queues with something in them.

An example differs from the published one in its import line, in ``async=False``, which is the choice of the module, and
where something stood for a value: ids, keys, dots.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from buildyard.marconi import Client, Connection
from support.marconi_http import MarconiServer, serving_over_http


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarconiServer]:
    store = tmp_path_factory.mktemp("marconi") / "yard.sqlite"
    with serving_over_http(f"sqlite:///{store}") as server:
        yield server


@pytest.fixture
def my_awesome_key(hub: MarconiServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """tacocat's key; the environment names the identity service."""
    monkeypatch.setenv("OS_AUTH_URL", f"{hub.url}/v3")
    return hub.key_of("tacocat", "marconi:123456")


@pytest.fixture
def conn(my_awesome_key: str) -> Iterator[Connection]:
    with Connection("tacocat", apikey=my_awesome_key) as conn:
        yield conn


@pytest.fixture
def client(conn: Connection) -> Iterator[Client]:
    """A client whose account has one queue, tacocat, with three messages."""
    client = Client(conn)
    queue = client.create_queue("tacocat", {"a": 1, "b": 2})
    queue.post_messages([{"body": {"action": "win", "n": n}, "ttl": 120} for n in range(3)])
    yield client
    for each in client.queues:
        each.delete()
