"""The transports for HTTP: `BlockingTransport` on urllib3, `AsyncioTransport` on aiohttp.

Each is imported when it is first named, so that a blocking program does not pay for aiohttp, nor the other way
round.  Both take ``tls`` and ``proxy`` (`connecting`); `twisted` has the third.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from buildyard.faces._aiohttp import AsyncioTransport
    from buildyard.faces._urllib3 import BlockingTransport

__all__ = ["AsyncioTransport", "BlockingTransport"]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name == "BlockingTransport":
            from buildyard.faces._urllib3 import BlockingTransport

            return BlockingTransport
        if name == "AsyncioTransport":
            from buildyard.faces._aiohttp import AsyncioTransport

            return AsyncioTransport
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
