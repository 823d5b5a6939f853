"""Three faces of one client: the same operations and arguments, each in its own way."""

import asyncio
import inspect
import subprocess
import sys

import pytest
from twisted.internet.defer import Deferred

import buildyard.marconi
from buildyard.faces.scripted import answer
from buildyard.marconi import aio, tx
from buildyard.marconi._blocking import Claim, Client, Connection, Consumer, Message, Queue
from support.marconi_script import URL, connected

BLOCKING = {cls.__name__: cls for cls in (Claim, Client, Connection, Consumer, Message, Queue)}
#: What the cores have for the faces alone.
FOR_FACES = {
    "Client": {"connection", "path", "read_home"},
    "Queue": {"connection", "create", "path", "read_metadata", "read_stats"},
    "Connection": {
        "adopt", "call", "keep", "read_expires", "read_grant", "read_headers", "read_host", "read_tenant", "read_token",
    },
    "Claim": {"transport"},
    "Consumer": set(),
    "Message": set(),
}  # fmt: skip
STATS = {"messages": {"claimed": 0, "free": 2, "total": 2}}


def names(cls):
    return {name for name in dir(cls) if not name.startswith("_") and name not in ("async", "aclose")}


@pytest.mark.parametrize("face", [BLOCKING, vars(tx)], ids=["blocking", "twisted"])
@pytest.mark.parametrize("kind", FOR_FACES)
def test_face_has_all_that_the_core_has(kind, face):
    core = names(getattr(aio, kind)) - FOR_FACES[kind]
    assert names(face[kind]) - {"connection", "each", "close"} == core - {"close"}


@pytest.mark.parametrize("face", [BLOCKING, vars(tx)], ids=["blocking", "twisted"])
@pytest.mark.parametrize("kind", FOR_FACES)
def test_operations_take_the_same_arguments_and_are_documented(kind, face):
    core = getattr(aio, kind)
    for name in names(face[kind]) & names(core) - {"queues", "from_environment"}:
        of_face, of_core = getattr(face[kind], name), getattr(core, name)
        assert inspect.getdoc(of_face), name
        if inspect.isfunction(of_core):
            assert list(inspect.signature(of_face).parameters)[1:] == list(inspect.signature(of_core).parameters)[1:]


def test_every_public_name_is_there():
    for module in (buildyard.marconi, aio, tx):
        for name in module.__all__:
            assert getattr(module, name) is not None


def scripted(*replies):
    return connected(*replies, endpoint=URL)[1]


def test_what_costs_a_request_is_an_attribute_when_blocking():
    client = Client(Connection(endpoint=URL, transport=scripted(answer(json=STATS), answer(json={"a": 1}))))
    assert client.queue("q").stats.free == 2
    assert client.queue("q").metadata == {"a": 1}
    assert getattr(client, "async") is False


def test_what_costs_a_request_is_awaited_on_a_loop():
    script = scripted(answer(json=STATS), answer(json={"resources": {}}))

    async def main():
        client = aio.Client(aio.Connection(endpoint=URL, transport=script))
        assert (await client.queue("q").stats).free == 2
        assert (await client.home).resources == {}
        assert getattr(client, "async") is True

    asyncio.run(main())


def result_of(deferred):
    caught = []
    assert isinstance(deferred, Deferred)
    deferred.addBoth(caught.append)
    (result,) = caught
    if hasattr(result, "raiseException"):
        result.raiseException()
    return result


def test_what_costs_a_request_is_a_deferred_under_twisted():
    script = scripted(answer(json=STATS), answer(json={"a": 1}), answer(json={"resources": {}}))
    client = tx.Client(tx.Connection(endpoint=URL, transport=script))
    assert result_of(client.queue("q").stats).free == 2
    assert result_of(client.queue("q").metadata) == {"a": 1}
    assert result_of(client.home).resources == {}
    assert result_of(client.connection.host) == URL + "/v2"
    assert getattr(client, "async") is True


MESSAGES = {"messages": [{"id": "a", "href": "/v2/queues/q/messages/a", "ttl": 60, "age": 0, "body": 1}], "links": []}
QUEUES = {"queues": [{"name": "q1"}, {"name": "q2"}], "links": []}


def test_lists_are_iterators_when_blocking():
    client = Client(Connection(endpoint=URL, transport=scripted(*[answer(json=QUEUES)] * 2, answer(json=MESSAGES))))
    assert next(queue for queue in client.queues if queue.name == "q2").name == "q2"
    queue = next(client.queues(limit=10))
    assert isinstance(queue, Queue)
    assert isinstance(next(queue.messages()), Message)


def test_lists_are_collected_under_twisted():
    client = tx.Client(tx.Connection(endpoint=URL, transport=scripted(answer(json=QUEUES), answer(json=MESSAGES))))
    queues = result_of(client.queues().collect())
    assert [queue.name for queue in queues] == ["q1", "q2"]
    (message,) = result_of(queues[0].messages().collect())
    assert isinstance(message, tx.Message)


def test_objects_are_those_of_their_face():
    held = {"messages": [MESSAGES["messages"][0] | {"href": "/v2/queues/q/messages/a?claim_id=c"}]}
    claimed = answer(201, headers=[("Location", "/v2/queues/q/claims/c")], json=held)
    queue = tx.Client(tx.Connection(endpoint=URL, transport=scripted(claimed, answer(204)))).queue("q")
    claim = result_of(queue.claim())
    assert isinstance(claim, tx.Claim)
    (message,) = claim
    assert isinstance(message, tx.Message)
    assert result_of(message.delete()) is None
    assert message.is_deleted


def test_closing_a_client_closes_its_own_transport_and_no_other():
    script = scripted()
    with Client(Connection(endpoint=URL, transport=script)):
        pass
    assert not script.is_closed


def test_twisted_is_not_imported_for_others():
    code = "import sys, buildyard.marconi; assert not {'twisted', 'aiohttp', 'urllib3'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
