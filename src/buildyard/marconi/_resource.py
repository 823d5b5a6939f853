"""Something at the service with an address below the connection's, and requests to it as one client."""

from __future__ import annotations

from typing import Protocol

from buildyard.faces.transport import Response
from buildyard.marconi._connection import AsyncConnection
from buildyard.marconi._dialects import Dialect
from buildyard.marconi._hrefs import Query, followed

_JSON = "application/json"


class Speaker(Protocol):
    """Who asks: a connection, and an id for the one who uses it."""

    client_id: str

    @property
    def connection(self) -> AsyncConnection:
        """The connection."""


class Resource:
    """Requests below one path.  ``_speaker`` is asked for the client's id each time, as that can be set."""

    def __init__(self, speaker: Speaker, path: str) -> None:
        self._speaker = speaker
        self._path = path

    @property
    def path(self) -> str:
        """Where it is, below the connection's address."""
        return self._path

    @property
    def connection(self) -> AsyncConnection:
        """The connection that it is reached over."""
        return self._speaker.connection

    @property
    def _dialect(self) -> Dialect:
        return self._speaker.connection.dialect

    async def _call(
        self,
        method: str,
        path: str = "",
        *,
        query: Query = (),
        json: object = None,
        body: bytes = b"",
        content_type: str = _JSON,
        idempotent: bool = True,
    ) -> Response:
        return await self._speaker.connection.call(
            method,
            self._path + path,
            client_id=self._speaker.client_id,
            query=query,
            json=json,
            body=body,
            content_type=content_type,
            idempotent=idempotent,
        )

    async def _page(self, path: str, query: Query, href: str | None) -> Response:
        """Return the first page of a list, or the one that another page has linked to."""
        if href is None:
            return await self._call("GET", path, query=query)
        link = href
        return await self._speaker.connection.call(
            "GET", lambda base: followed(base, link), client_id=self._speaker.client_id
        )
