"""The connections of a `ZaqarQueue`: one a project, and on each a client for everybody who puts messages."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Final, TypeAlias

from buildyard.marconi import aio

#: Makes the connection of a project: with its id for a service without authentication, with the credentials of one
#: that belongs to the project otherwise.
Connect: TypeAlias = Callable[[str], aio.Connection]

#: Names become a ``Client-ID``, which is a UUID, within this space.
_SPACE: Final = uuid.UUID("6f0b5c6e-0e5c-4f0c-9a43-6f2f6a3c7d11")


class Accounts:
    """Connections by project, clients by project and name: made when first asked for, and kept."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connections: dict[str, aio.Connection] = {}
        self._clients: dict[tuple[str, str], aio.Client] = {}

    def client(self, project: str, name: str = "") -> aio.Client:
        """Return the client of this name in a project."""
        found = self._clients.get((project, name))
        if found is None:
            found = self._clients[project, name] = aio.Client(self._connection(project), _client_id(name))
        return found

    async def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.values():
            await connection.close()
        self._connections.clear()
        self._clients.clear()

    def _connection(self, project: str) -> aio.Connection:
        found = self._connections.get(project)
        if found is None:
            found = self._connections[project] = self._connect(project)
        return found


def _client_id(name: str) -> uuid.UUID:
    """Return the same id for the same name, in every process; a UUID stands for itself."""
    try:
        return uuid.UUID(name)
    except ValueError:
        return uuid.uuid5(_SPACE, name)
