"""A blocking client over a script."""

from __future__ import annotations

import pytest

from buildyard.marconi import Client
from support.marconi_script import URL, connected


@pytest.fixture
def make_client():
    """Call it with answers, and options of the connection, for a client and its script."""

    def make(*script, **options):
        connection, transport = connected(*script, **({"endpoint": URL, "project_id": "demo"} | options))
        return Client(connection), transport

    return make
