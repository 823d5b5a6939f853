"""A client of the farm's own API, ``/api/farm/v1``: ask for wheels, look, follow events and logs.

`FarmCore` holds each operation once, over a transport; `Farm` is its blocking face, which the commands use.  Requests
are signed where there is a credential.  What comes back is in `answers`; errors are those of `buildyard.errors`, their
``.body`` the hub's problem details.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from buildyard.cli.answers import BuildAnswer, BuilderAnswer, Events, Explained, Ping, RequestAnswer
from buildyard.errors import Cut, TimedOut, WireError, remote_error
from buildyard.faces.blocking import BlockingFace, blocking, blocking_iter
from buildyard.faces.transport import Request, Response, Timeout, Transport
from buildyard.farm.builds.status_values import Status
from buildyard.retry import Retry
from buildyard.taskcluster._hawk import payload_hash, sign_request
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.slugid import slugId

T = TypeVar("T")

PREFIX = "/api/farm/v1"

#: A person waits at the terminal: a hub that is only just restarting is there again within these.
RETRY = Retry(attempts=4, first=0.15)

_JSON = "application/json"


class _BuilderList(msgspec.Struct, frozen=True):
    builders: tuple[BuilderAnswer, ...]


class _Number(msgspec.Struct, frozen=True):
    id: int


class FarmCore:
    """A hub, as a terminal talks to it.  ``address`` is its root, ``http://127.0.0.1:8765``."""

    def __init__(
        self, transport: Transport, address: str, credentials: Credentials | None = None, *, retry: Retry = RETRY
    ) -> None:
        self._transport = transport
        self._root = address.rstrip("/")
        self._credentials = credentials or Credentials()
        self._retry = retry

    async def ping(self) -> Ping:
        """Return who answers."""
        return _decoded(await self._get("/ping"), Ping)

    async def ask(
        self, requirements: Sequence[str], *, abis: Sequence[str] = (), deps: bool = True, again: bool = False
    ) -> int:
        """Return the number of a new request for these requirements (PEP 508).

        No ``abis`` means each that the builders have.  With ``again`` builds that failed are tried once more.
        """
        asked = {"requirements": list(requirements), "abis": list(abis), "deps": deps, "again": again}
        answer = await self._send("POST", "/requests", body=msgspec.json.encode(asked))
        return _decoded(answer, _Number).id

    async def request(self, number: int) -> RequestAnswer:
        """Return a request and its builds; raises `NotFound`."""
        return _decoded(await self._get(f"/requests/{number}"), RequestAnswer)

    async def status(self) -> Status:
        """Return the farm at this moment."""
        return _decoded(await self._get("/status"), Status)

    async def explain(self, package: str) -> Explained:
        """Return why each build of a package is as it is; raises `NotFound` where nobody has asked for it."""
        return _decoded(await self._get(f"/packages/{quote(package, safe='')}/explain"), Explained)

    async def build(self, number: int) -> BuildAnswer:
        """Return one build; raises `NotFound`."""
        return _decoded(await self._get(f"/builds/{number}"), BuildAnswer)

    async def builders(self) -> tuple[BuilderAnswer, ...]:
        """Return every builder that has said hello."""
        return _decoded(await self._get("/builders"), _BuilderList).builders

    async def events(self, after: int, *, wait: float = 0.0, limit: int = 500) -> Events:
        """Return the events that follow a number, waiting up to ``wait`` seconds for the first."""
        query = urlencode({"after": after, "limit": limit, "wait": int(wait)})
        return _decoded(await self._get(f"/events?{query}", patience=wait), Events)

    async def raw(self, path: str) -> bytes:
        """Return the hub's own JSON for a path below the API's prefix, as ``--json`` prints it."""
        return (await self._get(path)).body

    async def log(self, number: int, *, follow: bool = False) -> AsyncIterator[bytes]:
        """Yield the log of a build as it arrives; with ``follow`` until its run has ended.

        A connection that ends early, or is silent for long while the build is, is taken up where it stopped.
        """
        start, more = 0, True
        while more:
            more = False
            try:
                async for chunk in self._log_from(number, start, follow=follow):
                    start += len(chunk)
                    yield chunk
            except (Cut, TimedOut):
                if not follow:
                    raise
                more = True

    async def close(self) -> None:
        """Close the kept connections."""
        await self._transport.close()

    async def _log_from(self, number: int, start: int, *, follow: bool) -> AsyncIterator[bytes]:
        query = f"?{urlencode({'follow': 1, 'start': start})}" if follow else ""
        request = self._request("GET", f"/builds/{number}/log{query}")
        async with self._transport.stream(request) as answer:
            if answer.status != 200:
                raise _refusal(request, Response(answer.status, answer.headers, await answer.read()))
            async for chunk in answer.chunks():
                yield chunk

    async def _get(self, path: str, *, patience: float = 0.0) -> Response:
        return await self._send("GET", path, timeout=Timeout(connect=5.0, read=30.0 + patience))

    async def _send(self, method: str, path: str, *, body: bytes = b"", timeout: Timeout | None = None) -> Response:
        def make() -> Request:
            return self._request(method, path, body=body, timeout=timeout)

        answer = await self._retry.send(self._transport, make)
        if not 200 <= answer.status < 300:
            raise _refusal(make(), answer)
        return answer

    def _request(self, method: str, path: str, *, body: bytes = b"", timeout: Timeout | None = None) -> Request:
        url = f"{self._root}{PREFIX}{path}"
        headers = [("Accept", _JSON)]
        if body:
            headers.append(("Content-Type", _JSON))
        if self._credentials:
            headers.append(("Authorization", self._signature(method, url, body)))
        return Request(
            method, url, tuple(headers), body, timeout=timeout or Timeout(connect=5.0), idempotent=method == "GET"
        )

    def _signature(self, method: str, url: str, body: bytes) -> str:
        return sign_request(
            method,
            url,
            client_id=self._credentials.client_id,
            access_token=self._credentials.access_token,
            now=self._transport.now(),
            nonce=slugId(),
            ext=self._credentials.ext(),
            hashed=payload_hash(_JSON if body else "", body),
        )


class Farm(BlockingFace[FarmCore]):
    """A hub, for blocking callers; `FarmCore` tells what each operation does."""

    ping = blocking(FarmCore.ping)
    ask = blocking(FarmCore.ask)
    request = blocking(FarmCore.request)
    status = blocking(FarmCore.status)
    explain = blocking(FarmCore.explain)
    build = blocking(FarmCore.build)
    builders = blocking(FarmCore.builders)
    events = blocking(FarmCore.events)
    raw = blocking(FarmCore.raw)
    log = blocking_iter(FarmCore.log)


def _refusal(request: Request, answer: Response) -> Exception:
    return remote_error(answer.status, "", method=request.method, url=request.url, body=answer.body)


def _decoded(answer: Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.DecodeError as error:
        raise WireError(str(error), data=answer.body, method="GET", url=answer.url) from error
