"""The connection: an identity, the address of a service, and requests to it.  The asyncio core; see `_session`.

Every request of `_client`, `_queue` and `_claim` goes through `AsyncConnection.call`, which adds the token, repeats
what may be repeated, and turns every refusal into an error.
"""

from __future__ import annotations

import logging
import uuid
import weakref
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, Protocol

from buildyard.errors import InvalidRequest, TransportError, WireError, visible_url
from buildyard.faces import transport as wire
from buildyard.faces.connecting import ProxyRule, Tls
from buildyard.faces.transport import Fields, Request, Transport
from buildyard.marconi._hrefs import Query, with_query
from buildyard.marconi._http import Http, Response
from buildyard.marconi._identity import Grant
from buildyard.marconi._keeping import Keeper, StartKeeper, Upkeep
from buildyard.marconi._options import Settings
from buildyard.marconi._session import Session
from buildyard.marconi._wire import encode
from buildyard.marconi.errors import AnswerError, ConnectionFailed, UsageError, refused
from buildyard.retry import retry_after_seconds

log = logging.getLogger(__name__)

_ACCEPT = ("Accept", "application/json")
_JSON = "application/json"


#: How a face makes a transport of its own.
MakeTransport = Callable[[Tls, ProxyRule], Transport]


class SecretHeaders(dict[str, str]):
    """Header fields by lower-case name; its repr leaves out what is secret."""

    def __repr__(self) -> str:
        shown = {
            name: "..." if name in wire.SECRET_FIELDS or name == "url-signature" else value
            for name, value in self.items()
        }
        return repr(shown)


class Closes(Protocol):
    """Something that lives on a connection and ends before it: a consumer."""

    async def close(self) -> None:
        """End it."""


