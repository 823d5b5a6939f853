"""Three faces of one core: the same names, the same arguments, the same answers."""

import ast
import asyncio
import importlib
import inspect
import subprocess
import sys
import threading

import pytest
from twisted.internet.defer import Deferred

import buildyard.taskcluster
import buildyard.taskcluster.aio._base
import buildyard.taskcluster.aio._services
from buildyard.faces.scripted import answer
from buildyard.taskcluster import _blocking_services, _deferred_services, _services, aio, client, tx
from buildyard.taskcluster._lazy import EVENTS, SERVICES
from buildyard.taskcluster.errors import InternalServerError, ResourceNotFound
from buildyard.taskcluster.transfer import examine

FACES = [
    (getattr(_services, f"Async{name}"), [getattr(face, name) for face in (buildyard.taskcluster, aio, tx)])
    for name in SERVICES
]
PAIRS = [(core, face) for core, faces in FACES for face in faces]
QUEUES = [buildyard.taskcluster.Queue, aio.Queue, tx.Queue]
TASK = "VtMbr2u_QKaR-ZQxhpFjkw"

CREATED = {"name": "n", "projectId": "p", "uploadId": "u", "expires": "e", "credentials": {}}
UPLOAD = [CREATED, {"uploadMethod": {"dataInline": True}}, {}, {}]


def names(cls):
    return {name for name, _ in inspect.getmembers(cls, callable) if not name.startswith("_")}


def result_of(deferred):
    """What a Deferred that has fired holds; a scripted transport never lets one wait."""
    caught = []
    deferred.addBoth(caught.append)
    (result,) = caught
    if hasattr(result, "raiseException"):
        result.raiseException()
    return result


@pytest.mark.parametrize(("core", "face"), PAIRS)
def test_face_lists_each_operation_of_its_core(core, face):
    assert names(face) == names(core)


@pytest.mark.parametrize(("core", "face"), PAIRS)
def test_operations_take_the_same_arguments(core, face):
    for name in names(core) - {"uploadArtifact", "close", "with_credentials"}:
        of_core = inspect.signature(getattr(core, name)).parameters
        of_face = inspect.signature(getattr(face, name)).parameters
        assert list(of_face) == list(of_core), name


@pytest.mark.parametrize(("core", "face"), PAIRS)
def test_each_operation_is_documented(core, face):
    for name in names(face):
        assert inspect.getdoc(getattr(face, name)), name


def test_uploads_take_the_same_arguments_in_each_face():
    signatures = {str(inspect.signature(face.uploadArtifact)).partition(" ->")[0] for face in QUEUES}
    assert len(signatures) == 1


def test_blocking_face_returns_the_answer(options, script):
    script.add(answer(json={"status": {}}))
    assert buildyard.taskcluster.Queue(options, script).status(TASK) == {"status": {}}


def test_asyncio_face_awaits_the_answer(options, script):
    script.add(answer(json={"status": {}}))
    assert asyncio.run(aio.Queue(options, script).status(TASK)) == {"status": {}}


def test_twisted_face_fires_with_the_answer(options, script):
    script.add(answer(json={"status": {}}))
    pending = tx.Queue(options, script).status(TASK)
    assert isinstance(pending, Deferred)
    assert result_of(pending) == {"status": {}}


@pytest.mark.parametrize(("status", "error"), [(404, ResourceNotFound), (503, InternalServerError)])
def test_refusals_are_the_same_error_in_each_face(options, script, status, error):
    options["maxRetries"] = 0
    script.add(answer(status), answer(status), answer(status))
    with pytest.raises(error):
        buildyard.taskcluster.Queue(options, script).task(TASK)
    with pytest.raises(error):
        asyncio.run(aio.Queue(options, script).task(TASK))
    with pytest.raises(error):
        result_of(tx.Queue(options, script).task(TASK))


@pytest.mark.parametrize("source", [bytes, examine])
def test_blocking_face_uploads_bytes_and_examined_content(options, script, source):
    script.add(*[answer(json=step) for step in UPLOAD])
    made = source(b"wheel")
    queue = buildyard.taskcluster.Queue(options, script)
    content = queue.uploadArtifact(TASK, 0, "x", made, contentType="a/b", expires="e")
    assert content == examine(b"wheel")


