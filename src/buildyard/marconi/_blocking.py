"""The blocking face: tables of the cores' operations.  `buildyard.marconi` exports these."""

from __future__ import annotations

import os
import uuid
from collections.abc import Generator, Iterator, Mapping
from datetime import datetime
from typing import Any, Self, Unpack

from buildyard.faces.blocking import BlockingFace, blocking, blocking_iter, run_blocking
from buildyard.faces.connecting import ProxyRule, Tls
from buildyard.faces.transport import Transport
from buildyard.marconi._claim import AsyncClaim, ClaimFacts
from buildyard.marconi._client import AsyncClient, ClientFacts
from buildyard.marconi._connection import AsyncConnection, SecretHeaders
from buildyard.marconi._consumer import AsyncConsumer
from buildyard.marconi._faces import blocking_as, blocking_iter_as, direct, each_as, iterate_blocking_as
from buildyard.marconi._keepers import ThreadKeeper
from buildyard.marconi._message import AsyncMessage, MessageFacts
from buildyard.marconi._messages import page_as
from buildyard.marconi._options import ConnectionOptions, from_environment, read_options
from buildyard.marconi._queue import AsyncQueue, QueueFacts
from buildyard.marconi.models import HomeDoc, QueueStats

__all__ = ["Claim", "Client", "Connection", "Consumer", "Message", "Queue"]


def _own_transport(tls: Tls, proxy: ProxyRule) -> Transport:
    from buildyard.faces.http import BlockingTransport

    return BlockingTransport(tls=tls, proxy=proxy)


class Message(MessageFacts):
    """A message of a queue, a claim or a pop."""

    __slots__ = ("_core",)

    def __init__(self, core: AsyncMessage) -> None:
        self._core = core

    def delete(self) -> None:
        """Delete it; see `AsyncMessage.delete`."""
        run_blocking(self._core.delete())


class Claim(ClaimFacts, BlockingFace[AsyncClaim]):
    """A temporary hold on messages.  Iterate over it as often as you like; one that got nothing is false."""

    def __iter__(self) -> Iterator[Message]:
        return map(Message, self._core)

    messages = blocking_iter_as(AsyncClaim.messages, Message)
    patch = blocking(AsyncClaim.patch)
    delete = blocking(AsyncClaim.delete)


class Consumer(BlockingFace[AsyncConsumer]):
    """The messages of a queue one by one, each held by a thread while you work on it.  See `Queue.consume`.

    A context manager; leaving it ends the consumer.
    """

    @property
    def claim_is_lost(self) -> bool:
        """True where the service has given up the claim on the message in hand: somebody else may have it."""
        return self._core.claim_is_lost

    def __iter__(self) -> Generator[Message, None, None]:
        return iterate_blocking_as(aiter(self._core), Message)

    release = blocking(AsyncConsumer.release)


class Queue(QueueFacts, BlockingFace[AsyncQueue]):
    """A queue of one project.  See `AsyncQueue`."""

    @property
    def stats(self) -> QueueStats:
        """How many messages it has; asked for each time.  Zeros for a queue that is not there; in v1 `NotFound`."""
        return run_blocking(self._core.read_stats())

    @property
    def metadata(self) -> dict[str, Any]:
        """What is written about it; asked for each time.  See `AsyncQueue.metadata`."""
        return run_blocking(self._core.read_metadata())

    set_metadata = blocking(AsyncQueue.set_metadata)
    delete = blocking(AsyncQueue.delete)

    post_messages = blocking(AsyncQueue.post_messages)
    get_messages = blocking_iter_as(AsyncQueue.get_messages, Message)
    messages = blocking_iter_as(AsyncQueue.messages, Message)
    read_page = blocking_as(AsyncQueue.read_page, page_as(Message))
    get_message = blocking_as(AsyncQueue.get_message, Message)
    delete_message = blocking(AsyncQueue.delete_message)
    delete_messages = blocking(AsyncQueue.delete_messages)
    pop = blocking_as(AsyncQueue.pop, each_as(Message))

    claim = blocking_as(AsyncQueue.claim, Claim)
    get_claim = blocking_as(AsyncQueue.get_claim, Claim)
    update_claim = blocking(AsyncQueue.update_claim)
    release_claim = blocking(AsyncQueue.release_claim)
    consume = direct(AsyncQueue.consume, Consumer)

    purge = blocking(AsyncQueue.purge)
    share = blocking(AsyncQueue.share)
    subscribe = blocking(AsyncQueue.subscribe)
    subscriptions = blocking_iter(AsyncQueue.subscriptions)
    get_subscription = blocking(AsyncQueue.get_subscription)
    update_subscription = blocking(AsyncQueue.update_subscription)
    delete_subscription = blocking(AsyncQueue.delete_subscription)
    confirm_subscription = blocking(AsyncQueue.confirm_subscription)


