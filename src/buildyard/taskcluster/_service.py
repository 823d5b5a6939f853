"""What every service's core shares: sign, send, repeat where that is safe, read the answer.

A core is plain ``async def`` operations over a `buildyard.faces.transport.Transport`, and awaits
nothing else.  `_core` holds the services themselves, `_routes` their methods as data.
"""

# Method names are Taskcluster's own.
# ruff: noqa: N802, N803

from __future__ import annotations

import copy
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, TypeVar, cast

from msgspec import structs

from buildyard.errors import InvalidRequest, TransportError, WireError, visible_url
from buildyard.faces.transport import Fields, Request, Response, Timeout, Transport
from buildyard.retry import retry_after_seconds
from buildyard.taskcluster import _payload, _routes
from buildyard.taskcluster._hawk import EMPTY_PAYLOAD_HASH, payload_hash, sign_request
from buildyard.taskcluster._options import read_options
from buildyard.taskcluster._routes import Route
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.errors import (
    TaskclusterAnswerError,
    TaskclusterConnectionError,
    TaskclusterFailure,
    rest_failure,
)
from buildyard.taskcluster.types import Ping
from buildyard.taskcluster.urls import api_url, fill_route, signed_url, with_query

AnswerT = TypeVar("AnswerT")
ServiceT = TypeVar("ServiceT", bound="AsyncService")

_JSON = "application/json"

log = logging.getLogger(__name__)


