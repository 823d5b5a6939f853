"""Play a scenario on every implementation of a protocol."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from support.reactor import running_reactor
from support.stores import OnQueue, OnStore, play_on_queue, play_on_store
from support.zaqar_lacks import LACKS, play_on_zaqar

ON_ZAQAR = pytest.param("zaqar", marks=pytest.mark.service("zaqar"))
ON_POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.service("postgresql"))


@pytest.fixture
def on_store(store_url: str) -> OnStore:
    """Call it with `async def scenario(store)`."""
    return partial(play_on_store, store_url)


@pytest.fixture(params=["sqlite", ON_POSTGRESQL, ON_ZAQAR])
def on_queue(request: pytest.FixtureRequest) -> OnQueue:
    """Call it with `async def scenario(queue, clock)`: the farm's store on both databases, then a real Zaqar."""
    if request.param != "zaqar":
        return partial(play_on_queue, request.getfixturevalue("url_of_store")(request.param))
    reason = LACKS.get(request.function.__name__)
    if reason is not None:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    return partial(play_on_zaqar, request.getfixturevalue("zaqar_with_own_time"))


@pytest.fixture(scope="session")
def reactor_thread() -> Iterator[None]:
    """Twisted's reactor, which starts only once in a process."""
    pytest.importorskip("twisted")
    with running_reactor():
        yield
