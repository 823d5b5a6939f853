"""The references list what there is, and a client made from them fits."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from buildyard import taskcluster
from buildyard.farm.sealing import Sealing
from buildyard.farm.services.http import services
from buildyard.farm.tasks.lifecycle import State
from support.services import KEY, Yard

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tools import taskcluster_client as client  # noqa: E402
from tools import taskcluster_table as table  # noqa: E402

SERVICES = ("auth", "index", "object", "queue", "secrets")
#: Functions that need a cloud, an app or a server of somebody else.
NOT_OF_AUTH = {
    "awsS3Credentials",
    "gcpCredentials",
    "githubRepoToken",
    "sentryDSN",
    "websocktunnelToken",
}


def get(yard: Yard, path: str) -> Any:
    answer = yard.ask("GET", path, signed=False)
    assert answer.status == 200, answer.content
    assert answer.headers["content-type"] == "application/json"
    return answer.json


def entries(yard: Yard, service: str) -> dict[str, Any]:
    return {each["name"]: each for each in get(yard, f"/references/{service}/v1/api.json")["entries"]}


def known(service: str) -> dict[str, Any]:
    (found,) = (each for each in table.read_table()["services"] if each["service"] == service)
    return {each["name"]: each for each in found["functions"]}


def test_manifest_lists_the_references_of_all_services(yard: Yard) -> None:
    listed = get(yard, "/references/manifest.json")["references"]
    assert [path for path in listed if path.endswith("api.json")] == [f"/references/{s}/v1/api.json" for s in SERVICES]
    for path in listed:
        get(yard, path)


def test_documents_have_the_forms_that_they_name(yard: Yard) -> None:
    for path in ("/references/manifest.json", *get(yard, "/references/manifest.json")["references"]):
        document = get(yard, path)
        jsonschema.validate(document, get(yard, document["$schema"].rstrip("#")))


@pytest.mark.parametrize("service", SERVICES)
def test_reference_lists_exactly_the_routes_that_are_served(yard: Yard, service: str) -> None:
    listed = {(each["method"], each["route"]) for each in entries(yard, service).values()}
    served = {
        (operation.method.lower(), re.sub(r"\{(\w+)(:path)?\}", r"<\1>", operation.route))
        for operation in services(Sealing(KEY))[service]
    }
    # Addresses that are given out signed, and lists of all that lie at the root.
    extra = {"index": {("get", "/tasks"), ("get", "/namespaces")}}
    given_out = {"object": "/content/<name>", "queue": "/artifact-bytes/<taskId>/<runId>/<name>"}
    extra |= {service: {(method, route) for method in ("get", "put")} for service, route in given_out.items()}
    assert served - listed == extra.get(service, set())
    assert listed <= served


@pytest.mark.parametrize("service", SERVICES)
def test_functions_are_taskclusters_own(yard: Yard, service: str) -> None:
    for name, entry in entries(yard, service).items():
        facts = known(service)[name]
        assert (entry["method"].upper(), entry["route"]) == (facts["method"], facts["route"]), name
        assert entry["query"] == facts.get("query", []), name


def test_whole_services_are_there() -> None:
    for service in ("index", "object", "secrets"):
        assert known(service).keys() <= {operation.name for operation in services(Sealing(KEY))[service]}
    assert known("auth").keys() - {operation.name for operation in services(Sealing(KEY))["auth"]} == NOT_OF_AUTH


@pytest.mark.parametrize("service", SERVICES)
def test_every_schema_that_is_named_is_there_and_is_one(yard: Yard, service: str) -> None:
    for entry in entries(yard, service).values():
        for key in ("input", "output"):
            if key in entry:
                schema = get(yard, f"/schemas/{service}/{entry[key].rstrip('#')}")
                jsonschema.Draft202012Validator.check_schema(schema)


def test_schema_of_a_body_says_what_is_checked(yard: Yard) -> None:
    schema = get(yard, "/schemas/auth/v1/create-client-request.json")
    good = {"expires": yard.later(60), "description": "", "scopes": ["a"]}
    jsonschema.validate(good, schema)
    for wrong in ({"scopes": ["é"]}, {"scopes": "a"}, {"description": "x" * 10_241}, {"more": 1}):
        assert yard.ask("PUT", "/api/auth/v1/clients/x", good | wrong).status == 400
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(good | wrong, schema)


def test_table_is_renewed_from_the_hubs_own_references(yard: Yard, tmp_path: Path) -> None:
    documents = [get(yard, path) for path in get(yard, "/references/manifest.json")["references"]]
    old = table.read_table()
    new = table.renewed(old, iter(documents), old["release"])
    for service in new["services"]:
        for function in service["functions"]:
            assert function == known(service["service"])[function["name"]]
    (events,) = new["events"]
    assert events in old["events"]
    compile(client.services_module(new), "services", "exec")


def test_exchanges_are_those_that_the_queue_publishes_to(yard: Yard) -> None:
    listed = {each["exchange"] for each in get(yard, "/references/queue/v1/exchanges.json")["entries"]}
    published = {f"task-{state.value}" for state in State if state is not State.UNSCHEDULED}
    published |= {
        "artifact-created",
        "task-defined",
        "task-group-priority-changed",
        "task-group-resolved",
        "task-group-sealed",
        "task-priority-changed",
    }
    assert listed == published


def test_every_function_that_is_listed_is_one_of_the_client(yard: Yard) -> None:
    for service in SERVICES:
        its_class = getattr(taskcluster, service.capitalize())
        assert [name for name in entries(yard, service) if not hasattr(its_class, name)] == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/api/hooks/v1/hooks", "no service `hooks`"),
        ("/api/auth/v1/aws/s3/read-only/b/p", "/references/auth/v1/api.json"),
        ("/api/secrets/v2/secrets", "/references/secrets/v1/api.json"),
        ("/references/hooks/v1/api.json", "/references/manifest.json"),
        ("/schemas/queue/v1/nothing.json", "/references/manifest.json"),
    ],
)
def test_what_is_not_there_is_told_with_where_to_look(yard: Yard, path: str, told: str) -> None:
    answer = yard.ask("GET", path)
    assert (answer.status, answer.json["error"]) == (404, "Not found")
    assert told in answer.json["message"]
