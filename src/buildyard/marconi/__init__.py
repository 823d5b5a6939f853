"""A client of Marconi (OpenStack Zaqar) for blocking programs; `buildyard.marconi.aio` and ``.tx`` are its other faces.

    with Connection("tacocat", apikey="...", auth_url="https://identity.example.com") as connection:
        client = Client(connection)
        queue = client.create_queue("work")
        queue.post_messages({"body": {"action": "win"}, "ttl": 300})
        for message in queue.claim(limit=10):
            message.delete()

`auth` has the other credentials, `errors` what can go wrong, `models` what the service tells.
"""

from buildyard.marconi import auth, errors, models
from buildyard.marconi import errors as error
from buildyard.marconi._blocking import Claim, Client, Connection, Consumer, Message, Queue
from buildyard.marconi._http import Http, Response
from buildyard.marconi._message import MessageStatus
from buildyard.marconi.errors import ErrorBase

__all__ = [
    "Claim",
    "Client",
    "Connection",
    "Consumer",
    "ErrorBase",
    "Http",
    "Message",
    "MessageStatus",
    "Queue",
    "Response",
    "auth",
    "error",
    "errors",
    "models",
]
