"""What every service's core shares: sign, send, repeat where that is safe, read the answer.

A core is plain ``async def`` operations over a `buildyard.faces.transport.Transport`, and awaits
nothing else.  `_services` holds the services themselves, `_calling` how their functions may be called.
"""

# Method names are Taskcluster's own.
# ruff: noqa: N802, N803

from __future__ import annotations

import copy
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeVar, cast

from msgspec import structs

from buildyard.errors import InvalidRequest, TransportError, WireError, visible_url
from buildyard.faces.transport import Fields, Request, Response, Transport
from buildyard.retry import retry_after_seconds
from buildyard.taskcluster import _payload
from buildyard.taskcluster._calling import Call, bind
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
    VERSION: ClassVar[str] = "v1"  #: of its API
    ROUTES: ClassVar[Mapping[str, Route[Any]]]  #: each function by its name

    def __init_subclass__(cls, **facts: Any) -> None:
        """Collect the routes of the operations that a class lists, beside those it names itself."""
        super().__init_subclass__(**facts)
        own = (getattr(value, "route", None) for value in vars(cls).values())
        found = {route.name: route for route in own if isinstance(route, Route)}
        if found:
            cls.ROUTES = MappingProxyType({**getattr(cls, "ROUTES", {}), **found})

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

    def _retrying(self, max_retries: int | None) -> Self:
        """Return the same client with another number of retries, ``None`` for its own."""
        if max_retries is None:
            return self
        other = copy.copy(self)
        other._options = structs.replace(self._options, max_retries=max_retries)
        other._owns_transport = False
        return other

    async def close(self) -> None:
        """Close the client's own connections; a transport that was given to it stays open."""
        if self._owns_transport:
            await self._transport.close()

    def buildUrl(self, methodName: str, /, *args: Any, **named: Any) -> str:
        """Return the address that a function's request would go to, without sending it.

        Called as the function itself.  Raises `TaskclusterFailure` for an unknown function and for
        values that do not fit it.
        """
        route = self.ROUTES.get(methodName)
        if route is None:
            raise TaskclusterFailure(f"{methodName}: no such function of the {self.SERVICE} service")
        call = bind(route, args, named)
        return self._url(route, call.values, call.query)

    def buildSignedUrl(self, methodName: str, /, *args: Any, expiration: float | None = None, **named: Any) -> str:
        """Return an address that whoever has it may GET, as this client, for ``expiration`` seconds.

        Without ``expiration`` the option ``signedUrlExpiration`` counts.  Raises as `buildUrl` does,
        and `TaskclusterAuthFailure` without credentials.
        """
        url = self.buildUrl(methodName, *args, **named)
        seconds = self._options.signed_url_expiration if expiration is None else expiration
        scopes = self._options.authorized_scopes
        now = self._transport.now()
        return signed_url(url, self._options.credentials, now=now, expiration=seconds, authorized_scopes=scopes)

    def _url(self, route: Route[Any], values: tuple[object, ...], query: Mapping[str, object] | None) -> str:
        path = with_query(fill_route(route.route, values), query, route.query)
        return api_url(self._options.root_url, self.SERVICE, path, version=self.VERSION)

    async def _invoke(self, route: Route[Any], call: Call) -> Any:
        """Return the answer to a call; with a handler it gets each page, and nothing is returned."""
        if call.handler is None:
            return await self._call(route, *call.values, payload=call.payload, query=_limited(call))
        async for page in self._pages(route, call):
            done = call.handler(page)
            if isinstance(done, Awaitable):
                await done
        return None

    async def _items(self, route: Route[Any], call: Call) -> AsyncIterator[Any]:
        """Yield what the pages of a call list, item by item; the next page is asked for when it is needed."""
        async for page in self._pages(route, call):
            for item in listed(page):
                yield item

    async def _pages(self, route: Route[Any], call: Call) -> AsyncIterator[Any]:
        query = dict(_limited(call) or {})
        while True:
            page = await self._call(route, *call.values, payload=call.payload, query=query)
            yield page
            token = page.get("continuationToken")
            if not token:
                return
            if token == query.get("continuationToken"):
                raise TaskclusterAnswerError(f"{route.name}: a page names itself as the next one")
            query["continuationToken"] = token

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
        timeout = route.timeout
        idempotent = route.idempotent or self._options.retry_non_idempotent

        def make() -> Request:
            # Signed now, for a signature that waited through a retry would be stale.
            headers = (*plain, *self._authorization(route.method, url, hashed))
            return Request(route.method, url, headers, body, timeout=timeout, idempotent=idempotent)

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
            ext=self._options.ext,
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
        if log.isEnabledFor(logging.DEBUG):
            facts = {"method": method, "url": visible_url(url), "status": response.status}
            log.debug("taskcluster.answered", extra=facts)
        if response.status < 400:
            return response
        wait = retry_after_seconds(response, self._transport.now())
        raise rest_failure(response.status, method=method, url=url, body=response.body, retry_after=wait)


def _limited(call: Call) -> Mapping[str, object] | None:
    return call.query if call.limit is None else {**(call.query or {}), "limit": call.limit}


def listed(page: Mapping[str, Any]) -> list[Any]:
    """Return the one list that a page holds; `TaskclusterAnswerError` where that is not clear."""
    lists = [value for value in page.values() if isinstance(value, list)]
    if len(lists) != 1:
        raise TaskclusterAnswerError(f"a page should hold one list, this one holds {len(lists)}", data=str(page))
    return lists[0]


def _read(route: Route[Any], url: str, response: Response) -> object:
    """Return the value in a good answer: what the function declares, or what came where it declares nothing."""
    if route.answer == "empty" or (route.answer == "any" and not response.body):
        return None
    try:
        value = _payload.decode(response.body, method=route.method, url=url)
    except TaskclusterAnswerError:
        if route.answer == "any":
            return {"response": response}
        raise
    wanted = {"object": dict, "list": list}.get(route.answer)
    if wanted is not None and not isinstance(value, wanted):
        wrong = f"the answer is no JSON {route.answer}"
        raise TaskclusterAnswerError(wrong, data=response.body, method=route.method, url=url)
    return value


def _as_credentials(given: Mapping[str, Any] | Credentials) -> Credentials:
    return given if isinstance(given, Credentials) else Credentials.from_options(given)
