"""What the service tells, as values: statistics, the home document, pages, subscriptions, pools, flavors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from buildyard.marconi._hrefs import last_segment
from buildyard.marconi._wire import Link

__all__ = ["Flavor", "Health", "HomeDoc", "Page", "Pool", "QueueStats", "StatsMessage", "Subscription"]

MessageT = TypeVar("MessageT")


class StatsMessage(Struct, frozen=True, kw_only=True):
    """The oldest or newest message of a queue, as its statistics show it."""

    age: int | float  #: seconds
    ttl: int = 0  #: seconds; told by v2, as all below `created`
    href: str = ""
    created: datetime | None = None  #: aware, UTC
    body: Any = None
    claim_id: str | None = None  #: whose it is
    claim_count: int = 0  #: how often it was claimed, where the queue counts

    @property
    def id(self) -> str:
        """The message's id."""
        return last_segment(self.href)


class QueueStats(Struct, frozen=True, kw_only=True):
    """How many messages a queue has."""

    claimed: int = 0
    free: int = 0
    total: int = 0
    oldest: StatsMessage | None = None  #: None where there is none
    newest: StatsMessage | None = None


class StatsAnswer(Struct, frozen=True, kw_only=True):
    """The body that has them."""

    messages: QueueStats


class HomeDoc(Struct, frozen=True, kw_only=True):
    """What the service offers, as it says itself (``application/json-home``)."""

    resources: dict[str, dict[str, Any]]  #: by relation, ``rel/queues``

    def href(self, rel: str) -> str:
        """Return the address of a relation, or its template.  Raises `KeyError` for one that is not there."""
        found = self.resources[rel]
        href: str = found.get("href") or found["href-template"]
        return href

    def __repr__(self) -> str:
        return f"<HomeDoc {', '.join(sorted(self.resources))}>"


class Health(Struct, frozen=True, kw_only=True):
    """How the service is, for its administrators."""

    catalog_reachable: bool = True  #: whether it knows its pools
    pools: Mapping[str, Mapping[str, Any]] = {}  #: what it says of each pool's storage

    @property
    def is_well(self) -> bool:
        """True where everything could be reached."""
        return self.catalog_reachable and all(pool.get("storage_reachable", True) for pool in self.pools.values())


class Page(Struct, Generic[MessageT], frozen=True, kw_only=True):
    """Some messages of a queue, and where the next ones begin."""

    messages: tuple[MessageT, ...]
    marker: str | None  #: of the next page; that of this request where there was nothing, to ask again later


class Subscription(Struct, frozen=True, kw_only=True):
    """Somebody whom the service tells of each new message."""

    id: str
    subscriber: str  #: ``https://...``, ``mailto:...``, ``trust+https://...``
    source: str = ""  #: the queue's name
    ttl: int = 0  #: seconds
    age: int | float = 0  #: seconds
    options: dict[str, Any] = {}
    confirmed: bool | None = None  #: whether the subscriber has agreed; None where nobody asks


class SubscriptionList(Struct, frozen=True, kw_only=True):
    """A page of subscriptions."""

    subscriptions: list[Subscription]
    links: list[Link] = []


class Pool(Struct, frozen=True, kw_only=True):
    """A storage that queues are spread over."""

    name: str = ""
    uri: str = ""
    weight: int = 0  #: relative to other pools: how many of the new queues it gets
    flavor: str | None = None
    options: dict[str, Any] | None = None  #: told by `Client.get_pool` alone
    href: str = ""

    def __repr__(self) -> str:
        # The address of a storage may have its password within.
        return f"<Pool {self.name or last_segment(self.href)}>"


class PoolList(Struct, frozen=True, kw_only=True):
    """A page of pools."""

    pools: list[Pool]
    links: list[Link] = []


class Flavor(Struct, frozen=True, kw_only=True):
    """A kind of queue, by the pools that hold it."""

    name: str = ""
    pool_list: list[str] = []
    capabilities: list[str] | dict[str, Any] | None = None
    href: str = ""


class FlavorList(Struct, frozen=True, kw_only=True):
    """A page of flavors."""

    flavors: list[Flavor]
    links: list[Link] = []
