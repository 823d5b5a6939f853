"""Message handling."""

from buildyard.marconi import Message


def test_message_handling(client):
    queue = client.queue("tacocat")
    message = next(queue.messages(echo=True))
    assert 0 <= message.age < 60
    assert message.ttl == 120
    assert isinstance(message.id, str)
    assert message.body["action"] == "win"
    message.delete()
    assert message.id not in [each.id for each in queue.messages(echo=True)]
    assert message.status is Message.Free
    assert Message.Free.value == 1
