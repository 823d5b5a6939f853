"""What a hub does about tasks when it starts: the time in which no hub ran is not held against anybody."""

from __future__ import annotations

from sqlalchemy import Connection, update

from buildyard.farm.store.base import wake
from buildyard.farm.store.tables import runs
from buildyard.farm.tasks.transitions import CHANNEL


def extend_claims(connection: Connection, until: float) -> int:
    """Let each claim hold at least until then; return how many were extended.

    A builder that worked on while the hub was away then has the time to say so; one that died meanwhile loses its
    claim a little later than it would have.
    """
    short = (runs.c.state == "running") & (runs.c.taken_until < until)
    extended = connection.execute(update(runs).where(short).values(taken_until=until)).rowcount
    wake(connection, CHANNEL)
    return extended
