"""What this hub serves of Taskcluster's services, told as Taskcluster does: ``/references`` and ``/schemas``.

A service's reference is made from the table of operations that its routes are made from, so that it lists what there
is; ``taskcluster_api.json`` adds what each function asks for and answers.  The exchanges are the queue's
(`tasks.pulse`), which publishes where the farm has a bus.  A client made from these documents fits this hub.
(Taskcluster: lib-references, its documents' forms.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib import resources
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from buildyard.farm.services import schemas
from buildyard.farm.tasks.answers import json_response
from buildyard.farm.tasks.wire import Operation

_ABOUT: Final = {
    "auth": ("Authentication", "Who may sign requests, and what they may do: clients, roles, scopes."),
    "index": ("Task index", "Tasks by names that people choose."),
    "object": ("Object", "What runs produced, by name: uploads and downloads."),
    "queue": ("Queue", "Tasks: created, claimed by workers, renewed, resolved; their artifacts."),
    "secrets": ("Secrets", "Small secrets by name, for those who have a scope for them."),
}


#: The service that publishes messages.
_PUBLISHES: Final = "queue"


def _read_table() -> Any:
    return msgspec.json.decode(resources.files(__package__).joinpath("taskcluster_api.json").read_bytes())


class References:
    """The documents of these services, made when the first of them is asked for."""

    def __init__(self, services: Mapping[str, Sequence[Operation]]) -> None:
        self._services = services

    @cached_property
    def documents(self) -> Mapping[str, bytes]:
        """Every document, by its path."""
        table = _read_table()
        known = {(each["service"], found["name"]): found for each in table["services"] for found in each["functions"]}
        found: dict[str, Any] = dict(schemas.COMMON)
        for service, operations in self._services.items():
            entries = list(_entries(service, operations, known))
            found[f"/references/{service}/v1/api.json"] = _reference(service, entries)
            found |= schemas.of_service(service, entries)
        (events,) = (each for each in table["events"] if each["service"] == _PUBLISHES)
        found[f"/references/{_PUBLISHES}/v1/exchanges.json"] = _exchanges(events)
        found |= schemas.of_messages(_PUBLISHES, events["exchanges"])
        found["/references/manifest.json"] = {
            "$schema": "/schemas/common/manifest-v3.json#",
            "references": sorted(path for path in found if path.startswith("/references/")),
        }
        return {path: msgspec.json.encode(document) for path, document in found.items()}

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the documents."""
        paths = ("/references/{path:path}", "/schemas/{path:path}")
        return [Route(path, self._answer, methods=["GET"]) for path in paths]

    async def _answer(self, request: Request) -> Response:
        document = self.documents.get(request.scope["path"])
        if document is None:
            message = "/references/manifest.json lists the documents that there are"
            return json_response({"error": "Not found", "message": message}, 404)
        return Response(document, media_type="application/json")


def _reference(service: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    title, description = _ABOUT[service]
    return {
        "$schema": "/schemas/common/api-reference-v0.json#",
        "serviceName": service,
        "apiVersion": "v1",
        "title": title,
        "description": description,
        "entries": entries,
    }


def _entries(
    service: str, operations: Sequence[Operation], known: Mapping[tuple[str, str], Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    named = set()
    for operation in operations:
        facts = known.get((service, operation.name))
        # Addresses that the hub gives out, signed, are nobody's to call by name; and one may have two routes.
        if facts is not None and operation.name not in named:
            named.add(operation.name)
            yield _entry(service, operation, facts)


def _entry(service: str, operation: Operation, facts: Mapping[str, Any]) -> dict[str, Any]:
    route = re.sub(r"\{(\w+)(:path)?\}", r"<\1>", operation.route)
    schema_names = {key: f"{facts[key]}#" for key in ("input", "output") if key in facts}
    scopes = {"scopes": facts["scopes"]} if "scopes" in facts else {}
    return {
        "type": "function",
        "name": operation.name,
        "method": operation.method.lower(),
        "route": route,
        "args": re.findall(r"<(\w+)>", route),
        "query": [name for name in facts.get("query", ()) if name in operation.query],
        "stability": facts.get("stability", "stable"),
        "category": _ABOUT[service][0],
        **scopes,
        **schema_names,
        "title": _words(operation.name),
        "description": facts["summary"],
    }


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _exchanges(events: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "$schema": "/schemas/common/exchanges-reference-v0.json#",
        "serviceName": events["service"],
        "apiVersion": events["version"],
        "title": "Queue messages",
        "description": "What happens to tasks, published where the farm has a bus.",
        "exchangePrefix": events["prefix"],
        "entries": [_exchange(each) for each in events["exchanges"]],
    }


def _exchange(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "topic-exchange",
        "exchange": facts["exchange"],
        "name": facts["name"],
        "title": _words(facts["name"]),
        "description": facts["summary"],
        "schema": f"{facts['schema']}#",
        "routingKey": [_key_word(word) for word in facts["key"]],
    }


def _key_word(word: str) -> dict[str, Any]:
    """Return one word of a routing key: of ``name``, ``name=constant``, or ``name.#`` for several words."""
    several = word.endswith(".#")
    name, _, constant = word.removesuffix(".#").partition("=")
    fixed = {"constant": constant} if constant else {}
    return {"name": name, "summary": _words(name), **fixed, "multipleWords": several, "required": not several}
