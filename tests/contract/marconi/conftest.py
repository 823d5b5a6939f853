"""Marconi servers to hold the client against: the hub in its three versions, and a real Zaqar; and the three faces.

A scenario is ``async def scenario(client)`` over the cores, played blocking, on asyncio's loop or on Twisted's reactor;
`tests/unit/marconi/test_marconi_faces.py` holds that the faces' tables have all that the cores have.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from support.marconi_client import Scenario, play
from support.marconi_http import serving_over_http

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class MarconiAt:
    """A server, and what it speaks."""

    url: str  #: without a version
    version: str = "2"
    is_zaqar: bool = False
    least_ttl: int = 1  #: seconds

    @property
    def has_v2(self) -> bool:
        return self.version == "2"


@dataclass(frozen=True)
class Marconi:
    """A server, a face, and a project that nobody else uses; call it with a scenario."""

    server: MarconiAt
    face: str
    project: str

    def __call__(self, scenario: Scenario[T], **options: Any) -> T:
        given = {"endpoint": self.server.url, "version": self.server.version, "project_id": self.project} | options
        return play(self.face, given, scenario)


@pytest.fixture(scope="session")
def hub_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The hub's Marconi server on SQLite, where a TTL may be a second."""
    store: Path = tmp_path_factory.mktemp("marconi") / "yard.sqlite"
    with serving_over_http(f"sqlite:///{store}", min_message_ttl=1, min_claim_ttl=1, min_claim_grace=0) as hub:
        yield hub.url


HUB = [
    pytest.param(("hub", "2", "blocking"), id="hub-v2-blocking"),
    pytest.param(("hub", "2", "asyncio"), id="hub-v2-asyncio"),
    pytest.param(("hub", "2", "twisted"), id="hub-v2-twisted"),
]
OLDER = [
    pytest.param(("hub", "1.1", "blocking"), id="hub-v1.1"),
    pytest.param(("hub", "1", "blocking"), id="hub-v1"),
]
ZAQAR = [pytest.param(("zaqar", "2", "blocking"), id="zaqar-v2", marks=pytest.mark.service("zaqar"))]


def _marconi(request: pytest.FixtureRequest) -> Marconi:
    server, version, face = request.param
    if face == "twisted":
        request.getfixturevalue("reactor_thread")
    project = uuid.uuid4().hex
    if server == "hub":
        return Marconi(MarconiAt(url=request.getfixturevalue("hub_url"), version=version), face, project)
    url = request.getfixturevalue("zaqar").url
    return Marconi(MarconiAt(url=url, version=version, is_zaqar=True, least_ttl=60), face, project)


@pytest.fixture(params=[*HUB, *OLDER, *ZAQAR])
def marconi(request: pytest.FixtureRequest) -> Marconi:
    """Every version, every face, and a real Zaqar."""
    return _marconi(request)


@pytest.fixture(params=[*HUB, *ZAQAR])
def marconi_v2(request: pytest.FixtureRequest) -> Marconi:
    """What v2 alone has."""
    return _marconi(request)


@pytest.fixture(params=HUB)
def quick_marconi(request: pytest.FixtureRequest) -> Marconi:
    """Where a claim may end after a second."""
    return _marconi(request)


@pytest.fixture(params=ZAQAR)
def real_zaqar(request: pytest.FixtureRequest) -> Marconi:
    """What the hub does not have."""
    return _marconi(request)
