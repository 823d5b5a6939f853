"""The developer interface's example of publishing, run as it is but for its import line."""

from buildyard.messaging import api


def test_published_message_is_confirmed(bus):
    published = []

    def listen(sender, message):
        published.append(message)

    with api.publish_signal.connected_to(listen):
        message = api.Message(body={"Hello": "world"}, topic="Hi")
        api.publish(message)
    assert published == [message]
