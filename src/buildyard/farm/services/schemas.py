"""JSON Schemas of what the services take and answer.

Those of bodies are made from the values that the hub reads them into, so they say what is checked.  Those of answers
and messages say no more than their kind: an object, or a list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from buildyard.farm.services.auth_http import ScopeSetInput
from buildyard.farm.services.clients import ClientInput
from buildyard.farm.services.index_http import IndexesInput, InsertInput
from buildyard.farm.services.judging_http import HawkInput, TesterInput
from buildyard.farm.services.roles import RoleInput
from buildyard.farm.services.secrets import SecretInput
from buildyard.farm.tasks.artifact_inputs import Given
from buildyard.farm.tasks.artifacts_http import FinishInput as FinishArtifactInput
from buildyard.farm.tasks.definition import TaskInput
from buildyard.farm.tasks.groups_http import PriorityInput
from buildyard.farm.tasks.lists_http import QueuesInput, TasksInput
from buildyard.farm.tasks.objects import DownloadInput, FinishInput, UploadInput
from buildyard.farm.tasks.worker_records_http import DeclareInput, QuarantineInput
from buildyard.farm.tasks.workers import ClaimInput, ExceptionInput, WorkerInput

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

#: What each function's body is read into, by its service and name.
INPUTS: Final[Mapping[tuple[str, str], Any]] = {
    ("auth", "authenticateHawk"): HawkInput,
    ("auth", "createClient"): ClientInput,
    ("auth", "createRole"): RoleInput,
    ("auth", "expandScopes"): ScopeSetInput,
    ("auth", "testAuthenticate"): TesterInput,
    ("auth", "updateClient"): ClientInput,
    ("auth", "updateRole"): RoleInput,
    ("index", "findTasksAtIndex"): IndexesInput,
    ("index", "insertTask"): InsertInput,
    ("object", "createUpload"): UploadInput,
    ("object", "finishUpload"): FinishInput,
    ("object", "startDownload"): DownloadInput,
    ("queue", "changeTaskGroupPriority"): PriorityInput,
    ("queue", "changeTaskPriority"): PriorityInput,
    ("queue", "claimTask"): WorkerInput,
    ("queue", "claimWork"): ClaimInput,
    ("queue", "createArtifact"): Given,
    ("queue", "createTask"): TaskInput,
    ("queue", "declareWorker"): DeclareInput,
    ("queue", "finishArtifact"): FinishArtifactInput,
    ("queue", "quarantineWorker"): QuarantineInput,
    ("queue", "reportException"): ExceptionInput,
    ("queue", "statuses"): TasksInput,
    ("queue", "taskQueueCountsBatch"): QueuesInput,
    ("queue", "tasks"): TasksInput,
    ("secrets", "set"): SecretInput,
}

#: Answers that are lists.
_LISTS: Final = frozenset({("auth", "listRoles")})


def of_service(service: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the schemas that these entries of a service's reference name, by their paths."""
    found: dict[str, Any] = {}
    for entry in entries:
        for key, made in (("output", _of_answer), ("input", _of_body)):
            if key in entry:
                path = f"/schemas/{service}/{entry[key].rstrip('#')}"
                found[path] = {"$schema": _DIALECT, "$id": f"{path}#", **made(service, entry["name"])}
    return found


def of_messages(service: str, exchanges: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the schemas of what these exchanges publish, by their paths."""
    paths = {f"/schemas/{service}/{each['schema']}": each for each in exchanges}
    return {
        path: {
            "$schema": _DIALECT,
            "$id": f"{path}#",
            "title": f"Message of {each['name']}",
            "type": "object",
            "properties": {"version": {"const": 1}},
            "required": ["version"],
        }
        for path, each in paths.items()
    }


def _of_answer(service: str, name: str) -> dict[str, Any]:
    return {"title": f"Answer of {name}", "type": "array" if (service, name) in _LISTS else "object"}


def _of_body(service: str, name: str) -> dict[str, Any]:
    made: dict[str, Any] = _as_ecmascript(msgspec.json.schema(INPUTS[service, name]))
    return made


def _as_ecmascript(schema: Any) -> Any:
    """Return the schema with its patterns as JSON Schema wants them: the ends are ``^`` and ``$`` there."""
    if isinstance(schema, list):
        return [_as_ecmascript(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value.replace(r"\A", "^").replace(r"\Z", "$")
        if key == "pattern" and isinstance(value, str)
        else _as_ecmascript(value)
        for key, value in schema.items()
    }


def _common(name: str, required: Mapping[str, Any]) -> dict[str, Any]:
    properties = {"$schema": {"type": "string"}, **required}
    return {
        "$schema": _DIALECT,
        "$id": f"/schemas/common/{name}#",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT: Final = {"type": "string"}
_NAMES: Final = {"type": "array", "items": _TEXT, "uniqueItems": True}
_ENTRY: Final = {
    "type": "object",
    "properties": {
        "type": {"const": "function"},
        "name": {"type": "string", "pattern": "^[a-z][a-zA-Z0-9]*$"},
        "method": {"enum": ["get", "head", "post", "put", "delete", "patch"]},
        "route": {"type": "string", "pattern": "^/"},
        "args": _NAMES,
        "query": _NAMES,
        "stability": {"enum": ["stable", "experimental", "deprecated"]},
        "category": _TEXT,
        "scopes": {"type": ["string", "object"]},
        "input": {"type": "string", "pattern": "#$"},
        "output": {"type": "string", "pattern": "#$"},
        "title": _TEXT,
        "description": _TEXT,
    },
    "required": ["type", "name", "method", "route", "args", "stability", "category", "title", "description"],
    "additionalProperties": False,
}

_EXCHANGE: Final = {
    "type": "object",
    "properties": {
        "type": {"const": "topic-exchange"},
        "exchange": _TEXT,
        "name": _TEXT,
        "title": _TEXT,
        "description": _TEXT,
        "schema": {"type": "string", "pattern": "#$"},
        "routingKey": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": _TEXT,
                    "summary": _TEXT,
                    "constant": _TEXT,
                    "multipleWords": {"type": "boolean"},
                    "required": {"type": "boolean"},
                },
                "required": ["name", "summary", "multipleWords", "required"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["type", "exchange", "name", "title", "description", "schema", "routingKey"],
    "additionalProperties": False,
}
_HEAD: Final = {
    "serviceName": _TEXT,
    "apiVersion": {"type": "string", "pattern": "^v[0-9]+$"},
    "title": _TEXT,
    "description": _TEXT,
}

#: The forms of the documents themselves.
COMMON: Final = {
    "/schemas/common/manifest-v3.json": _common("manifest-v3.json", {"references": _NAMES}),
    "/schemas/common/api-reference-v0.json": _common(
        "api-reference-v0.json", {**_HEAD, "entries": {"type": "array", "items": _ENTRY}}
    ),
    "/schemas/common/exchanges-reference-v0.json": _common(
        "exchanges-reference-v0.json",
        {**_HEAD, "exchangePrefix": _TEXT, "entries": {"type": "array", "items": _EXCHANGE}},
    ),
}