class AsyncConnection:
    """An identity at one service.  Made by the faces' `Connection`."""

    def __init__(self, settings: Settings, make_transport: MakeTransport, start_keeper: StartKeeper) -> None:
        self.dialect = settings.dialect
        self.transport = settings.transport or make_transport(settings.tls, settings.proxy)
        self.client_id = str(uuid.uuid4())  #: sent where a request names none
        self._settings = settings
        self._owns_transport = settings.transport is None
        self._session = Session(settings.auth, settings.auth_url, self.transport, settings.retry)
        self._consumers: weakref.WeakSet[Closes] = weakref.WeakSet()
        self._start_keeper = start_keeper
        self._keepers: list[Keeper] = []
        self._base: tuple[Grant, str] | None = None

    def __repr__(self) -> str:
        held = self._session.held
        expires = held.expires.isoformat() if held and held.expires else "-"
        return f"<MarconiConnection user:{self.username or '-'} expires:{expires}>"

    @property
    def username(self) -> str:
        """The user's name as it was given, else as the identity service told it."""
        held = self._session.held
        return self._settings.user or (held.user if held else "")

    @property
    def version(self) -> str:
        """The version of the API: ``1.0``, ``1.1`` or ``2.0``."""
        return self.dialect.version

    @property
    def token(self) -> Coroutine[Any, Any, str | None]:
        """The token of the next request, got if need be: ``await connection.token``; None without credentials."""
        return self.read_token()

    @property
    def tenant(self) -> Coroutine[Any, Any, str | None]:
        """The id of the project that requests are for, to be awaited."""
        return self.read_tenant()

    @property
    def expires(self) -> Coroutine[Any, Any, datetime | None]:
        """When the token expires, aware, to be awaited; None where nobody knows."""
        return self.read_expires()

    @property
    def host(self) -> Coroutine[Any, Any, str]:
        """The address of the service with its version, ``https://marconi.example.com/v2``, to be awaited."""
        return self.read_host()

    @property
    def headers(self) -> Coroutine[Any, Any, SecretHeaders]:
        """The header fields of every request, by lower-case name, to be awaited.  Their repr hides the token."""
        return self.read_headers()

    async def read_grant(self) -> Grant:
        """Return a grant that is good now, got if need be."""
        return await self._session.grant()

    async def read_token(self) -> str | None:
        """Return the token of the next request; None where there are no credentials."""
        return (await self.read_grant()).token or None

    async def read_tenant(self) -> str | None:
        """Return the id of the project that requests are for."""
        return (await self.read_grant()).project_id or None

    async def read_expires(self) -> datetime | None:
        """Return when the token expires, aware; None where nobody knows."""
        return (await self.read_grant()).expires

    async def read_host(self) -> str:
        """Return the address of the service with its version, ``https://marconi.example.com/v2``."""
        return self._base_url(await self.read_grant())

    async def read_headers(self) -> SecretHeaders:
        """Return the header fields that every request has, those of one client and one body left out."""
        grant = await self.read_grant()
        host = Request("GET", self._base_url(grant)).target.authority
        fields = (("Host", host), _ACCEPT, *grant.fields)
        return SecretHeaders({name.lower(): value for name, value in fields})

    def _base_url(self, grant: Grant) -> str:
        known = self._base
        if known is None or known[0] is not grant:
            known = self._base = (grant, self._settings.place.locate(grant.catalog, self.dialect.segment))
        return known[1]

    async def request(
        self,
        method: Http | str,
        path: str = "/",
        *,
        headers: Mapping[str, object] | None = None,
        data: str | bytes | None = None,
        params: Mapping[str, object] | None = None,
        verify: bool = True,
    ) -> Response:
        """Return the answer to a request of your own, whatever its status.

        ``path`` is below `host` and must be percent-encoded; ``data`` is sent as it is, as JSON.  ``verify`` can
        only be true: an authority of your own is the connection's ``ca_file``.  Sent again where that is safe,
        which it is not for POST and PATCH; a 401 is tried once more with a new token.
        """
        if not verify:
            raise UsageError("certificates are always verified: give the connection a ca_file")
        name = method.value if isinstance(method, Http) else method.upper()
        body = data.encode() if isinstance(data, str) else data or b""
        given = tuple((key, str(value)) for key, value in (headers or {}).items())
        if not path.startswith("/"):
            raise UsageError("a path begins with a slash")
        answer = await self._exchange(
            name,
            lambda base: base + with_query(path, (params or {}).items()),
            self._fields(given, self.client_id, _JSON if body else ""),
            body,
            idempotent=name not in ("POST", "PATCH"),
        )
        return Response(answer, name)

    async def call(
        self,
        method: str,
        where: str | Callable[[str], str],
        *,
        client_id: str,
        query: Query = (),
        json: object = None,
        body: bytes = b"",
        content_type: str = _JSON,
        idempotent: bool = True,
    ) -> wire.Response:
        """Return a good answer.  ``where`` is a path below `host`, or makes a URL of it.

        Raises `Refused` and `Unauthorized` for an answer of 300 and above, `ConnectionFailed` where none came,
        `AnswerError` where it was no HTTP, `UsageError` where the request cannot be sent.
        """
        content = encode(json) if json is not None else body
        make_url = where if callable(where) else _below(with_query(where, query))
        fields = self._fields((), client_id, content_type if content else "")
        answer = await self._exchange(method, make_url, fields, content, idempotent=idempotent)
        if answer.status < 300:
            return answer
        wait = retry_after_seconds(answer, self.transport.now())
        raise refused(answer.status, method=method, url=answer.url, body=answer.body, retry_after=wait)

    @staticmethod
    def _fields(given: Fields, client_id: str, content_type: str) -> Fields:
        usual = [("Client-ID", client_id), _ACCEPT]
        if content_type:
            usual.append(("Content-Type", content_type))
        names = {name.lower() for name, _ in given}
        return (*given, *(pair for pair in usual if pair[0].lower() not in names))

    async def _exchange(
        self, method: str, make_url: Callable[[str], str], fields: Fields, body: bytes, *, idempotent: bool
    ) -> wire.Response:
        grant = await self._session.grant()
        answer = await self._send(grant, method, make_url, fields, body, idempotent)
        if answer.status == 401 and self._session.is_renewable:
            # Refused before anything was done, so even a post may be sent again, once, with another token.
            grant = await self._session.grant(refused_token=grant.token)
            answer = await self._send(grant, method, make_url, fields, body, idempotent)
        return answer

    async def _send(
        self,
        grant: Grant,
        method: str,
        make_url: Callable[[str], str],
        fields: Fields,
        body: bytes,
        idempotent: bool,
    ) -> wire.Response:
        url = make_url(self._base_url(grant))
        try:
            request = Request(
                method, url, (*fields, *grant.fields), body, timeout=self._settings.timeout, idempotent=idempotent
            )
            answer = await self._settings.retry.send(self.transport, lambda: request)
        except TransportError as error:
            raise ConnectionFailed(error) from error
        except WireError as error:
            raise AnswerError(error.reason, method=method, url=url) from error
        except InvalidRequest as error:
            raise UsageError(error.reason) from error
        if log.isEnabledFor(logging.DEBUG):
            log.debug("marconi.answered", extra={"method": method, "url": visible_url(url), "status": answer.status})
        return answer

    def adopt(self, consumer: Closes) -> None:
        """End ``consumer`` before this connection is closed, if it still lives then."""
        self._consumers.add(consumer)

    async def keep(self, upkeep: Upkeep) -> Keeper:
        """Return what renews a claim from now on, and releases it before this connection is closed."""
        keeper = await self._start_keeper(upkeep)
        self._keepers = [other for other in self._keepers if not other.is_done] + [keeper]
        return keeper

    async def close(self) -> None:
        """End the consumers, and close the connections; a transport that was given to it stays open."""
        for consumer in list(self._consumers):
            await consumer.close()
        for keeper in self._keepers:
            await keeper.stop()
        if self._owns_transport:
            await self.transport.close()


def _below(path: str) -> Callable[[str], str]:
    return lambda base: base + path
