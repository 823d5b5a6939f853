"""Each function of each service, called in each of the four ways in each face: verb, address and body on the wire."""

import asyncio
import json
import re
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

import buildyard.taskcluster
from buildyard.faces.scripted import ScriptedTransport, answer
from buildyard.taskcluster import _services, aio, tx
from buildyard.taskcluster.errors import TaskclusterFailure

sys.path.insert(0, str(Path(__file__).parents[3]))
from tools import taskcluster_client, taskcluster_table

TABLE = taskcluster_table.read_table()
FUNCTIONS = [(service, function) for service in TABLE["services"] for function in service["functions"]]
NAMES = [f"{service['class']}.{function['name']}" for service, function in FUNCTIONS]
ROOT = "https://tc.example"
PAYLOAD = {"é": [1, None, True]}

each_function = pytest.mark.parametrize(("service", "function"), FUNCTIONS, ids=NAMES)


def result_of(deferred):
    caught = []
    deferred.addBoth(caught.append)
    (result,) = caught
    if hasattr(result, "raiseException"):
        result.raiseException()
    return result


#: A face's module, and what turns what its functions return into the answer.
FACES = {
    "blocking": (buildyard.taskcluster, lambda answered: answered),
    "aio": (aio, asyncio.run),
    "tx": (tx, result_of),
}


def names_of(function):
    return re.findall(r"<(\w+)>", function["route"])


def values_of(function):
    """Values with what must be encoded, and a number that is false."""
    return [0 if name == "runId" else f"{name}/é 1" for name in names_of(function)]


def ways(function):
    """The four ways to make one call: positions and names."""
    names, values = names_of(function), values_of(function)
    named = dict(zip(names, values, strict=True))
    payload = {"payload": PAYLOAD} if "input" in function else {}
    query = {"query": dict.fromkeys(function.get("query", ()), "a+b") or None}
    return [
        (tuple(values) + tuple(payload.values()), {}),
        (tuple(payload.values()), named),
        ((), {**payload, **query, "params": named}),
        (tuple(values), {**payload, **query}),
    ]


def address(service, function, named):
    path = function["route"]
    for name, value in zip(names_of(function), values_of(function), strict=True):
        path = path.replace(f"<{name}>", quote(str(value), safe=""))
    query = "&".join(f"{name}=a%2Bb" for name in function.get("query", ())) if named.get("query") else ""
    return f"{ROOT}/api/{service['service']}/{service['version']}{path}{'?' + query if query else ''}"


@each_function
@pytest.mark.parametrize("face", FACES)
def test_function_is_on_the_wire_as_its_reference_says(service, function, face):
    module, finish = FACES[face]
    for args, named in ways(function):
        script = ScriptedTransport(answer(json=[{}] if function["name"] == "listRoles" else {"some": "answer"}))
        client = getattr(module, service["class"])({"rootUrl": ROOT}, script)
        answered = finish(getattr(client, function["name"])(*args, **named))
        (sent,) = script.requests
        assert (sent.method, sent.url) == (function["method"], address(service, function, named))
        assert sent.body == (json.dumps(PAYLOAD, separators=(",", ":")).encode() if "input" in function else b"")
        expected = [{}] if function["name"] == "listRoles" else {"some": "answer"}
        assert answered == (None if function["name"] == "finishArtifact" else expected)


@each_function
def test_function_builds_the_address_that_it_would_ask(service, function):
    client = getattr(buildyard.taskcluster, service["class"])({"rootUrl": ROOT}, ScriptedTransport())
    for args, named in ways(function):
        assert client.buildUrl(function["name"], *args, **named) == address(service, function, named)


@each_function
def test_function_refuses_what_it_has_no_place_for(service, function):
    script = ScriptedTransport()
    client = getattr(buildyard.taskcluster, service["class"])({"rootUrl": ROOT}, script)
    call, values = getattr(client, function["name"]), values_of(function)
    payload = [PAYLOAD] if "input" in function else []
    wrong = [
        ((*values, *payload, "more"), {}),
        ((*values, *payload), {"colour": "red"}),
        ((*values, *payload), {"query": {"colour": "red"}}),
        ((*values, *payload), {"params": {"colour": "red"}}),
    ]
    wrong += [((*values[:-1], None, *payload), {})] if values else []
    wrong += [(tuple(values), {})] if payload else []
    for args, named in wrong:
        with pytest.raises(TaskclusterFailure):
            call(*args, **named)
    assert script.requests == []


def test_there_are_all_functions_and_exchanges():
    assert (len(TABLE["services"]), len(FUNCTIONS)) == (11, 188)
    assert (len(TABLE["events"]), sum(len(each["exchanges"]) for each in TABLE["events"])) == (6, 37)


def test_each_class_has_the_functions_of_its_reference_and_no_other():
    for service in TABLE["services"]:
        core = getattr(_services, f"Async{service['class']}")
        assert set(core.ROUTES) == {function["name"] for function in service["functions"]}


@pytest.mark.parametrize("path", taskcluster_client.modules(), ids=lambda path: path.name)
def test_generated_module_is_what_the_generator_writes(path):
    assert path.read_text("utf-8") == taskcluster_client.modules()[path]


@each_function
def test_function_tells_its_route_and_scopes_in_its_help(service, function):
    doc = getattr(getattr(buildyard.taskcluster, service["class"]), function["name"]).__doc__
    assert f"``{function['method']} {function['route']}``" in doc
    assert function["summary"] in doc
    if isinstance(function.get("scopes"), str):
        assert f"``{function['scopes']}``" in doc
