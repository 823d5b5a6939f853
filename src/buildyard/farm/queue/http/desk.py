"""Give out tokens, believe them, and end them: by their time, when they are revoked, when their client changes.

What a token says is signed (`tokens`).  Whether its client is still there, unchanged and allowed, and whether it was
revoked, is asked of the store, and believed for `KEPT_S` seconds.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from buildyard.farm.queue.http.ids import is_name
from buildyard.farm.queue.http.revoked import is_revoked, revoke
from buildyard.farm.queue.http.rooms import MarconiRooms
from buildyard.farm.queue.http.tokens import Token, opened, sealed, stamp_of
from buildyard.taskcluster._hawk import Client
from buildyard.taskcluster.scopes import ScopeSet

#: Seconds for which a token is believed without looking at its client again: what a revocation may take to be known
#: in another hub of the same store.
KEPT_S: Final = 5.0
_MOST_KEPT: Final = 1000

#: The scope that one project needs, and who has it for every project.
SCOPE: Final = "marconi:"
EVERYWHERE: Final = "marconi:*"


class Holder(Struct, frozen=True, kw_only=True):
    """Who holds a token, and what it opens."""

    token: Token
    scopes: ScopeSet

    @property
    def is_admin(self) -> bool:
        """Whether it may do everything in every project."""
        return self.scopes.covers(EVERYWHERE)


class Desk:
    """The tokens of one hub."""

    def __init__(self, rooms: MarconiRooms) -> None:
        self._rooms = rooms
        self._kept: dict[str, tuple[Holder | None, float]] = {}

    async def client(self, client_id: str, access_token: str) -> Client | None:
        """Return the client of these credentials; None where they are not good."""
        client = await self.find(client_id)
        if client is None or not hmac.compare_digest(client.access_token.encode(), access_token.encode()):
            return None
        return client

    async def find(self, client_id: str) -> Client | None:
        """Return a client that is there, enabled and not expired."""
        if not is_name(client_id):
            return None
        found = await self._rooms.store.read(lambda connection: self._rooms.find_client(connection, client_id))
        return found if found is not None and _lives(found, self._rooms.clock()) else None

    def issue(self, client: Client, project: str | None, methods: tuple[str, ...], parent: Token | None) -> Token:
        """Return a new token of this client; one that was exchanged for another ends with it."""
        now = int(self._rooms.clock())
        ends = now + self._rooms.settings.token_ttl
        return Token(
            audit=secrets.token_urlsafe(16),
            client_id=client.client_id,
            project=project,
            issued=now,
            expires=min(ends, int(client.expires.timestamp())) if parent is None else parent.expires,
            methods=methods,
            parent="" if parent is None else parent.audit,
            stamp=stamp_of(self._rooms.key, client.access_token),
        )

    def text(self, token: Token) -> str:
        """Return the token as it is given out."""
        return sealed(self._rooms.key, token)

    async def holder(self, text: str) -> Holder | None:
        """Return who holds this token; None for one that is not good, or not any more."""
        now = self._rooms.clock()
        holder, looked = self._kept.get(text, (None, float("-inf")))
        if not 0 <= now - looked < KEPT_S:
            holder = await self._judged(text)
            self._keep(text, holder, now)
        return holder if holder is not None and holder.token.expires > now else None

    async def revoke(self, token: Token) -> None:
        """End this token now; in other hubs of the store, in `KEPT_S` seconds."""
        await self._rooms.store.write(lambda connection: revoke(connection, token.audit, token.expires))
        self._kept.clear()

    def _keep(self, text: str, holder: Holder | None, now: float) -> None:
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        if holder is not None:
            self._kept[text] = (holder, now)
        else:
            self._kept.pop(text, None)

    async def _judged(self, text: str) -> Holder | None:
        token = opened(self._rooms.key, text)
        if token is None:
            return None

        def body(connection: Connection) -> Client | None:
            if is_revoked(connection, token.audit):
                return None
            return self._rooms.find_client(connection, token.client_id)

        client = await self._rooms.store.read(body)
        if client is None or not _lives(client, self._rooms.clock()):
            return None
        if not hmac.compare_digest(token.stamp, stamp_of(self._rooms.key, client.access_token)):
            return None
        scopes = ScopeSet(client.scopes)
        if token.project is not None and not scopes.covers(SCOPE + token.project):
            return None
        return Holder(token=token, scopes=scopes)


def _lives(client: Client, now: float) -> bool:
    return client.expires.timestamp() > now
