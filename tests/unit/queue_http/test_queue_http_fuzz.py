"""Whatever comes in is answered: never with a fault of ours, always in the shape that its status promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.marconi import Server, serving
from support.marconi_fuzz import BODIES, CHANGE, HEADERS, JSON, METADATA, METHODS, PATHS, POST, QUERY, is_well_formed

_SETTINGS = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = f"sqlite:///{tmp_path_factory.mktemp('fuzz') / 'yard.sqlite'}"
    with serving(url, min_message_ttl=1, min_claim_ttl=1, min_claim_grace=0) as made:
        yield made


@_SETTINGS
@given(METHODS, PATHS, QUERY, HEADERS, BODIES)
def test_any_request_is_answered(
    server: Server, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    answer = server.ask(method, f"{path}?{query}", body, headers=headers)
    assert is_well_formed(answer, method), answer


@_SETTINGS
@given(st.sampled_from(["v1", "v1.1", "v2"]), POST | JSON)
def test_any_post_is_kept_whole_or_refused(server: Server, version: str, posted: Any) -> None:
    server.ask("PUT", "/v1/queues/q")
    answer = server.ask("POST", f"/{version}/queues/q/messages", posted)
    assert is_well_formed(answer, "POST"), answer
    if answer.status == 201:
        given_bodies = [message["body"] for message in (posted if version == "v1" else posted["messages"])]
        kept = [server.ask("GET", f"{href}").json["body"] for href in answer.json["resources"]]
        assert kept == given_bodies


@_SETTINGS
@given(METADATA, st.lists(CHANGE, max_size=3))
def test_any_metadata_is_kept_whole_or_refused(server: Server, metadata: Any, changes: list[Any]) -> None:
    server.ask("DELETE", "/v2/queues/m")
    made = server.ask("PUT", "/v2/queues/m", metadata)
    assert is_well_formed(made, "PUT"), made
    if made.status == 201:
        assert server.ask("GET", "/v1.1/queues/m").json == (metadata or {})
    kind = {"Content-Type": "application/openstack-messaging-v2.0-json-patch"}
    changed = server.ask("PATCH", "/v2/queues/m", changes, headers=kind)
    assert is_well_formed(changed, "PATCH"), changed


@_SETTINGS
@given(
    st.recursive(
        JSON,
        lambda inner: st.fixed_dictionaries(
            {},
            optional={
                "auth": inner,
                "identity": inner,
                "scope": inner,
                "project": inner,
                "methods": inner,
                "password": inner,
                "user": inner,
                "name": inner,
                "domain": inner,
                "token": inner,
                "id": inner,
            },
        ),
        max_leaves=12,
    )
)
def test_any_demand_for_a_token_is_answered(server: Server, asked: Any) -> None:
    answer = server.ask("POST", "/v3/auth/tokens", asked)
    assert answer.status in (400, 401, 404), answer
    assert answer.json["error"]["code"] == answer.status
