"""What users of Taskcluster's own client stumble over, and must not here; one test each."""

import asyncio
import datetime
import importlib.resources
import json
import pickle
import subprocess
import sys

import pytest

import buildyard.taskcluster as taskcluster
from buildyard.errors import BuildyardError, Cut
from buildyard.faces.scripted import ScriptedTransport, answer
from buildyard.taskcluster import aio
from buildyard.taskcluster._lazy import SERVICES
from buildyard.taskcluster.errors import InternalServerError, TaskclusterConnectionError, TaskclusterFailure

TASK = "VtMbr2u_QKaR-ZQxhpFjkw"
HTML = b"<html>502 Bad Gateway</html>"


@pytest.fixture
def queue(options, script):
    return taskcluster.Queue(options, script)


@pytest.mark.parametrize("service", SERVICES)
def test_every_function_has_a_time_out(options, service):
    client = getattr(taskcluster, service)
    for route in client._CORE.ROUTES.values():
        script = ScriptedTransport(answer(json=[] if route.answer == "list" else {}))
        values = ["x"] * len(route.params) + ([{}] if route.has_input else [])
        getattr(client(options, script), route.name)(*values)
        assert 0 < script.requests[0].timeout.read <= 60


def test_error_without_json_tells_method_address_status_and_body(options, script):
    options["maxRetries"] = 0
    script.add(answer(502, HTML))
    with pytest.raises(InternalServerError) as caught:
        taskcluster.Queue(options, script).status(TASK)
    for fact in ("GET", f"/api/queue/v1/task/{TASK}/status", "502", "Bad Gateway"):
        assert fact in str(caught.value)


def test_asyncio_raises_the_same_error_for_a_server_in_trouble(options, script):
    options["maxRetries"] = 1
    script.add(answer(500), answer(500))
    with pytest.raises(InternalServerError):
        asyncio.run(aio.Queue(options, script).status(TASK))


@pytest.mark.parametrize("status", [408, 429])
def test_answers_that_ask_to_come_again_are_believed(queue, script, status):
    script.add(answer(status, headers=[("Retry-After", "7")]), answer(json={}))
    queue.claimWork("p/w", {})
    assert script.sleeps == [7.0]


def test_binary_answer_is_handed_over(options, script):
    script.add(answer(200, b"\x89PNG\xff", [("Content-Type", "image/png")]))
    badge = asyncio.run(aio.Github(options, script).badge("o", "r", "main"))
    assert badge["response"].body == b"\x89PNG\xff"


def test_blocking_client_works_inside_a_running_loop(queue, script):
    async def use():
        return queue.ping()

    script.add(answer(json={"alive": True}))
    assert asyncio.run(use()) == {"alive": True}


def test_options_stay_as_they_were_given(script):
    options = {"rootUrl": "https://tc.example/", "credentials": {"clientId": "c", "accessToken": "t"}}
    before = json.dumps(options)
    taskcluster.Queue(options, script).buildSignedUrl("ping")
    assert json.dumps(options) == before


def test_temporary_credentials_go_through_json():
    now = datetime.datetime.now(datetime.UTC)
    made = taskcluster.createTemporaryCredentials("c", "t", now, now + datetime.timedelta(hours=1), ["s"])
    assert json.loads(json.dumps(made)) == made


@pytest.mark.parametrize("offset", ["1 yr", "1 hr", "1 wk", "1 Day", "2 YEARS 3 Mo"])
def test_offsets_are_read_as_documented(offset):
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    assert taskcluster.fromNow(offset, start) == taskcluster.fromNow(offset, dateObj=start) > start


def test_run_zero_may_be_given_by_name(queue, script):
    script.add(answer(json={}))
    queue.reclaimTask(taskId=TASK, runId=0)
    assert "/runs/0/" in script.requests[0].url


def test_mistaken_keyword_is_told(queue, script):
    with pytest.raises(TaskclusterFailure, match="continuationtoken"):
        queue.listTaskGroup(TASK, query={"continuationtoken": "x"})
    with pytest.raises(TaskclusterFailure, match="qurey"):
        queue.listTaskGroup(TASK, qurey={})
    assert script.requests == []


def test_package_tells_that_it_has_types():
    assert importlib.resources.files("buildyard").joinpath("py.typed").is_file()


def test_importing_the_package_imports_no_client():
    code = "import sys, buildyard.taskcluster; print([n for n in sys.modules if n.startswith(('urllib3', 'aiohttp',"
    code += " 'msgspec', 'buildyard.taskcluster._serv'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (datetime.date(2026, 1, 2), '"2026-01-02"'),
        (datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), '"2026-01-02T00:00:00Z"'),
        ({"b", "a"}, '["a","b"]'),
        (b"x", '"x"'),
    ],
)
def test_payload_may_hold_dates_and_sets(queue, script, value, written):
    script.add(answer(json={}))
    queue.createTask(TASK, {"v": value})
    assert script.requests[0].body.decode() == f'{{"v":{written}}}'


def test_what_json_cannot_hold_is_named(queue):
    with pytest.raises(TaskclusterFailure, match="complex has no JSON form"):
        queue.createTask(TASK, {"v": 1j})


class Uncopied(dict):
    def __deepcopy__(self, memo):
        raise AssertionError("a payload is copied for each call")


def test_payload_is_not_copied(queue, script):
    script.add(answer(json={}))
    queue.createTask(TASK, payload=Uncopied(a=1))
    assert script.requests[0].body == b'{"a":1}'


def test_call_of_unknown_fate_is_not_repeated_unless_asked(options, script):
    script.add(Cut("gone", method="POST", url="https://tc.example/"))
    with pytest.raises(TaskclusterConnectionError) as caught:
        taskcluster.Queue(options, script).claimWork("p/w", {})
    assert caught.value.maybe_sent
    script.add(Cut("gone", method="POST", url="https://tc.example/"), answer(json={"tasks": []}))
    asking = taskcluster.Queue({**options, "retryNonIdempotent": True}, script)
    assert asking.claimWork("p/w", {}) == {"tasks": []}


def test_errors_are_one_family_and_go_through_pickle(options, script):
    options["maxRetries"] = 0
    script.add(answer(404, b'{"code": "ResourceNotFound", "message": "no task", "requestInfo": {"method": "status"}}'))
    with pytest.raises(TaskclusterFailure) as caught:
        taskcluster.Queue(options, script).status(TASK)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.code, again.message, again.requestInfo) == ("ResourceNotFound", "no task", {"method": "status"})
    assert isinstance(again, BuildyardError)


@pytest.mark.parametrize(
    "method",
    ["createClient", "createComment", "email", "triggerHook", "registerWorker", "resetAccessToken", "claimTask"],
)
def test_what_a_second_call_would_do_twice_is_marked(method):
    routes = {name: route for service in SERVICES for name, route in getattr(taskcluster, service)._CORE.ROUTES.items()}
    # A client is created under a name, so that a second time changes nothing.
    assert routes[method].idempotent is (method == "createClient")