def test_blocking_face_works_inside_a_running_loop(options, script):
    async def use():
        return buildyard.taskcluster.Queue(options, script).uploadArtifact(
            TASK, 0, "x", b"w", contentType="a/b", expires="e"
        )

    script.add(*[answer(json=step) for step in UPLOAD])
    assert asyncio.run(use()) == examine(b"w")


def test_asyncio_face_opens_a_file_off_its_loop(options, script, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        buildyard.taskcluster.aio._base,
        "opened",
        lambda path: seen.append(threading.current_thread()) or examine(path),
    )
    script.add(*[answer(json=step) for step in UPLOAD])
    path = tmp_path / "x"
    path.write_bytes(b"wheel")
    upload = aio.Queue(options, script).uploadArtifact(TASK, 0, "x", path, contentType="a/b", expires="e")
    assert asyncio.run(upload) == examine(b"wheel")
    assert seen != [threading.main_thread()]


def test_twisted_face_uploads_examined_content(options, script):
    script.add(*[answer(json=step) for step in UPLOAD])
    made = examine(b"wheel")
    pending = tx.Queue(options, script).uploadArtifact(TASK, 0, "x", made, contentType="a/b", expires="e")
    assert result_of(pending) == made


@pytest.mark.parametrize("face", QUEUES)
def test_addresses_are_built_without_waiting(options, script, face):
    queue = face(options, script)
    url = queue.buildSignedUrl("task", TASK, expiration=60)
    assert url.startswith(queue.buildUrl("task", TASK) + "?bewit=")
    assert script.requests == []


@pytest.mark.parametrize("face", QUEUES)
def test_with_credentials_gives_the_same_face(options, script, face):
    other = face(options, script).with_credentials({"clientId": "task-client", "accessToken": "t"})
    assert type(other) is face
    assert repr(other) == "<Queue https://tc.example Credentials('task-client', permanent)>"


def test_blocking_client_is_a_context_manager(options):
    with buildyard.taskcluster.Queue(options) as queue:
        assert queue.buildUrl("ping") == "https://tc.example/api/queue/v1/ping"


def test_asyncio_client_is_a_context_manager(options):
    async def use():
        async with aio.Queue(options) as queue:
            return queue.buildUrl("ping")

    assert asyncio.run(use()) == "https://tc.example/api/queue/v1/ping"


def test_names_of_the_seed_are_public():
    seed = {"createTemporaryCredentials", "optionsFromEnvironment", "fromNow", "fromNowJSON", "slugId", "stableSlugId"}
    assert seed | {"scopeMatch", "scopesMatch", "client", "aio", "API_VERSION"} <= set(buildyard.taskcluster.__all__)


@pytest.mark.parametrize("module", [buildyard.taskcluster, aio, tx, client])
def test_each_face_has_every_service_and_events_class(module):
    assert {*SERVICES, *EVENTS} <= set(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_generated_classes_are_those_that_the_faces_name():
    for module in (_blocking_services, _deferred_services, buildyard.taskcluster.aio._services):
        made = {name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__}
        assert made - {"T"} == set(SERVICES)


def test_unknown_names_are_no_attributes():
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = buildyard.taskcluster.Nonsense


def test_blocking_client_loads_neither_aiohttp_nor_twisted_nor_asyncio():
    code = (
        "import sys, buildyard.taskcluster as t; t.Queue({'rootUrl': 'http://x'});"
        "print(sorted({'aiohttp', 'twisted', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"


def test_twisted_is_loaded_when_a_client_is_made():
    code = "import sys, buildyard.taskcluster.tx; print('twisted' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "False"


CORES = [
    "_artifacts",
    "_calling",
    "_certificate",
    "_exchanges",
    "_hawk",
    "_hawk_wire",
    "_operations",
    "_options",
    "_payload",
    "_routes",
    "_service",
    "_services",
    "scopes",
    "urls",
]


@pytest.mark.parametrize("name", CORES)
def test_core_imports_no_clock_loop_or_network(name):
    module = importlib.import_module(f"buildyard.taskcluster.{name}")
    nodes = list(ast.walk(ast.parse(inspect.getsource(module))))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert not {"asyncio", "threading", "time", "socket", "urllib3", "aiohttp", "twisted"} & imported
