"""Queue handling."""

from collections.abc import Generator

import pytest

from buildyard.marconi.errors import NotFound


def test_queue_handling(client):
    queue = next(q for q in client.queues if q.name == "tacocat")
    assert queue.name == "tacocat"
    assert queue.stats.total == 3
    client.client_id = "9f6c2b627d1c4c3a8f5e0b6f5e1b2a77"  # another program than the one that posted
    assert isinstance(queue.get_messages(), Generator)
    assert [message.body["n"] for message in queue.get_messages()] == [0, 1, 2]

    claimed = queue.claim(limit=2)
    ids = [message.id for message in claimed]
    found = queue.get_messages(ids=[ids[0], ids[1]], claim=claimed.id, limit=1)
    assert [message.id for message in found] == ids[:1]
    queue.release_claim(claimed)

    messages = [{"body": {"action": "win"}, "ttl": 300}]
    assert len(queue.post_messages(messages=messages)) == 1
    assert {key: queue.metadata[key] for key in ("a", "b")} == {"a": 1, "b": 2}
    queue.set_metadata({"a": 2})
    assert queue.metadata["a"] == 2
    assert "b" not in queue.metadata

    claim = queue.claim(limit=10)
    assert len(list(claim)) == 4
    queue.update_claim(claim, ttl=600, grace=60)
    assert queue.get_claim(claim).ttl == 600
    queue.release_claim(claim)
    with pytest.raises(NotFound):
        queue.get_claim(claim)

    queue.delete()
    assert list(client.queues) == []
