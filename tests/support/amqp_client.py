"""One connection to a broker, and its channels by AMQP's own methods: what messages are made of, without `Message`."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from pamqp import commands

from buildyard.messaging._amqp.events import Cancelled, ChannelClosed, Confirmed, Delivered, Returned
from buildyard.messaging._asyncio import AsyncioRuntime
from buildyard.messaging._link import ChannelFailed, Link
from buildyard.messaging._properties import Properties
from buildyard.messaging._runtime import settle
from buildyard.messaging._session import connect_once
from buildyard.messaging._settings import settings_of

Basic, Exchange, Queue = commands.Basic, commands.Exchange, commands.Queue


class Client:
    """A connection, and others where a scenario needs them; their names of queues are the scenario's own."""

    link: Link

    def __init__(self, url: str) -> None:
        self.url = url
        self.prefix = uuid.uuid4().hex[:8]
        self._others: list[Client] = []
        self._left: list[str] = []

    async def __aenter__(self) -> Client:
        self.link = await connect_once(settings_of(self.url), AsyncioRuntime(), lambda *_: None)
        return self

    async def __aexit__(self, *_: object) -> None:
        for other in self._others:
            await other.__aexit__()
        if self._left and not self.link.is_over:
            channel = await self.channel()
            for name in self._left:
                await channel.call(Queue.Delete(queue=name))
        await self.close()

    async def close(self) -> None:
        self.link.close()
        await self.link.wait_closed()

    async def another(self) -> Client:
        made = await Client(self.url).__aenter__()
        self._others.append(made)
        return made

    def name(self, what: str) -> str:
        """A name that no other scenario uses."""
        return f"{self.prefix}.{what}"

    async def channel(self, *, confirms: bool = True) -> Channel:
        made = Channel(self)
        made.number = await self.link.channel(made)
        if confirms:
            await made.call(commands.Confirm.Select())
        return made

    def leaves(self, name: str) -> None:
        """Delete a queue at the end."""
        self._left.append(name)


class Channel:
    """One channel, and what came on it."""

    number: int

    def __init__(self, client: Client) -> None:
        self._client = client
        self._link = client.link
        self._deliveries: asyncio.Queue[Delivered] = asyncio.Queue()
        self._confirmed: dict[int, asyncio.Future[bool]] = {}
        self.cancelled: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self.returned: list[tuple[int, int, str]] = []  #: tag, code, words

    def on_event(self, event: Any) -> None:
        match event:
            case Delivered():
                self._deliveries.put_nowait(event)
            case Confirmed():
                for tag in event.tags:
                    settle(self._confirmed.pop(tag), event.is_taken)
            case Returned():
                self.returned.append((event.tag, event.code, event.reason))
            case Cancelled():
                self.cancelled.set_result(event.consumer)
            case ChannelClosed():
                self.closed.set_result((event.code, event.reason))

    async def call(self, method: Any) -> Any:
        return await self._link.call(self.number, method)

    async def refused(self, method: Any) -> tuple[int, str]:
        """The code and words with which a call is refused."""
        try:
            answer = await self.call(method)
        except ChannelFailed as error:
            return error.code, error.reason
        raise AssertionError(f"not refused: {answer}")

    async def close(self) -> None:
        await self._link.close_channel(self.number)

    # --- queues -----------------------------------------------------------------------------------

    async def queue(self, name: str = "", **arguments: Any) -> str:
        """An exclusive queue, with its ``x-`` arguments as words: ``max_length=1``."""
        method = Queue.Declare(queue=name, exclusive=True, arguments=x(arguments))
        declared: str = (await self.call(method)).queue
        return declared

    async def bound(self, exchange: str, *keys: str, **arguments: Any) -> str:
        """An exclusive queue that is bound to an exchange."""
        name = await self.queue(**arguments)
        for key in keys:
            await self.call(Queue.Bind(queue=name, exchange=exchange, routing_key=key))
        return name

    async def exchange(self, kind: str, **options: Any) -> str:
        """An exchange that goes when nothing is bound to it."""
        name = self._client.name(uuid.uuid4().hex[:8])
        options = {"auto_delete": True, **options}
        await self.call(Exchange.Declare(exchange=name, exchange_type=kind, **options))
        return name

    async def count(self, queue: str) -> int:
        """How many messages wait."""
        count: int = (await self.call(Queue.Declare(queue=queue, passive=True))).message_count
        return count

    # --- messages ---------------------------------------------------------------------------------

    async def publish(
        self, exchange: str, key: str, body: object = "", *, mandatory: bool = False, **properties: Any
    ) -> bool:
        """Tell whether the broker took a message."""
        return await self.send(exchange, key, body, mandatory=mandatory, **properties)

    def send(
        self, exchange: str, key: str, body: object = "", *, mandatory: bool = False, **properties: Any
    ) -> asyncio.Future[bool]:
        tag = self._link.core.publish(
            self.number,
            exchange,
            key,
            Properties(message_id=uuid.uuid4().hex, **properties),
            str(body).encode(),
            mandatory=mandatory,
        )
        taken = self._confirmed[tag] = asyncio.get_running_loop().create_future()
        self._link.flush_soon()
        return taken

    async def fill(self, queue: str, *bodies: object, **properties: Any) -> list[bool]:
        """Put messages into a queue; tell which were taken."""
        return [await self.publish("", queue, body, **properties) for body in bodies]

    async def consume(self, queue: str, prefetch: int = 0, **options: Any) -> str:
        if prefetch:
            await self.call(Basic.Qos(0, prefetch, False))
        tag: str = (await self.call(Basic.Consume(queue=queue, **options))).consumer_tag
        return tag

    async def next(self, seconds: float = 5.0) -> Delivered:
        return await asyncio.wait_for(self._deliveries.get(), seconds)

    async def bodies(self, count: int) -> list[str]:
        """The bodies of what comes next."""
        return [(await self.next()).body.decode() for _ in range(count)]

    async def nothing_more(self) -> bool:
        """Tell whether nothing is on its way: the answer to a call comes behind it."""
        await self.call(Exchange.Declare(exchange="amq.topic", passive=True))
        await asyncio.sleep(0.03)
        return self._deliveries.empty()

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        self._link.core.ack(self.number, tag, multiple=multiple)
        self._link.flush_soon()

    def nack(self, tag: int, *, requeue: bool = True, multiple: bool = False) -> None:
        self._link.core.nack(self.number, tag, requeue=requeue, multiple=multiple)
        self._link.flush_soon()


def x(arguments: dict[str, Any]) -> dict[str, Any]:
    return {f"x-{name.replace('_', '-')}": value for name, value in arguments.items()}
