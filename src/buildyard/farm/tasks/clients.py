"""Who may sign requests: the clients' rows, and the three that every farm has; and the roles they may assume.

Transaction bodies.  `auth` judges requests by these rows, and `farm.services` changes them.  An access token is kept as
it is, since Hawk signs with it; so the database is as secret as the credentials themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, select, update

from buildyard.farm.roles import Roles, may_assume
from buildyard.farm.store.tables import clients, roles
from buildyard.farm.tasks.upsert import insert_new
from buildyard.taskcluster._hawk import Client
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.slugid import slugId

ROOT: Final = "static/buildyard/root"
HUB: Final = "static/buildyard/hub"
BUILDER: Final = "static/buildyard/builder"

#: What a builder may do by itself; what it may do to a task comes with the claim.
BUILDER_SCOPES: Final = ("queue:claim-work:buildyard/*", "queue:worker-id:*", "farm:builder:*")

#: How exactly it is known when a client was last used, in seconds: Taskcluster's own six hours.
USE_STEP_S: Final = 6 * 3600.0

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
        **dict.fromkeys(("last_modified", "last_date_used", "last_rotated"), now),
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
    """Return the client, its scopes expanded by its roles; ``None`` for one that does not exist or is disabled."""
    row = connection.execute(
        select(clients).where(clients.c.client_id == client_id, clients.c.disabled.is_(False))
    ).one_or_none()
    if row is None:
        return None
    scopes = msgspec.json.decode(row.scopes, type=tuple[str, ...])
    if any(map(may_assume, scopes)) and "*" not in scopes:
        scopes = load_roles(connection).expand(scopes)
    return Client(
        client_id=client_id,
        access_token=row.access_token,
        scopes=scopes,
        expires=datetime.fromtimestamp(row.expires, UTC),
    )


def load_roles(connection: Connection, anonymous: Sequence[str] = ()) -> Roles:
    """Return all roles, with what ``anonymous`` has beside its row."""
    found = connection.execute(select(roles.c.role_id, roles.c.scopes))
    rows = [(row.role_id, msgspec.json.decode(row.scopes, type=list[str])) for row in found]
    return Roles([*rows, ("anonymous", anonymous)])


def note_use(connection: Connection, client_id: str, now: float) -> None:
    """Note that the client was believed now, unless that was noted in the last `USE_STEP_S`."""
    longer_ago = clients.c.last_date_used < now - USE_STEP_S
    connection.execute(update(clients).where(clients.c.client_id == client_id, longer_ago).values(last_date_used=now))