class Queues:
    """The queues of an account: call it to choose, or iterate over all of them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(
        self, marker: str | None = None, limit: int | None = None, detailed: bool = False
    ) -> Generator[Queue, None, None]:
        """Yield queues by name; see `buildyard.marconi.aio`."""
        return self._client.list_queues(marker, limit, detailed)

    def __iter__(self) -> Iterator[Queue]:
        return self()


class Connection(BlockingFace[AsyncConnection]):
    """An identity at one service: gets and renews the token, finds the service, sends requests.

    A context manager; leaving it closes its sockets.  May be shared by threads, and used in a forked child.
    """

    def __init__(self, user: str | None = None, **options: Unpack[ConnectionOptions]) -> None:
        super().__init__(AsyncConnection(read_options(user, options), _own_transport, ThreadKeeper.start))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, **options: Unpack[ConnectionOptions]) -> Self:
        """Return a connection as OpenStack's ``OS_*`` variables say, with other options beside."""
        user, found = from_environment(os.environ if environ is None else environ)
        return cls(user, **(found | options))

    @property
    def username(self) -> str:
        """The user's name."""
        return self._core.username

    @property
    def version(self) -> str:
        """The version of the API: ``1.0``, ``1.1`` or ``2.0``."""
        return self._core.version

    @property
    def token(self) -> str | None:
        """The token of the next request, got if need be; None without credentials."""
        return run_blocking(self._core.read_token())

    @property
    def tenant(self) -> str | None:
        """The id of the project that requests are for."""
        return run_blocking(self._core.read_tenant())

    @property
    def expires(self) -> datetime | None:
        """When the token expires, aware; None where nobody knows."""
        return run_blocking(self._core.read_expires())

    @property
    def host(self) -> str:
        """The address of the service with its version, ``https://marconi.example.com/v2``."""
        return run_blocking(self._core.read_host())

    @property
    def headers(self) -> SecretHeaders:
        """The header fields of every request, by lower-case name.  Their repr hides the token."""
        return run_blocking(self._core.read_headers())

    request = blocking(AsyncConnection.request)

    def __repr__(self) -> str:
        return repr(self._core)


class Client(ClientFacts, BlockingFace[AsyncClient]):
    """An account at a service.  See `AsyncClient`.  A context manager; leaving it closes its connection."""

    def __init__(self, connection: Connection, client_id: str | uuid.UUID | None = None) -> None:
        super().__init__(AsyncClient(connection._core, client_id))
        self.connection = connection

    @property
    def home(self) -> HomeDoc:
        """What the service offers, as it says itself; asked for each time."""
        return run_blocking(self._core.read_home())

    @property
    def queues(self) -> Queues:
        """The account's queues: iterate over it, or call it with ``marker, limit, detailed``."""
        return Queues(self)

    queue = direct(AsyncClient.queue, Queue)
    create_queue = blocking_as(AsyncClient.create_queue, Queue)
    list_queues = blocking_iter_as(AsyncClient.list_queues, Queue)
    ping = blocking(AsyncClient.ping)
    health = blocking(AsyncClient.health)

    pools = blocking_iter(AsyncClient.pools)
    get_pool = blocking(AsyncClient.get_pool)
    create_pool = blocking(AsyncClient.create_pool)
    update_pool = blocking(AsyncClient.update_pool)
    delete_pool = blocking(AsyncClient.delete_pool)
    flavors = blocking_iter(AsyncClient.flavors)
    get_flavor = blocking(AsyncClient.get_flavor)
    create_flavor = blocking(AsyncClient.create_flavor)
    update_flavor = blocking(AsyncClient.update_flavor)
    delete_flavor = blocking(AsyncClient.delete_flavor)


setattr(Client, "async", False)
