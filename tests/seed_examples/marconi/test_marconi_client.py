"""Client operation."""

import json
from collections.abc import Generator

from buildyard.marconi import Client


def test_client_operation(conn, client):
    marker = ""
    client = Client(conn)  # the module is the face: this one is not asynchronous
    queues = client.queues(marker=marker, limit=10, detailed=False)
    assert isinstance(queues, Generator)
    assert [queue.name for queue in queues] == ["tacocat"]
    queue = client.create_queue(name="wot", metadata=json.dumps({"game": "d2"}))
    assert repr(queue) == "<MarconiQueue [wot]>"
    assert queue.metadata["game"] == "d2"
    assert repr(client.home).startswith("<HomeDoc ")
    # affects all operations for objects acquired from the client
    assert getattr(client, "async") is False
