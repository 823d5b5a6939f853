"""Claim management."""

from collections.abc import Generator

import pytest

from buildyard.marconi import Message
from buildyard.marconi.errors import NotFound


def test_claim_management(client):
    queue = client.queue("tacocat")
    claim = queue.claim(limit=10)
    # identical to queue message fetch API, with claim id pre-filled
    assert isinstance(claim.messages(), Generator)
    ids = [message.id for message in claim.messages()]
    assert [message.id for message in claim.messages(ids=ids[1:], limit=1)] == ids[1:2]
    msg = next(claim.messages())
    assert msg.status is Message.Claimed
    assert Message.Claimed.value == 2
    assert claim.id
    assert claim.ttl == 300
    assert 0 <= claim.age < 60
    claim.patch(ttl=90, grace=60)
    assert (claim.ttl, queue.get_claim(claim.id).ttl) == (90, 90)
    claim.delete()
    with pytest.raises(NotFound):
        queue.get_claim(claim.id)
