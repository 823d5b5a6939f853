"""Every address of the Marconi server: what answers which method of it, in each version.

A table, and the function that finds a path in it: a split and a look-up, whatever the number of addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from buildyard.farm.queue.http import claims, deletes, home, pages, posts, queues, signed, v1
from buildyard.farm.queue.http.call import Handler

#: What Zaqar has and this server has not, and why.
_NO_SUBSCRIPTIONS: Final = "This server sends no notifications: there are no subscriptions and no topics here."
_NO_POOLS: Final = "This server has one store: there are no pools and no flavors here."


class Resource(Struct, frozen=True, kw_only=True):
    """What answers at one address."""

    handlers: Mapping[str, Handler] = {}
    absent: str = ""  #: why there is nothing


class Found(Struct, frozen=True):
    """An address, and the names in it."""

    resource: Resource
    version: str
    queue: str
    item: str


def _resource(**handlers: Handler) -> Resource:
    return Resource(handlers=handlers)


_CLAIMS: Final = {
    "/queues/{queue}/claims": _resource(POST=claims.claim),
    "/queues/{queue}/claims/{item}": _resource(GET=claims.get, PATCH=claims.renew, DELETE=claims.release),
}

_V1: Final = {
    "/": _resource(GET=home.home),
    "/health": _resource(GET=home.ping, HEAD=home.alive),
    "/queues": _resource(GET=v1.get_many),
    "/queues/{queue}": _resource(PUT=v1.create, GET=v1.exists, HEAD=v1.exists, DELETE=queues.remove),
    "/queues/{queue}/metadata": _resource(GET=v1.metadata, PUT=v1.set_metadata),
    "/queues/{queue}/stats": _resource(GET=v1.stats),
    "/queues/{queue}/messages": _resource(GET=v1.get_messages, POST=v1.post, DELETE=v1.delete_messages),
    "/queues/{queue}/messages/{item}": _resource(GET=v1.get_message, DELETE=deletes.delete_one),
    **_CLAIMS,
    "/queues/{queue}/claims/{item}": _resource(GET=v1.get_claim, PATCH=claims.renew, DELETE=claims.release),
    "/pools": Resource(absent=_NO_POOLS),
    "/pools/{item}": Resource(absent=_NO_POOLS),
}

_V1_1: Final = {
    "/": _resource(GET=home.home),
    "/ping": _resource(GET=home.ping, HEAD=home.alive),
    "/health": _resource(GET=home.health),
    "/queues": _resource(GET=queues.get_many),
    "/queues/{queue}": _resource(PUT=queues.create, GET=queues.get, DELETE=queues.remove),
    "/queues/{queue}/stats": _resource(GET=queues.stats),
    "/queues/{queue}/messages": _resource(GET=pages.get_many, POST=posts.post, DELETE=deletes.delete_many),
    "/queues/{queue}/messages/{item}": _resource(GET=pages.get_one, DELETE=deletes.delete_one),
    **_CLAIMS,
    "/pools": Resource(absent=_NO_POOLS),
    "/pools/{item}": Resource(absent=_NO_POOLS),
    "/flavors": Resource(absent=_NO_POOLS),
    "/flavors/{item}": Resource(absent=_NO_POOLS),
}

_V2: Final = {
    **_V1_1,
    "/queues/{queue}": _resource(PUT=queues.create, GET=queues.get, PATCH=queues.patch, DELETE=queues.remove),
    "/queues/{queue}/purge": _resource(POST=queues.purge),
    "/queues/{queue}/share": _resource(POST=signed.share),
    "/queues/{queue}/subscriptions": Resource(absent=_NO_SUBSCRIPTIONS),
    "/queues/{queue}/subscriptions/{item}": Resource(absent=_NO_SUBSCRIPTIONS),
    "/topics": Resource(absent=_NO_SUBSCRIPTIONS),
    "/topics/{item}": Resource(absent=_NO_SUBSCRIPTIONS),
}

#: Every address by its version and its path's template.
ADDRESSES: Final[Mapping[str, Mapping[str, Resource]]] = {"v1": _V1, "v1.1": _V1_1, "v2": _V2}

#: The first parts of paths that are served here: the versions, and the identity service.
VERSIONS: Final = frozenset({*ADDRESSES, "v3"})


def _keys() -> Iterator[tuple[tuple[str, ...], Resource]]:
    for version, addresses in ADDRESSES.items():
        for template, resource in addresses.items():
            parts = template.split("/")[1:]
            yield (version, *("" if part.startswith("{") else part or "/" for part in parts)), resource


_BY_SHAPE: Final = dict(_keys())


def find(path: str) -> Found | None:
    """Return what is at this path; None for nothing."""
    parts = path.split("/")
    count = len(parts)
    if count < 3 or count > 6:
        return None
    version, first = parts[1], parts[2]
    if count == 3:
        resource = _BY_SHAPE.get((version, first or "/"))
        return None if resource is None else Found(resource, version, "", "")
    if not all(parts[3:]):
        return None
    if count == 4:
        resource = _BY_SHAPE.get((version, first, ""))
        is_queue = first == "queues"
        return None if resource is None else Found(resource, version, parts[3] if is_queue else "", parts[3])
    shape = (version, first, "", parts[4]) if count == 5 else (version, first, "", parts[4], "")
    resource = _BY_SHAPE.get(shape)
    return None if resource is None else Found(resource, version, parts[3], parts[-1] if count == 6 else "")
