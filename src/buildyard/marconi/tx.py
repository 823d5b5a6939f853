"""A client of Marconi (Zaqar) for Twisted programs: operations return Deferreds, lists a `DeferredIterator`.

    connection = Connection("tacocat", apikey="...", auth_url="https://id.example.com")
    queue = Client(connection).queue("work")
    queue.post_messages({"body": {"action": "win"}}).addCallback(print)
    queue.consume().each(handle)

What is an attribute in `buildyard.marconi` and costs a request is a Deferred here: ``queue.stats.addCallback(...)``.
Twisted is imported when a connection is made.
"""

from __future__ import annotations

import inspect
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, Unpack

from buildyard.faces.connecting import ProxyRule, Tls
from buildyard.faces.deferred import DeferredFace, DeferredIterator, as_deferred, deferred, deferred_iter
from buildyard.faces.transport import Transport
from buildyard.marconi._claim import AsyncClaim, ClaimFacts
from buildyard.marconi._client import AsyncClient, ClientFacts
from buildyard.marconi._connection import AsyncConnection, SecretHeaders
from buildyard.marconi._consumer import AsyncConsumer
from buildyard.marconi._faces import deferred_as, deferred_iter_as, direct, each_as
from buildyard.marconi._http import Http, Response
from buildyard.marconi._keeping import Upkeep
from buildyard.marconi._message import AsyncMessage, MessageFacts, MessageStatus
from buildyard.marconi._messages import page_as
from buildyard.marconi._options import ConnectionOptions, from_environment, read_options
from buildyard.marconi._queue import AsyncQueue, QueueFacts
from buildyard.marconi.models import HomeDoc, QueueStats

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

__all__ = ["Claim", "Client", "Connection", "Consumer", "Http", "Message", "MessageStatus", "Queue", "Response"]


def _own_transport(tls: Tls, proxy: ProxyRule) -> Transport:
    from buildyard.faces.twisted import TwistedTransport

    return TwistedTransport(tls=tls, proxy=proxy)


class Message(MessageFacts):
    """A message of a queue, a claim or a pop."""

    __slots__ = ("_core",)

    def __init__(self, core: AsyncMessage) -> None:
        self._core = core

    def delete(self) -> Deferred[None]:
        """Delete it; see `AsyncMessage.delete`."""
        return as_deferred(self._core.delete())


class Claim(ClaimFacts, DeferredFace[AsyncClaim]):
    """A temporary hold on messages.  Iterate over it as often as you like; one that got nothing is false."""

    def __iter__(self) -> Iterator[Message]:
        return map(Message, self._core)

    messages = deferred_iter_as(AsyncClaim.messages, Message)
    patch = deferred(AsyncClaim.patch)
    delete = deferred(AsyncClaim.delete)


class Consumer(DeferredFace[AsyncConsumer]):
    """The messages of a queue one by one, each held while it is worked on.  See `Queue.consume`."""

    @property
    def claim_is_lost(self) -> bool:
        """True where the service has given up the claim on the message in hand: somebody else may have it."""
        return self._core.claim_is_lost

    def each(self, handler: Callable[[Message], object]) -> Deferred[None]:
        """Call ``handler`` with each message, one after another; a Deferred or coroutine that it returns is waited for.

        A message is deleted when its handler is done.  Where it fails, the message is released, the consumer ends,
        and the Deferred fires with the failure.  Cancel the Deferred to end the consumer.
        """
        return as_deferred(self._each(handler))

    async def _each(self, handler: Callable[[Message], object]) -> None:
        from twisted.internet.defer import Deferred

        try:
            async for message in self._core:
                result = handler(Message(message))
                if isinstance(result, Deferred) or inspect.iscoroutine(result):
                    await result
        finally:
            await self._core.close()

    async def __aiter__(self) -> AsyncIterator[Message]:
        async for message in self._core:
            yield Message(message)

    release = deferred(AsyncConsumer.release)


class _DeferredKeeper:
    """Renews in a coroutine of Twisted's, which also releases."""

    def __init__(self, upkeep: Upkeep) -> None:
        self._is_stopped = False
        self._kept = as_deferred(self._keep(upkeep))

    @classmethod
    async def start(cls, upkeep: Upkeep) -> Self:
        return cls(upkeep)

    async def _keep(self, upkeep: Upkeep) -> None:
        from twisted.internet import reactor
        from twisted.internet.defer import CancelledError, Deferred
        from twisted.internet.task import deferLater

        try:
            is_ours = True
            while is_ours:
                await deferLater(reactor, upkeep.pause, lambda: None)
                is_ours = await upkeep.renew()
            await Deferred()  # until it is cancelled
        except CancelledError:
            await upkeep.release()

    @property
    def is_done(self) -> bool:
        return self._kept.called and not self._kept.paused

    def abandon(self) -> None:
        if not self._is_stopped:
            self._is_stopped = True
            self._kept.cancel()

    async def stop(self) -> None:
        self.abandon()
        await self._kept


