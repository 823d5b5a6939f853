"""A hub in this process, and a blocking connection to it."""

from __future__ import annotations

import pytest

from buildyard.koji import Connection
from support.koji_golden import PROFILE
from support.koji_hub import Hub, HubTransport


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def transport(hub: Hub) -> HubTransport:
    return HubTransport(hub)


@pytest.fixture
def koji(transport: HubTransport) -> Connection:
    return Connection(PROFILE, transport=transport)
