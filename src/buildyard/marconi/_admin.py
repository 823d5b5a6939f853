"""Pools and flavors: where a Zaqar in its administrator's mode keeps its queues.  Part of `_client.AsyncClient`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from buildyard.marconi._hrefs import last_segment, path_of
from buildyard.marconi._paging import page_size, paged
from buildyard.marconi._resource import Resource
from buildyard.marconi._wire import decode, next_link
from buildyard.marconi.models import Flavor, FlavorList, Pool, PoolList

#: Without it a pool is told without its options.
_DETAILED = (("detailed", True),)

KindT = TypeVar("KindT", Pool, Flavor)


class Administration(Resource):
    """Pools and flavors.  A service without pooling answers `NotFound`; who is no administrator gets `Forbidden`."""

    def pools(self, limit: int | None = None, marker: str | None = None) -> AsyncIterator[Pool]:
        """Yield the pools, at most ``limit``, from behind ``marker`` on."""
        query = (("limit", page_size(limit)), ("marker", marker))

        async def read(href: str | None) -> tuple[list[Pool], str | None]:
            answer = await self._page("/pools", query, href)
            if not answer.body:
                return [], None
            found = decode(answer.body, PoolList, method="GET", url=answer.url)
            return [_named(each) for each in found.pools], next_link(found.links)

        return paged(read, limit, lambda each: each.name)

    async def get_pool(self, name: str) -> Pool:
        """Return a pool with its options.  Raises `NotFound`."""
        answer = await self._call("GET", path_of("pools", name), query=_DETAILED)
        return _named(decode(answer.body, Pool, method="GET", url=answer.url))

    async def create_pool(
        self,
        name: str,
        uri: str,
        weight: int,
        *,
        flavor: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a pool, or replace it: a storage at ``uri`` that gets new queues in proportion to ``weight``."""
        body = _given(uri=uri, weight=weight, flavor=flavor, options=options)
        await self._call("PUT", path_of("pools", name), json=body)

    async def update_pool(
        self,
        name: str,
        *,
        uri: str | None = None,
        weight: int | None = None,
        flavor: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Change what is given of a pool.  Raises `NotFound`."""
        body = _given(uri=uri, weight=weight, flavor=flavor, options=options)
        await self._call("PATCH", path_of("pools", name), json=body)

    async def delete_pool(self, name: str) -> None:
        """Take a pool out, if it is there.  Raises `Forbidden` while a flavor uses it."""
        await self._call("DELETE", path_of("pools", name))

    def flavors(self, limit: int | None = None, marker: str | None = None) -> AsyncIterator[Flavor]:
        """Yield the flavors, at most ``limit``, from behind ``marker`` on."""
        query = (("limit", page_size(limit)), ("marker", marker))

        async def read(href: str | None) -> tuple[list[Flavor], str | None]:
            answer = await self._page("/flavors", query, href)
            if not answer.body:
                return [], None
            found = decode(answer.body, FlavorList, method="GET", url=answer.url)
            return [_named(each) for each in found.flavors], next_link(found.links)

        return paged(read, limit, lambda each: each.name)

    async def get_flavor(self, name: str) -> Flavor:
        """Return a flavor.  Raises `NotFound`."""
        answer = await self._call("GET", path_of("flavors", name), query=_DETAILED)
        return _named(decode(answer.body, Flavor, method="GET", url=answer.url))

    async def create_flavor(self, name: str, pool_list: Sequence[str]) -> None:
        """Add a flavor of these pools, or replace it."""
        await self._call("PUT", path_of("flavors", name), json={"pool_list": list(pool_list)})

    async def update_flavor(self, name: str, pool_list: Sequence[str]) -> None:
        """Give a flavor other pools.  Raises `NotFound`."""
        await self._call("PATCH", path_of("flavors", name), json={"pool_list": list(pool_list)})

    async def delete_flavor(self, name: str) -> None:
        """Take a flavor out, if it is there."""
        await self._call("DELETE", path_of("flavors", name))


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _named(found: KindT) -> KindT:
    """Return a pool or flavor with its name, which some versions tell by its address alone."""
    return found if found.name else msgspec.structs.replace(found, name=last_segment(found.href))
