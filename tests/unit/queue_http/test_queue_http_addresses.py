"""Which path is what, in which version."""

from __future__ import annotations

import pytest

from buildyard.farm.queue.http import is_marconi
from buildyard.farm.queue.http.addresses import ADDRESSES, find


@pytest.mark.parametrize("version", ["v1", "v1.1", "v2"])
@pytest.mark.parametrize(
    ("rest", "queue", "item"),
    [
        ("/", "", ""),
        ("/queues", "", ""),
        ("/queues/q.1", "q.1", "q.1"),
        ("/queues/q/stats", "q", ""),
        ("/queues/q/messages", "q", ""),
        ("/queues/q/messages/17", "q", "17"),
        ("/queues/q/claims", "q", ""),
        ("/queues/q/claims/abc", "q", "abc"),
    ],
)
def test_address_is_found_with_the_names_in_it(version: str, rest: str, queue: str, item: str) -> None:
    found = find(f"/{version}{rest}")
    assert found is not None
    assert (found.version, found.queue, found.item) == (version, queue, item)


@pytest.mark.parametrize(
    "path",
    [
        "/v2",
        "/v2/queues/",
        "/v2/queues//messages",
        "/v2/queues/q/",
        "/v2/queues/q/messages/",
        "/v2/queues/q/messages/1/2",
        "/v2/queues/q/metadata",
        "/v1.1/queues/q/purge",
        "/v1/ping",
        "/v3/queues",
        "/v4/queues",
        "/",
        "",
    ],
)
def test_other_paths_are_nothing(path: str) -> None:
    assert find(path) is None


@pytest.mark.parametrize(
    ("version", "path", "methods"),
    [
        ("v1", "/queues/{queue}", {"GET", "HEAD", "PUT", "DELETE"}),
        ("v1.1", "/queues/{queue}", {"GET", "PUT", "DELETE"}),
        ("v2", "/queues/{queue}", {"GET", "PUT", "PATCH", "DELETE"}),
        ("v1", "/queues/{queue}/metadata", {"GET", "PUT"}),
        ("v2", "/queues/{queue}/purge", {"POST"}),
        ("v2", "/queues/{queue}/claims/{item}", {"GET", "PATCH", "DELETE"}),
    ],
)
def test_each_version_has_its_methods(version: str, path: str, methods: set[str]) -> None:
    assert set(ADDRESSES[version][path].handlers) == methods


@pytest.mark.parametrize(
    ("path", "is_its"),
    [
        ("/v1/queues", True),
        ("/v1.1/", True),
        ("/v2", True),
        ("/v3/auth/tokens", True),
        ("/v20/queues", False),
        ("/versions", False),
        ("/", False),
        ("/api/queue/v1/ping", False),
    ],
)
def test_only_the_versions_and_the_identity_service_are_let_past_the_other_door(path: str, is_its: bool) -> None:
    assert is_marconi(path) is is_its
