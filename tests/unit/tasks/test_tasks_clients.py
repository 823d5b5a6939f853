from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, update

from buildyard.farm.store.tables import clients as rows
from buildyard.farm.tasks import clients
from buildyard.taskcluster.scopes import satisfies
from support.tasks import NOW, POOL


def test_the_operators_credentials_are_made_once(connection: Connection) -> None:
    first = clients.root_credentials(connection, NOW)
    again = clients.root_credentials(connection, NOW + 1)
    assert (again.client_id, again.access_token) == (first.client_id, first.access_token)
    assert len(first.access_token) == 44


def test_each_client_has_a_token_of_its_own(connection: Connection) -> None:
    made = [
        clients.root_credentials(connection, NOW),
        clients.hub_credentials(connection, NOW),
        clients.builder_credentials(connection, NOW),
    ]
    assert len({credentials.access_token for credentials in made}) == 3


def test_a_builder_may_claim_and_say_hello_and_nothing_else(connection: Connection) -> None:
    clients.builder_credentials(connection, NOW)
    found = clients.find_client(connection, clients.BUILDER)
    assert found is not None
    assert satisfies(found.scopes, {"AllOf": [f"queue:claim-work:{POOL}", "queue:worker-id:a/b", "farm:builder:b"]})
    for scope in ("queue:create-task:lowest:x/y", "queue:claim-work:other/pool", "queue:resolve-task:x/0", "*"):
        assert not satisfies(found.scopes, scope)


def test_an_unknown_client_is_none(connection: Connection) -> None:
    assert clients.find_client(connection, "nobody") is None


def test_a_disabled_client_is_none(connection: Connection) -> None:
    clients.root_credentials(connection, NOW)
    connection.execute(update(rows).values(disabled=True))
    assert clients.find_client(connection, clients.ROOT) is None


def test_a_client_says_when_it_ends(connection: Connection) -> None:
    clients.root_credentials(connection, NOW)
    connection.execute(update(rows).values(expires=NOW))
    found = clients.find_client(connection, clients.ROOT)
    assert found is not None
    assert found.expires == datetime.fromtimestamp(NOW, UTC)
