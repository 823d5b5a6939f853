"""What ends by itself in the services: secrets, tasks in the index, clients that asked for it, uploads given up."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from buildyard.farm import taskindex
from buildyard.farm.services import audit, clients, secrets
from buildyard.farm.tasks import objects

#: Rows of a kind that one transaction deletes; there may be more of them than of a farm's clients.
LIMIT: Final = 1000


def sweep(connection: Connection, now: float) -> int:
    """Return how many were deleted; `LIMIT` or more: there may be others."""
    few = clients.sweep(connection, now) + secrets.sweep(connection, now)
    many = (taskindex.sweep, objects.sweep, audit.sweep)
    return few + sum(swept(connection, now, LIMIT) for swept in many)
