"""What OpenStack's own client does to a queue service, as a script for its own environment: prints one JSON object.

Standard input is JSON: the service's ``url``, and the ``auth_opts`` of that client's configuration.
"""

import json
import sys

from zaqarclient import errors
from zaqarclient.queues import client as queues
from zaqarclient.queues.v2 import core

given = json.load(sys.stdin)
client = queues.Client(given["url"], version=2, conf={"auth_opts": given["auth_opts"]})
other = queues.Client(given["url"], version=2, conf={"auth_opts": given["auth_opts"]})
told = {}


def refusal(call, *arguments, **keywords):
    try:
        call(*arguments, **keywords)
    except errors.ZaqarError as error:
        return type(error).__name__
    return "nothing"


def bodies(messages):
    return [message.body for message in messages]


def channel():
    """What the functions below the client's objects take first."""
    request, transport = client._request_and_transport()
    return transport, request


def subscriptions():
    """What became of a subscription: told, changed, listed, ended; or the refusal."""
    try:
        made = client.subscription("jobs", subscriber="http://127.0.0.1:9/", ttl=600, options={"a": 1})
    except errors.ZaqarError as error:
        return type(error).__name__
    first = [made.subscriber, made.ttl, made.options]
    made.update({"ttl": 1000})
    then = [[each.subscriber, each.ttl] for each in client.subscriptions("jobs")]
    made.delete()
    return [first, then, list(client.subscriptions("jobs"))]


# Queues and what is written about them
queue = client.queue("jobs", force_create=True)
again = other.queue("jobs", force_create=True)
told["name"] = queue.name
told["written"] = queue.metadata(new_meta={"colour": "blue", "size": 3})["colour"]
told["read"] = {key: again.metadata(force_reload=True)[key] for key in ("colour", "size")}
told["settings"] = sorted(key for key in again.metadata() if key.startswith("_"))[:3]
client.queue("other", force_create=True)
listed, count = client.queues(limit=1, with_count=True)
told["first page"] = [[each.name for each in listed], count]
told["all queues"] = [each.name for each in client.queues(limit=2, detailed=True)[0].stream()]

# Messages
posted = queue.post([{"body": {"n": n}, "ttl": 300} for n in range(5)])
told["posted"] = len(posted["resources"])
told["one"] = len(queue.post({"body": "alone", "ttl": 60})["resources"])
ids = [href.rsplit("/", 1)[1] for href in posted["resources"]]
told["own are hidden"] = bodies(queue.messages(limit=10))
told["echo"] = bodies(queue.messages(limit=10, echo=True))[:2]
told["of another"] = bodies(again.messages(limit=10))[-1]
told["streamed"] = len(list(again.messages(limit=2).stream()))
told["by id"] = sorted(message.body["n"] for message in queue.messages(*ids[:2]))
message = again.message(ids[2])
told["single"] = [message.body, message.ttl, message.id == ids[2], message.claim_id]
told["missing"] = refusal(again.message, "00000000-0000-0000-0000-000000000000")
told["too long"] = refusal(queue.post, {"body": 1, "ttl": 10**9})
told["too large"] = refusal(queue.post, {"body": "x" * 300_000, "ttl": 60})
told["limit"] = refusal(queue.messages, limit=21)

# Claims
claim = again.claim(ttl=120, grace=60, limit=2)
held = list(claim)
told["claimed"] = [bodies(held), held[0].claim_id == claim.id, claim.ttl]
told["stats"] = {key: queue.stats["messages"][key] for key in ("claimed", "free", "total")}
claim.update(ttl=200, grace=100)
told["renewed"] = [other.queue("jobs").claim(id=claim.id).ttl, claim.age < 30]
told["without the claim"] = refusal(core.message_delete, *channel(), "jobs", held[0].id)
queue.delete_messages(*ids[3:5])
held[0].delete()
told["left in the claim"] = bodies(other.queue("jobs").claim(id=claim.id))
claim.delete()
told["released"] = refusal(lambda: list(other.queue("jobs").claim(id=claim.id)))
told["free again"] = queue.stats["messages"]["claimed"]
told["nothing to claim"] = list(client.queue("empty").claim(ttl=60, grace=60))

# Pop, purge, delete
told["popped"] = bodies(queue.pop(2))
told["after pop"] = bodies(queue.messages(echo=True))
queue.purge()
told["purged"] = queue.stats["messages"]["total"]
signed = queue.signed_url(paths=["messages"], ttl_seconds=600, methods=["GET"])
told["signed"] = [signed["paths"], signed["methods"], len(signed["signature"])]
told["subscriptions"] = subscriptions()
told["ping"] = client.ping()
told["home"] = "rel/queues" in client.homedoc()["resources"]
queue.delete()
queue.delete()
told["left"] = [each.name for each in client.queues()[0]]
print(json.dumps(told))
