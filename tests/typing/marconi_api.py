"""Each public call of `buildyard.marconi` in its three faces, for mypy to judge.

`test_typing_api.py` runs mypy over this file: ``assert_type`` states what users get, and each
``type: ignore[...]`` a mistake that must be found (mypy reports those that are not needed).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import Any, assert_type

from twisted.internet.defer import Deferred

from buildyard.faces.connecting import Tls
from buildyard.faces.deferred import DeferredIterator
from buildyard.faces.transport import Timeout
from buildyard.marconi import (
    Claim,
    Client,
    Connection,
    Consumer,
    ErrorBase,
    Http,
    Message,
    MessageStatus,
    Queue,
    Response,
    aio,
    auth,
    error,
    errors,
    models,
    tx,
)
from buildyard.retry import Retry


def connections() -> None:
    Connection("tacocat", apikey="key")
    Connection("tacocat", password="p", auth_url="http://id", project_name="demo", project_domain="default")
    Connection(endpoint="http://h", project_id="demo", version="1.1", retry=Retry(attempts=2), timeout=Timeout(1, 2))
    Connection(auth=auth.ApplicationCredential(id="i", secret="s"), auth_url="http://id", region="One")
    Connection(auth=auth.Token(token="t"), endpoint="http://h", ca_file="ca.pem", tls=Tls())
    assert_type(Connection.from_environment({}, version=2), Connection)
    Connection("tacocat", pasword="p")  # type: ignore[call-arg]
    Connection(endpoint=5)  # type: ignore[arg-type]


def connection(made: Connection) -> None:
    assert_type(made.tenant, str | None)
    assert_type(made.username, str)
    assert_type(made.version, str)
    assert_type(made.token, str | None)
    assert_type(made.expires, datetime | None)
    assert_type(made.host, str)
    assert_type(made.headers["x-auth-token"], str)
    answer = made.request(Http.GET, headers={"x-client-id": 100}, data="{}", verify=True)
    assert_type(answer, Response)
    assert_type(answer.status_code, int)


def blocking(client: Client) -> None:
    assert_type(client.home, models.HomeDoc)
    assert_type(client.ping(), bool)
    assert_type(client.health(), models.Health)
    assert_type(client.queues(marker="a", limit=10, detailed=False), Generator[Queue, None, None])
    for queue in client.queues:
        assert_type(queue, Queue)
    assert_type(client.create_queue(name="wot", metadata={"game": "d2"}), Queue)
    assert_type(client.queue("q"), Queue)
    assert_type(client.pools(), Generator[models.Pool, None, None])
    client.create_queue("q", 5)  # type: ignore[arg-type]


def blocking_queue(queue: Queue) -> None:
    assert_type(queue.name, str)
    assert_type(queue.is_new, bool | None)
    assert_type(queue.listed_metadata, Mapping[str, Any] | None)
    assert_type(queue.stats, models.QueueStats)
    assert_type(queue.metadata, dict[str, Any])
    assert_type(next(queue.get_messages(ids=["a"], claim="c", limit=1)), Message)
    assert_type(next(queue.messages(echo=True)), Message)
    assert_type(queue.read_page(limit=3), models.Page[Message])
    assert_type(queue.get_message("m"), Message)
    assert_type(queue.post_messages([{"body": 1, "ttl": 60}]), list[str])
    assert_type(queue.pop(2), list[Message])
    queue.delete_messages(["a", queue.get_message("m")])
    assert_type(queue.claim(limit=10, ttl=300, grace=60), Claim)
    queue.update_claim(queue.claim(), ttl=60, grace=60)
    queue.release_claim("c")
    assert_type(queue.consume(ttl=60), Consumer)
    for message in queue.consume(poll=None, longest=60):
        assert_type(message, Message)
    assert_type(queue.share(["messages"], ["GET"], datetime.now(UTC)), auth.SignedUrl)
    assert_type(queue.subscribe("http://h"), str)
    assert_type(next(queue.subscriptions()), models.Subscription)
    queue.claim("ten")  # type: ignore[arg-type]
    queue.post_messages("text")  # type: ignore[arg-type]


def blocking_message(message: Message, claim: Claim) -> None:
    assert_type(message.id, str)
    assert_type(message.ttl, int)
    assert_type(message.body, Any)
    assert_type(message.status, MessageStatus)
    assert_type(message.claim_id, str | None)
    message.delete()
    assert_type(claim.id, str | None)
    assert_type(claim.ttl, int)
    assert_type(next(claim.messages(limit=1)), Message)
    claim.patch(ttl=60, grace=60)
    for each in claim:
        assert_type(each, Message)


async def asynchronous(made: aio.Connection) -> None:
    client = aio.Client(made)
    assert_type(await made.token, str | None)
    assert_type(await made.host, str)
    assert_type(await client.home, models.HomeDoc)
    queue = client.queue("q")
    assert_type(await queue.stats, models.QueueStats)
    assert_type(await queue.metadata, dict[str, Any])
    async for each in client.queues:
        assert_type(each.name, str)
    async for message in queue.consume():
        assert_type(message, aio.Message)
        await message.delete()
    claim = await queue.claim(limit=10)
    assert_type(claim, aio.Claim)
    assert_type([found async for found in claim.messages()], list[aio.Message])
    assert_type(await queue.read_page(), models.Page[aio.Message])
    assert_type(await made.request("GET"), Response)
    queue.stats.free  # type: ignore[attr-defined]  # noqa: B018


def twisted(client: tx.Client) -> None:
    assert_type(client.home, Deferred[models.HomeDoc])
    assert_type(client.queues(limit=3), DeferredIterator[tx.Queue])
    queue = client.queue("q")
    assert_type(queue, tx.Queue)
    assert_type(queue.stats, Deferred[models.QueueStats])
    assert_type(queue.claim(limit=10), Deferred[tx.Claim])
    assert_type(queue.pop(), Deferred[list[tx.Message]])
    assert_type(queue.messages(), DeferredIterator[tx.Message])
    assert_type(queue.read_page(), Deferred[models.Page[tx.Message]])
    assert_type(queue.consume().each(lambda message: message.body), Deferred[None])
    queue.claim(limit="ten")  # type: ignore[arg-type]


def failures(raised: ErrorBase) -> object:
    assert_type(raised.title, str)
    assert_type(raised.description, str)
    assert_type(raised.code, int | None)
    assert_type(error.ErrorBase("title", "description", 1092), ErrorBase)
    match raised:
        case errors.NotFound():
            return assert_type(raised.status, int)
        case errors.ConnectionFailed():
            return assert_type(raised.maybe_sent, bool)
    return assert_type(raised.posted, tuple[str, ...])
