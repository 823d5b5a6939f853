"""How a consumer process is doing, over HTTP: ``/live``, ``/ready`` and ``/metrics``.

    async with Monitor(consumers, port=9115) as monitor:
        ...

`aio.consume`, `api.consume` and ``buildyard bus consume`` serve it by themselves where the configuration's
``monitoring`` names a port.  It listens on the loopback interface unless told otherwise, answers GET and HEAD alone,
and holds few connections, each for a short time.  `_metrics` has the numbers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

from buildyard.messaging._metrics import CONTENT_TYPE, Counts, Watched, exposition, readiness
from buildyard.messaging.exceptions import ConfigurationException

__all__ = ["Monitor"]

#: The next connection waits until one has ended; a scraper needs one.
_CONNECTIONS = 16
#: Seconds that a connection lives, whatever comes on it.
_LIFETIME_S = 10.0
#: Bytes of a request's first line, and of one of its headers.
_LONGEST_LINE = 4096

#: Sends every request's outcome to the log of aiohttp's users, who look after a hundred a second; we do not.
_QUIET = logging.getLogger(f"{__name__}.http")


class Monitor:
    """Serves how ``consumers`` are doing, until it is left.

    ``consumers`` are those of `aio.start_consuming`; ``port`` 0 takes one that is free.  `url` is where it listens.
    Raises `ConfigurationException` where it cannot listen there.
    """

    def __init__(self, consumers: Sequence[Watched] = (), *, port: int, address: str = "127.0.0.1") -> None:
        self._consumers = consumers
        self._place = (address, port)
        self._counts = Counts()
        self._http: web.Server | None = None
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it listens, ``http://127.0.0.1:9115``."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start(self) -> None:
        """Begin to listen.  Raises `ConfigurationException`."""
        self._http = web.Server(
            self._answer,
            access_log=None,
            logger=_QUIET,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            keepalive_timeout=0,
        )
        address, port = self._place
        try:
            self._server = await asyncio.get_running_loop().create_server(self._accept, address or None, port)
        except OSError as error:
            reason = f"monitoring: {address or '*'}:{port} cannot be listened on: {error.strerror or error}"
            raise ConfigurationException(reason) from error
        self._counts.listen()

    def _accept(self) -> asyncio.Protocol:
        assert self._http is not None
        if len(self._http.connections) >= _CONNECTIONS:
            return _Refused()
        made = self._http()
        # Whoever sends nothing, or slowly, holds no connection for ever.
        asyncio.get_running_loop().call_later(_LIFETIME_S, made.force_close)
        return made

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        page = _PAGES.get(request.path)
        if page is None:
            return _text(404, "there are /live, /ready and /metrics\n")
        if request.method not in ("GET", "HEAD"):
            return _text(405, "GET and HEAD alone\n")
        return await page(self)

    async def _live(self) -> web.StreamResponse:
        return _json(200, {"status": "OK"})

    async def _ready(self) -> web.StreamResponse:
        state = readiness(self._consumers, self._counts)
        return _json(200 if state["consuming"] else 503, state)

    async def _metrics(self) -> web.StreamResponse:
        body = exposition(self._consumers, self._counts)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    async def close(self) -> None:
        """End it, and its connections."""
        self._counts.close()
        if self._server is not None:
            self._server.close()
        if self._http is not None:
            await self._http.shutdown(timeout=1.0)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class _Refused(asyncio.Protocol):
    """What a connection too many gets: its end."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


_PAGES: dict[str, Callable[[Monitor], Awaitable[web.StreamResponse]]] = {
    "/live": Monitor._live,
    "/ready": Monitor._ready,
    "/metrics": Monitor._metrics,
}


def _json(status: int, value: Any) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text)
