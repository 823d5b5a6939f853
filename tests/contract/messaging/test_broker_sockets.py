"""The embedded broker over sockets: who is let in, who does not read, and the end."""

import asyncio
import errno

import pytest
from pamqp import commands, header

from buildyard.messaging.broker import Broker, serve
from buildyard.messaging.exceptions import ConnectionException
from support.amqp_client import Client
from support.amqp_server import raw

Basic, Queue = commands.Basic, commands.Queue


@pytest.fixture
def broker():
    made = Broker.named("sockets")
    yield made
    made.close()


async def until(holds):
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


def test_users_are_let_in_by_their_passwords_alone(broker):
    async def run():
        async with serve(broker, users={"ada": "l/v€"}) as server:
            async with Client(server.url) as client:
                await client.channel()
            for stranger in ("guest:guest", "ada:wrong", "ada:", ":"):
                with pytest.raises(ConnectionException, match="403 ACCESS_REFUSED") as caught:
                    await Client(f"amqp://{stranger}@{server.host}:{server.port}/").__aenter__()
                assert caught.value.is_refused

    asyncio.run(run())


def test_virtual_hosts_are_one(broker):
    async def run():
        async with serve(broker) as server:
            with pytest.raises(ConnectionException, match="530 NOT_ALLOWED - vhost elsewhere not found"):
                await Client(server.url + "elsewhere").__aenter__()

    asyncio.run(run())


def test_client_that_does_not_read_is_sent_no_more_than_fits(broker):
    """Without a limit of its own: what it could hold waits in the queue, where others can have it."""
    hello = [
        header.ProtocolHeader().marshal(),
        raw(commands.Connection.StartOk({}, "PLAIN", "\0guest\0guest", "en_US")),
        raw(commands.Connection.TuneOk(0, 131072, 0)),
        raw(commands.Connection.Open("/")),
        raw(commands.Channel.Open(), 1),
        raw(commands.Queue.Declare(queue="q"), 1),
        raw(commands.Basic.Consume(queue="q"), 1),
    ]

    async def run():
        async with serve(broker) as server:
            _, writer = await asyncio.open_connection(server.host, server.port, limit=1024)
            writer.write(b"".join(hello))
            await until(lambda: broker.queues() and broker.queues()[0].consumers)
            async with Client(broker.url) as client:
                channel = await client.channel()
                for _ in range(400):
                    await channel.publish("", "q", "x" * 100_000)
                (state,) = broker.queues()
                assert (state.ready > 200, state.ready + state.unacknowledged) == (True, 400)
                writer.close()
                await until(lambda: broker.queues()[0].ready == 400)
                await channel.consume("q")
                messages = [await channel.next() for _ in range(400)]
                assert messages[0].is_redelivered

    asyncio.run(run())


def test_clients_are_told_when_the_broker_closes(broker):
    async def run():
        async with serve(broker) as server, Client(server.url) as client:
            ended = asyncio.get_running_loop().create_future()
            client.link.on_end.append(ended.set_result)
            broker.close()
            error = await asyncio.wait_for(ended, 5)
            assert error.reason == "320 CONNECTION_FORCED - the broker was closed"

    asyncio.run(run())


def test_connections_end_with_the_serving(broker):
    async def run():
        async with serve(broker) as server:
            client = await Client(server.url).__aenter__()
            channel = await client.channel()
            await channel.queue()
        assert broker.queues() == []
        await client.link.wait_closed()
        with pytest.raises(ConnectionException):
            await Client(server.url + "?connection_attempts=1").__aenter__()

    asyncio.run(run())


def test_port_that_is_taken_is_an_error(broker):
    async def run():
        async with serve(broker) as server:
            with pytest.raises(OSError) as caught:
                await serve(broker, port=server.port).__aenter__()
            assert caught.value.errno == errno.EADDRINUSE

    asyncio.run(run())
