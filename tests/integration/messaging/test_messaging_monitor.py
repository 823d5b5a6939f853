"""What a consumer process answers over HTTP."""

import asyncio
import json
import socket
import urllib.error
import urllib.request

import pytest

from buildyard.messaging import aio, config, exceptions, monitoring
from buildyard.messaging.message import Message
from support.running import free_port


def asked(url, method="GET"):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, method=method), timeout=5) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers["Content-Type"], refused.read()


async def pages(monitor, *paths, method="GET"):
    return [await asyncio.to_thread(asked, monitor.url + path, method) for path in paths]


def test_ready_follows_the_consumer(bus, topic, queues):
    async def scenario():
        consumers = await aio.start_consuming(lambda message: None, **queues)
        async with aio.Publisher() as publisher, monitoring.Monitor(consumers, port=0) as monitor:
            await publisher.publish(Message({"a": 1}, topic=f"{topic}.x"))
            while consumers[0].stats.processed < 1:
                await asyncio.sleep(0.01)
            before = await pages(monitor, "/live", "/ready", "/metrics")
            await consumers[0].cancel()
            return before, await pages(monitor, "/live", "/ready")

    (live, ready, metrics), after = asyncio.run(asyncio.wait_for(scenario(), 20))
    assert (live[0], json.loads(live[2])) == (200, {"status": "OK"})
    assert (ready[0], ready[1]) == (200, "application/json")
    told = json.loads(ready[2])
    assert (told["consuming"], told["published"], told["consumed"]["processed"]) == (True, 1, 1)
    assert metrics[0] == 200
    assert metrics[1].startswith("text/plain; version=")
    assert b'buildyard_bus_settled_total{outcome="processed",queue="server-named"} 1.0' in metrics[2]
    assert [status for status, _, _ in after] == [200, 503]
    assert json.loads(after[1][2])["consuming"] is False


def test_consuming_serves_it_where_the_configuration_names_a_port(bus, settings, queues):
    port = free_port()
    settings["monitoring"] = {"port": port}

    async def scenario():
        consuming = asyncio.create_task(aio.consume(lambda message: None, **queues))
        while True:
            try:
                return await asyncio.to_thread(asked, f"http://127.0.0.1:{port}/ready")
            except OSError:
                await asyncio.sleep(0.05)
            finally:
                assert not consuming.done()

    assert asyncio.run(asyncio.wait_for(scenario(), 20))[0] == 200


def test_other_pages_and_methods_are_refused():
    async def scenario():
        async with monitoring.Monitor(port=0) as monitor:
            return [*await pages(monitor, "/", "/ready/x"), *await pages(monitor, "/ready", method="POST")]

    assert [status for status, _, _ in asyncio.run(scenario())] == [404, 404, 405]


def test_it_listens_on_the_loopback_interface_unless_told_otherwise():
    async def scenario():
        async with monitoring.Monitor(port=0) as monitor:
            return monitor.url

    assert asyncio.run(scenario()).startswith("http://127.0.0.1:")


def test_port_that_is_taken_is_a_configuration_error():
    async def scenario(port):
        await monitoring.Monitor(port=port).start()

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(exceptions.ConfigurationException) as error:
        asyncio.run(scenario(taken.getsockname()[1]))
    assert "cannot be listened on" in error.value.message


def test_connections_that_say_nothing_are_few_and_do_not_live_long(monkeypatch):
    monkeypatch.setattr(monitoring, "_CONNECTIONS", 2)
    monkeypatch.setattr(monitoring, "_LIFETIME_S", 0.3)

    async def scenario():
        async with monitoring.Monitor(port=0) as monitor:
            port = int(monitor.url.rpartition(":")[2])
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            # The third one is refused at once, the others after their time; then there is room again.
            ends = [await asyncio.wait_for(reader.read(), 5) for reader, _ in (silent[2], silent[0], silent[1])]
            for _, writer in silent:
                writer.close()
            return ends, (await pages(monitor, "/live"))[0][0]

    assert asyncio.run(scenario()) == ([b"", b"", b""], 200)


def test_long_request_is_refused():
    async def scenario():
        async with monitoring.Monitor(port=0) as monitor:
            return await pages(monitor, "/" + "x" * 100_000)

    assert asyncio.run(scenario())[0][0] == 400


@pytest.mark.parametrize(
    "table, named",
    [
        ('port = "x"', "monitoring.port"),
        ("port = 70000", "monitoring.port"),
        ("port = 1\naddress = 3", "monitoring.address"),
        ("port = 1\npath = 3", "monitoring.path"),
    ],
)
def test_wrong_settings_are_named(tmp_path, table, named):
    (tmp_path / "config.toml").write_text(f"[monitoring]\n{table}\n")
    with pytest.raises(exceptions.ConfigurationException, match=named):
        config.load(tmp_path / "config.toml")
