"""Which operation an address means: matched as it came, before anything in it is decoded.

`wire` makes these routes of a service's operations; Starlette serves them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

#: Where a request's scope says by which route it is served.
_FOUND: Final = "buildyard.route"


class RawRoute(Route):
    """A route that is matched before its address is decoded: a ``%2F`` in a parameter is no slash.

    Otherwise who wants to change the client ``a/disable`` would disable the client ``a``.  A slash at the end does not
    count, unless the last parameter takes slashes.
    """

    def __init__(self, path: str, endpoint: Callable[[Request], Awaitable[Response]], **rest: Any) -> None:
        super().__init__(path, endpoint, **rest)
        self._pattern = re.compile(_raw_pattern(path))

    def params(self, raw_path: str) -> dict[str, str] | None:
        """Return the parameters of an address as it came; ``None`` where it is not this route's."""
        found = self._pattern.fullmatch(raw_path)
        return None if found is None else {name: unquote(value) for name, value in found.groupdict().items()}


class ServiceRoutes(BaseRoute):
    """The routes of one service, found by prefix and verb: a hub has more than a hundred."""

    def __init__(self, prefix: str, routes: Sequence[RawRoute]) -> None:
        self.routes = tuple(routes)
        self._prefix = f"{prefix}/"
        self._by_verb: dict[str, list[RawRoute]] = defaultdict(list)
        for each in routes:
            for verb in each.methods or ():
                self._by_verb[verb].append(each)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether one of the routes is meant, and with which parameters; another verb is another address."""
        raw_path = scope["raw_path"].decode("latin-1").partition("?")[0] if scope["type"] == "http" else ""
        if raw_path.startswith(self._prefix):
            for each in self._by_verb.get(scope["method"], ()):
                params = each.params(raw_path)
                if params is not None:
                    return Match.FULL, {"endpoint": each.endpoint, "path_params": params, _FOUND: each}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request by the route that was found."""
        await scope[_FOUND].app(scope, receive, send)


def _raw_pattern(path: str) -> str:
    parts = re.split(r"\{(\w+)(:path)?\}", path)
    pattern = re.escape(parts[0])
    for name, takes_slashes, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        pattern += rf"(?P<{name}>{'.+' if takes_slashes else '[^/]+'}){re.escape(text)}"
    return pattern if path.endswith(":path}") else f"{pattern.removesuffix('/')}/?"
