"""Who may sign requests: the clients' rows, and the three that every farm has.

Transaction bodies.  `auth` judges requests by these rows.  An access token is kept as it is, since Hawk signs with it;
so the database is as secret as the credentials themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from buildyard.farm.store.tables import clients
from buildyard.farm.tasks.upsert import insert_new
from buildyard.taskcluster._hawk import Client
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.slugid import slugId

ROOT: Final = "static/buildyard/root"
HUB: Final = "static/buildyard/hub"
BUILDER: Final = "static/buildyard/builder"

#: What a builder may do by itself; what it may do to a task comes with the claim.
BUILDER_SCOPES: Final = ("queue:claim-work:buildyard/*", "queue:worker-id:*", "farm:builder:*")

#: Far enough: these clients end with the farm.
_NEVER: Final = datetime(2999, 1, 1, tzinfo=UTC).timestamp()


def ensure_client(
    connection: Connection, now: float, client_id: str, scopes: Sequence[str], description: str = ""
) -> Credentials:
    """Return this client's credentials, made at the first call; a later call changes nothing of it."""
    row = {
        "client_id": client_id,
        "access_token": slugId() + slugId(),
        "scopes": msgspec.json.encode(list(scopes)).decode(),
        "description": description,
        "created": now,
        "expires": _NEVER,
        "disabled": False,
    }
    insert_new(connection, clients, [row])
    token = connection.execute(select(clients.c.access_token).where(clients.c.client_id == client_id)).scalar_one()
    return Credentials(client_id=client_id, access_token=token)


def root_credentials(connection: Connection, now: float, client_id: str = ROOT) -> Credentials:
    """Return the credentials of the local operator, who may do everything; made at the farm's first start."""
    return ensure_client(connection, now, client_id, ["*"], "The operator of this farm")


def hub_credentials(connection: Connection, now: float) -> Credentials:
    """Return the credentials with which the hub signs temporary ones; they are never given out."""
    return ensure_client(connection, now, HUB, ["*"], "Signs the credentials of claims, uploads and downloads")


def builder_credentials(connection: Connection, now: float) -> Credentials:
    """Return the credentials of the farm's own builders."""
    return ensure_client(connection, now, BUILDER, BUILDER_SCOPES, "The farm's own builders")


def find_client(connection: Connection, client_id: str) -> Client | None:
    """Return the client, ``None`` for one that does not exist or is disabled."""
    row = connection.execute(
        select(clients).where(clients.c.client_id == client_id, clients.c.disabled.is_(False))
    ).one_or_none()
    if row is None:
        return None
    return Client(
        client_id=client_id,
        access_token=row.access_token,
        scopes=tuple(msgspec.json.decode(row.scopes, type=list[str])),
        expires=datetime.fromtimestamp(row.expires, UTC),
    )