class Queue(QueueFacts, DeferredFace[AsyncQueue]):
    """A queue of one project.  See `AsyncQueue`."""

    @property
    def stats(self) -> Deferred[QueueStats]:
        """How many messages it has; asked for each time."""
        return as_deferred(self._core.read_stats())

    @property
    def metadata(self) -> Deferred[dict[str, Any]]:
        """What is written about it; asked for each time.  See `AsyncQueue.metadata`."""
        return as_deferred(self._core.read_metadata())

    set_metadata = deferred(AsyncQueue.set_metadata)
    delete = deferred(AsyncQueue.delete)

    post_messages = deferred(AsyncQueue.post_messages)
    get_messages = deferred_iter_as(AsyncQueue.get_messages, Message)
    messages = deferred_iter_as(AsyncQueue.messages, Message)
    read_page = deferred_as(AsyncQueue.read_page, page_as(Message))
    get_message = deferred_as(AsyncQueue.get_message, Message)
    delete_message = deferred(AsyncQueue.delete_message)
    delete_messages = deferred(AsyncQueue.delete_messages)
    pop = deferred_as(AsyncQueue.pop, each_as(Message))

    claim = deferred_as(AsyncQueue.claim, Claim)
    get_claim = deferred_as(AsyncQueue.get_claim, Claim)
    update_claim = deferred(AsyncQueue.update_claim)
    release_claim = deferred(AsyncQueue.release_claim)
    consume = direct(AsyncQueue.consume, Consumer)

    purge = deferred(AsyncQueue.purge)
    share = deferred(AsyncQueue.share)
    subscribe = deferred(AsyncQueue.subscribe)
    subscriptions = deferred_iter(AsyncQueue.subscriptions)
    get_subscription = deferred(AsyncQueue.get_subscription)
    update_subscription = deferred(AsyncQueue.update_subscription)
    delete_subscription = deferred(AsyncQueue.delete_subscription)
    confirm_subscription = deferred(AsyncQueue.confirm_subscription)


class Queues:
    """The queues of an account: call it to choose, or iterate over all of them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(
        self, marker: str | None = None, limit: int | None = None, detailed: bool = False
    ) -> DeferredIterator[Queue]:
        """Yield queues by name, at most ``limit``, from behind ``marker`` on; each page when it is needed."""
        return self._client.list_queues(marker, limit, detailed)

    def __aiter__(self) -> AsyncIterator[Queue]:
        return self()


class Connection(DeferredFace[AsyncConnection]):
    """An identity at one service: gets and renews the token, finds the service, sends requests."""

    def __init__(self, user: str | None = None, **options: Unpack[ConnectionOptions]) -> None:
        super().__init__(AsyncConnection(read_options(user, options), _own_transport, _DeferredKeeper.start))

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
    def token(self) -> Deferred[str | None]:
        """The token of the next request, got if need be; None without credentials."""
        return as_deferred(self._core.read_token())

    @property
    def tenant(self) -> Deferred[str | None]:
        """The id of the project that requests are for."""
        return as_deferred(self._core.read_tenant())

    @property
    def expires(self) -> Deferred[datetime | None]:
        """When the token expires, aware; None where nobody knows."""
        return as_deferred(self._core.read_expires())

    @property
    def host(self) -> Deferred[str]:
        """The address of the service with its version, ``https://marconi.example.com/v2``."""
        return as_deferred(self._core.read_host())

    @property
    def headers(self) -> Deferred[SecretHeaders]:
        """The header fields of every request, by lower-case name.  Their repr hides the token."""
        return as_deferred(self._core.read_headers())

    request = deferred(AsyncConnection.request)

    def __repr__(self) -> str:
        return repr(self._core)


class Client(ClientFacts, DeferredFace[AsyncClient]):
    """An account at a service.  See `AsyncClient`."""

    def __init__(self, connection: Connection, client_id: str | uuid.UUID | None = None) -> None:
        super().__init__(AsyncClient(connection._core, client_id))
        self.connection = connection

    @property
    def home(self) -> Deferred[HomeDoc]:
        """What the service offers, as it says itself; asked for each time."""
        return as_deferred(self._core.read_home())

    @property
    def queues(self) -> Queues:
        """The account's queues: ``async for`` over it, or call it with ``marker, limit, detailed``."""
        return Queues(self)

    queue = direct(AsyncClient.queue, Queue)
    create_queue = deferred_as(AsyncClient.create_queue, Queue)
    list_queues = deferred_iter_as(AsyncClient.list_queues, Queue)
    ping = deferred(AsyncClient.ping)
    health = deferred(AsyncClient.health)

    pools = deferred_iter(AsyncClient.pools)
    get_pool = deferred(AsyncClient.get_pool)
    create_pool = deferred(AsyncClient.create_pool)
    update_pool = deferred(AsyncClient.update_pool)
    delete_pool = deferred(AsyncClient.delete_pool)
    flavors = deferred_iter(AsyncClient.flavors)
    get_flavor = deferred(AsyncClient.get_flavor)
    create_flavor = deferred(AsyncClient.create_flavor)
    update_flavor = deferred(AsyncClient.update_flavor)
    delete_flavor = deferred(AsyncClient.delete_flavor)


setattr(Client, "async", True)
