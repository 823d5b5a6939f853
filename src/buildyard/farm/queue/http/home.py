"""What a version of the server offers, for programs (JSON home), and whether it is well."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, literal, select

from buildyard.farm.queue.http.call import DONE, Answer, Call, answered
from buildyard.farm.queue.http.errors import Refusal
from buildyard.farm.store.errors import StoreError

_HOME: Final = b"application/json-home"
_A_DAY: Final = ((b"cache-control", b"max-age=86400"),)

#: Each relation: what follows the queue's or the version's address, its variables, the methods, and what it takes.
_RELATIONS: Final[Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "rel/queues": ("/queues{?marker,limit,detailed}", ("marker", "limit", "detailed"), ("GET",)),
    "rel/queue": ("/queues/{queue_name}", ("queue_name",), ("PUT", "DELETE")),
    "rel/queue_stats": ("/queues/{queue_name}/stats", ("queue_name",), ("GET",)),
    "rel/messages": (
        "/queues/{queue_name}/messages{?marker,limit,echo,include_claimed}",
        ("queue_name", "marker", "limit", "echo", "include_claimed"),
        ("GET",),
    ),
    "rel/post_messages": ("/queues/{queue_name}/messages", ("queue_name",), ("POST",)),
    "rel/messages_delete": ("/queues/{queue_name}/messages{?ids}", ("queue_name", "ids"), ("DELETE",)),
    "rel/message": ("/queues/{queue_name}/messages/{message_id}", ("queue_name", "message_id"), ("GET", "DELETE")),
    "rel/post_claim": ("/queues/{queue_name}/claims{?limit}", ("queue_name", "limit"), ("POST",)),
    "rel/claim": ("/queues/{queue_name}/claims/{claim_id}", ("queue_name", "claim_id"), ("GET", "PATCH", "DELETE")),
}
_V1: Final[Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "rel/queue": ("/queues/{queue_name}", ("queue_name",), ("GET", "HEAD", "PUT", "DELETE")),
    "rel/queue_metadata": ("/queues/{queue_name}/metadata", ("queue_name",), ("GET", "PUT")),
}
_V1_1: Final[Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "rel/queue": ("/queues/{queue_name}", ("queue_name",), ("GET", "PUT", "DELETE")),
    "rel/messages_pop": ("/queues/{queue_name}/messages{?pop}", ("queue_name", "pop"), ("DELETE",)),
}
_V2: Final[Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    **_V1_1,
    "rel/queue": ("/queues/{queue_name}", ("queue_name",), ("GET", "PUT", "PATCH", "DELETE")),
    "rel/queue_purge": ("/queues/{queue_name}/purge", ("queue_name",), ("POST",)),
    "rel/queue_share": ("/queues/{queue_name}/share", ("queue_name",), ("POST",)),
}
_OF: Final = {"v1": _V1, "v1.1": _V1_1, "v2": _V2}


def document(version: str) -> dict[str, Any]:
    """Return the home document of a version."""
    relations = {**_RELATIONS, **_OF[version]}
    return {"resources": {name: _resource(version, *relation) for name, relation in relations.items()}}


def _resource(version: str, path: str, variables: tuple[str, ...], methods: tuple[str, ...]) -> dict[str, Any]:
    return {
        "href-template": f"/{version}{path}",
        "href-vars": {name: f"param/{name}" for name in variables},
        "hints": {"allow": list(methods), "formats": {"application/json": {}}},
    }


_WRITTEN: Final = {version: msgspec.json.encode(document(version)) for version in _OF}


async def home(call: Call) -> Answer:
    """Answer with the home document of this version."""
    return Answer(200, _WRITTEN[call.version], _A_DAY, _HOME)


async def ping(call: Call) -> Answer:
    """Answer 204 where the store can be read, 503 where not."""
    if not await _can_read(call):
        raise Refusal(503, "Service temporarily unavailable", "The store cannot be read.")
    return DONE


async def alive(call: Call) -> Answer:
    """Answer 204: somebody is here."""
    return DONE


async def health(call: Call) -> Answer:
    """Answer with how the store is, to whoever may see every project."""
    if not call.is_admin:
        raise Refusal(403, "Not authorized", "You are not authorized to complete this action.")
    began = time.perf_counter()
    is_well = await _can_read(call)
    read = {"seconds": time.perf_counter() - began, "ref": None, "succeeded": is_well}
    store = {"storage_reachable": is_well, "operation_status": {"read": read}}
    return answered({"catalog_reachable": is_well, call.rooms.store.dialect: store})


async def _can_read(call: Call) -> bool:
    try:
        await call.read(_nothing)
    except StoreError:
        return False
    return True


def _nothing(connection: Connection, now: float) -> None:
    connection.execute(select(literal(1)))
