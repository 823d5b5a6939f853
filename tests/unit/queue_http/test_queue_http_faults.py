"""What a caller is told where the store fails, or the server itself does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from buildyard.farm.queue.http.serving import Marconi
from buildyard.farm.store.base import Store
from buildyard.farm.store.errors import StoreBusy, StoreFull, StoreUnreachable
from support.marconi import Server, serving


class Failing:
    """A store that fails from when it is told to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, body: Callable[[Connection], Any], **options: Any) -> Any:
        if self.error is not None:
            raise self.error
        return await self._store.write(body, **options)

    async def read(self, body: Callable[[Connection], Any]) -> Any:
        return await self.write(body)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(f"sqlite:///{tmp_path / 'yard.sqlite'}") as made:
        made.rooms.store = Failing(made.rooms.store)  # type: ignore[assignment]
        made.app = Marconi(made.rooms)
        yield made


def _fails_with(server: Server, error: Exception) -> None:
    server.rooms.store.error = error  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [StoreUnreachable("away"), StoreBusy("busy"), StoreFull("full")])
def test_store_that_fails_is_a_503_until_it_is_back(server: Server, error: Exception) -> None:
    post = {"messages": [{"body": 1}]}
    _fails_with(server, error)
    refused = server.ask("POST", "/v2/queues/q/messages", post)
    assert (refused.status, refused.json["title"]) == (503, "Service temporarily unavailable")
    assert server.ask("GET", "/v2/queues").status == 503
    server.rooms.store.error = None  # type: ignore[attr-defined]
    assert server.ask("POST", "/v2/queues/q/messages", post).status == 201
    assert server.bodies() == [1]


def test_ping_and_health_tell_that_the_store_is_away(server: Server) -> None:
    _fails_with(server, StoreUnreachable("away"))
    assert server.ask("GET", "/v2/ping").status == 503
    assert server.ask("GET", "/v1.1/ping").status == 503
    assert server.ask("GET", "/v1/health").status == 503
    assert server.ask("HEAD", "/v1/health").status == 204
    assert server.ask("GET", "/v2/").status == 200


def test_fault_of_our_own_is_logged_and_told_without_its_details(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    _fails_with(server, KeyError("a secret"))
    with caplog.at_level(logging.ERROR):
        answer = server.ask("GET", "/v2/queues")
    assert (answer.status, b"secret" in answer.content) == (500, False)
    assert "a secret" in caplog.text
