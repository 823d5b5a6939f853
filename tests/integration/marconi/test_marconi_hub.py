"""A real hub as a Marconi server, over real connections, on both databases."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildyard.farm.state import StateDirectory
from conftest import ON_POSTGRESQL, ON_SQLITE
from support.farmyard import Yard, yard
from support.marconi_hub import SETTINGS, Caller
from support.postgresql import Cluster


@pytest.fixture(scope="module", params=[ON_SQLITE, ON_POSTGRESQL])
def farm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A farm with a hub and no builder."""
    database = {}
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgresql")
        database = {"database": cluster.database()}
    with yard(tmp_path_factory.mktemp("marconi-hub") / "farm", "", **SETTINGS, **database) as made:
        made.start_hub()
        yield made


@pytest.fixture
def caller(farm: Yard) -> Iterator[Caller]:
    """A caller with a project of its own."""
    made = Caller(farm.url, project=uuid.uuid4().hex)
    yield made
    made.close()


def test_message_goes_from_one_program_to_another(farm: Yard, caller: Caller) -> None:
    caller.post({"n": 1}, {"n": 2})
    claim, messages = caller.claim(2, ttl=60, grace=60)
    assert [message["body"] for message in messages] == [{"n": 1}, {"n": 2}]
    assert caller.ask("PATCH", claim, {"ttl": 120, "grace": 60}).status == 204
    for message in messages:
        assert caller.ask("DELETE", message["href"]).status == 204
    assert caller.ask("GET", claim).json()["messages"] == []
    assert caller.there() == {}


def test_message_and_claim_end_by_the_clock(caller: Caller) -> None:
    caller.post("short", ttl=1)
    caller.post("long")
    claim, messages = caller.claim(5, ttl=1, grace=0)
    assert len(messages) == 2
    time.sleep(2.1)
    assert caller.ask("GET", claim).status == 404
    assert [message["body"] for message in caller.claim()[1]] == ["long"]


def test_body_may_come_in_chunks(caller: Caller) -> None:
    chunks = iter([b'{"messages": [{"bo', b'dy": "in pieces"}]}'])
    assert caller.ask("POST", "/v2/queues/q/messages", chunks).status == 201
    assert list(caller.there().values()) == ["in pieces"]


def test_body_that_is_too_large_is_refused_and_the_connection_goes_on(caller: Caller) -> None:
    large = b'{"messages": [{"body": "' + b"x" * 300_000 + b'"}]}'
    for body in (large, (large[at : at + 50_000] for at in range(0, len(large), 50_000))):
        answer = caller.ask("POST", "/v2/queues/q/messages", body)
        assert answer.status == 400
        assert answer.json()["description"] == "Message collection size is too large. Max size 262144"
    caller.post("after it")
    assert list(caller.there().values()) == ["after it"]


def test_caller_that_hangs_up_half_way_posts_nothing(farm: Yard, caller: Caller) -> None:
    host, port = farm.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as half:
        head = "POST /v2/queues/q/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nClient-ID: " + "0" * 32
        half.sendall(f"{head}\r\nX-Project-ID: half\r\nContent-Length: 1000\r\n\r\n{{".encode())
    assert caller.ask("GET", "/v2/queues", headers={"X-Project-ID": "half"}).json()["queues"] == []


def test_hubs_own_credentials_give_a_token_and_lead_to_its_queues(farm: Yard, caller: Caller) -> None:
    own = StateDirectory(farm.state).credentials()
    assert own is not None
    credential = {"id": own.client_id, "secret": own.access_token}
    identity = {"methods": ["application_credential"], "application_credential": credential}
    answer = caller.ask("POST", "/v3/auth/tokens", {"auth": {"identity": identity}})
    assert answer.status == 201, answer.data
    token = answer.headers["x-subject-token"]
    (messaging,) = [service for service in answer.json()["token"]["catalog"] if service["type"] == "messaging"]
    assert {end["url"] for end in messaging["endpoints"]} == {farm.url}
    with_token = {"X-Auth-Token": token, "X-Project-ID": "someone-else"}
    assert caller.ask("PUT", "/v2/queues/mine", headers=with_token).status in (201, 204)
    default = caller.ask("GET", "/v2/queues?name=mine", headers={"X-Project-ID": "default"})
    assert [queue["name"] for queue in default.json()["queues"]] == ["mine"]
    assert caller.ask("GET", "/v2/health", headers=with_token).status == 200


def test_rest_of_the_hub_is_still_there(farm: Yard, caller: Caller) -> None:
    assert caller.ask("GET", "/api/farm/v1/ping").json()["alive"] is True
    assert b"<html" in caller.ask("GET", "/", headers={"Accept": "text/html"}).data
    assert caller.ask("GET", "/v2x").status == 404
    assert farm.command("status").returncode == 0


def test_many_claimers_share_a_queue_without_a_message_for_two(farm: Yard, caller: Caller) -> None:
    for start in range(0, 200, 20):
        caller.post(*range(start, start + 20), queue="many")
    taken: list[list[int]] = [[] for _ in range(6)]

    def work(mine: list[int]) -> None:
        own = Caller(farm.url, project=caller._headers["X-Project-ID"])
        while messages := own.claim(7, queue="many", ttl=60, grace=60)[1]:
            mine += [message["body"] for message in messages]
            ids = ",".join(message["id"] for message in messages)
            assert own.ask("DELETE", f"/v2/queues/many/messages?ids={ids}").status == 204
        own.close()

    threads = [threading.Thread(target=work, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(body for mine in taken for body in mine) == list(range(200))
    assert caller.there("many") == {}


@pytest.mark.service("postgresql")
def test_two_hubs_of_one_database_are_one_server(postgresql: Cluster, tmp_path: Path) -> None:
    url = postgresql.database()
    with (
        yard(tmp_path / "one", "", database=url, **SETTINGS) as one,
        yard(tmp_path / "two", "", database=url, **SETTINGS) as two,
    ):
        one.start_hub()
        two.start_hub()
        here, there = Caller(one.url), Caller(two.url)
        own = StateDirectory(one.state).credentials()
        assert own is not None
        user = {"name": own.client_id, "domain": {"id": "default"}, "password": own.access_token}
        auth = {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"id": "shared"}},
        }
        given = here.ask("POST", "/v3/auth/tokens", {"auth": auth})
        token = {"X-Auth-Token": given.headers["x-subject-token"]}
        posted = here.ask("POST", "/v2/queues/q/messages", {"messages": [{"body": 1}]}, headers=token)
        assert posted.status == 201
        got = there.ask("POST", "/v2/queues/q/claims", headers=token)
        assert [message["body"] for message in got.json()["messages"]] == [1]
        assert here.ask("POST", "/v2/queues/q/claims", headers=token).status == 204
        assert here.ask("DELETE", got.json()["messages"][0]["href"], headers=token).status == 204
        assert there.ask("GET", got.headers["location"], headers=token).json()["messages"] == []
        here.close()
        there.close()