class AsyncService:
    """One service of one deployment.

    ``options`` is the dict of the official client: ``rootUrl`` and, where requests are to be signed,
    ``credentials``; also ``authorizedScopes``, ``maxRetries``, ``signedUrlExpiration``.

    Operations raise `AuthenticationFailed` and `TaskclusterRestFailure` for an answer that refuses,
    `TaskclusterConnectionError` where no whole answer came, `TaskclusterAnswerError` for one that
    makes no sense, and `TaskclusterFailure` for a call that cannot be sent; see `errors`.
    """

    SERVICE: ClassVar[str]  #: as in addresses
    ROUTES: ClassVar[Mapping[str, Route[Any]]]

    def __init__(self, options: Mapping[str, Any], transport: Transport, *, owns_transport: bool = False) -> None:
        self._options = read_options(options)
        self._transport = transport
        self._owns_transport = owns_transport  # then `close` closes it

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._options.root_url} {self._options.credentials!r}>"

    def with_credentials(self, credentials: Mapping[str, Any] | Credentials) -> Self:
        """Return the same client with other credentials, over the same connections.

        For the credentials that come with a claim, and the new ones that each renewal brings.
        Closing it leaves the connections to the client it came from.
        """
        other = copy.copy(self)
        other._options = structs.replace(self._options, credentials=_as_credentials(credentials))
        other._owns_transport = False
        return other

    def replace_credentials(self, credentials: Mapping[str, Any] | Credentials) -> None:
        """Sign with other credentials from the next request on, retries of one under way included.

        For a long upload or a slow retry, during which the claim was renewed.
        """
        self._options = structs.replace(self._options, credentials=_as_credentials(credentials))

    def _neighbour(self, service: type[ServiceT], credentials: Mapping[str, Any]) -> ServiceT:
        """Return another service of the same deployment, over the same connections."""
        made = service.__new__(service)
        made._transport = self._transport
        made._owns_transport = False
        made._options = structs.replace(self._options, credentials=_as_credentials(credentials), authorized_scopes=None)
        return made

    async def close(self) -> None:
        """Close the client's own connections; a transport that was given to it stays open."""
        if self._owns_transport:
            await self._transport.close()

    def buildUrl(
        self,
        methodName: str,
        /,
        *args: str | int,
        params: Mapping[str, str | int] | None = None,
        query: Mapping[str, object] | None = None,
        **named: str | int,
    ) -> str:
        """Return the address that a method's request would go to, without sending it.

        The route's values are given in order, or each by its name (in ``params`` or as keywords).
        Raises `TaskclusterFailure` for an unknown method and for values that do not fit it.
        """
        route = self.ROUTES.get(methodName)
        if route is None:
            raise TaskclusterFailure(f"{methodName}: no such method of the {self.SERVICE} service")
        return self._url(route, _ordered(route, args, {**(params or {}), **named}), query)

    def buildSignedUrl(
        self,
        methodName: str,
        /,
        *args: str | int,
        expiration: float | None = None,
        params: Mapping[str, str | int] | None = None,
        query: Mapping[str, object] | None = None,
        **named: str | int,
    ) -> str:
        """Return an address that whoever has it may GET, as this client, for ``expiration`` seconds.

        Without ``expiration`` the option ``signedUrlExpiration`` counts.  Raises as `buildUrl` does,
        and `TaskclusterAuthFailure` without credentials.
        """
        url = self.buildUrl(methodName, *args, params=params, query=query, **named)
        seconds = self._options.signed_url_expiration if expiration is None else expiration
        scopes = self._options.authorized_scopes
        now = self._transport.now()
        return signed_url(url, self._options.credentials, now=now, expiration=seconds, authorized_scopes=scopes)

    async def ping(self) -> Ping:
        """Return that the service is alive, and for how many seconds."""
        return await self._call(_routes.PING)

    def _url(self, route: Route[Any], values: tuple[object, ...], query: Mapping[str, object] | None) -> str:
        path = with_query(fill_route(route.route, values), query, route.query)
        return api_url(self._options.root_url, self.SERVICE, path)

    async def _call(
        self,
        route: Route[AnswerT],
        *values: object,
        payload: object = None,
        query: Mapping[str, object] | None = None,
    ) -> AnswerT:
        """Return the answer to one method's request, sent as often as is safe and needed."""
        if any(value == "" for value in values):
            raise TaskclusterFailure(f"{route.name}: {', '.join(route.params)} cannot be empty")
        url = self._url(route, values, query)
        body = b"" if payload is None else _payload.encode(payload)
        response = await self._exchange(route.method, url, self._request_maker(route, url, body))
        return cast(AnswerT, _read(route, url, response))

    def _request_maker(self, route: Route[Any], url: str, body: bytes) -> Callable[[], Request]:
        hashed = payload_hash(_JSON, body) if body else EMPTY_PAYLOAD_HASH
        plain = (("Content-Type", _JSON),) if body else ()
        timeout = Timeout(read=route.read_seconds)

        def make() -> Request:
            # Signed now, for a signature that waited through a retry would be stale.
            headers = (*plain, *self._authorization(route.method, url, hashed))
            return Request(route.method, url, headers, body, timeout=timeout, idempotent=route.idempotent)

        return make

    def _authorization(self, method: str, url: str, hashed: str) -> Fields:
        credentials = self._options.credentials
        if not credentials:
            return ()
        header = sign_request(
            method,
            url,
            client_id=credentials.client_id,
            access_token=credentials.access_token,
            now=self._transport.now(),
            nonce=secrets.token_urlsafe(6),
            ext=credentials.ext(self._options.authorized_scopes),
            hashed=hashed,
        )
        return (("Authorization", header),)

    async def _exchange(self, method: str, url: str, make_request: Callable[[], Request]) -> Response:
        """Return an answer below 400; every other outcome becomes one of this package's errors."""
        try:
            response = await self._options.retry.send(self._transport, make_request)
        except TransportError as error:
            raise TaskclusterConnectionError.of(error) from error
        except WireError as error:
            raise TaskclusterAnswerError(error.reason, method=method, url=url) from error
        except InvalidRequest as error:
            raise TaskclusterFailure(error.reason) from error
        log.debug("taskcluster.answered", extra={"method": method, "url": visible_url(url), "status": response.status})
        if response.status < 400:
            return response
        wait = retry_after_seconds(response, self._transport.now())
        raise rest_failure(response.status, method=method, url=url, body=response.body, retry_after=wait)


def _read(route: Route[Any], url: str, response: Response) -> object:
    """Return the JSON object of a good answer, ``None`` where the method answers nothing."""
    if route.is_empty:
        return None
    value = _payload.decode(response.body, method=route.method, url=url)
    if not isinstance(value, dict):
        raise TaskclusterAnswerError("the answer is no JSON object", data=response.body, method=route.method, url=url)
    return value


def _as_credentials(given: Mapping[str, Any] | Credentials) -> Credentials:
    return given if isinstance(given, Credentials) else Credentials.from_options(given)


def _ordered(route: Route[Any], args: tuple[object, ...], params: Mapping[str, object]) -> tuple[object, ...]:
    """Return a route's values in its order, from positions or names."""
    if not params:
        return args
    if args:
        raise TaskclusterFailure(f"{route.name}: give the values of {route.route} by position or by name, not both")
    if params.keys() != set(route.params):
        raise TaskclusterFailure(f"{route.name} takes {', '.join(route.params)}, not {', '.join(params)}")
    return tuple(params[name] for name in route.params)
