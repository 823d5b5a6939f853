"""`helper`: how a program reaches Taskcluster, and secrets; and options from environment and file."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from datetime import timedelta

import pytest

import buildyard.taskcluster
from buildyard.faces.scripted import ScriptedTransport, answer, body_of
from buildyard.taskcluster import aio, helper, isExpired, optionsFromEnvironment, optionsFromFile
from buildyard.taskcluster.errors import TaskclusterAuthFailure, TaskclusterFailure
from buildyard.taskcluster.helper import TaskclusterConfig, load_secrets

ROOT = "https://tc.example"
VARIABLES = ("ROOT_URL", "CLIENT_ID", "ACCESS_TOKEN", "CERTIFICATE", "PROXY_URL")
SECRET = {
    "common": {"environment": "production", "remote_log": "https://log"},
    "backend": {"bugzilla_token": "XXXX"},
    "task": {"backend_url": "https://backend"},
}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in [*(f"TASKCLUSTER_{name}" for name in VARIABLES), "TASK_ID", "RUN_ID"]:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


# --- TaskclusterConfig ---------------------------------------------------------------------------


def test_root_url_must_come_from_somewhere(environment):
    with pytest.raises(TaskclusterFailure, match="TASKCLUSTER_ROOT_URL"):
        TaskclusterConfig()
    environment.setenv("TASKCLUSTER_ROOT_URL", ROOT)
    assert TaskclusterConfig().default_url == ROOT


def authorized(**credentials):
    config = TaskclusterConfig(ROOT)
    config.auth(**credentials)
    return config.options


def test_credentials_that_are_given_come_first(environment):
    environment.setenv("TASKCLUSTER_CLIENT_ID", "other")
    environment.setenv("TASKCLUSTER_ACCESS_TOKEN", "other")
    options = authorized(client_id="c", access_token="t")
    assert options == {"rootUrl": ROOT, "credentials": {"clientId": "c", "accessToken": "t"}, "maxRetries": 12}


def test_credentials_of_the_environment_come_second_with_their_certificate(environment):
    for name, value in (("CLIENT_ID", "c"), ("ACCESS_TOKEN", "t"), ("CERTIFICATE", "{}")):
        environment.setenv(f"TASKCLUSTER_{name}", value)
    environment.setenv("TASK_ID", "x")
    assert authorized()["credentials"] == {"clientId": "c", "accessToken": "t", "certificate": "{}"}


@pytest.mark.parametrize(("given", "url"), [(None, "http://taskcluster"), ("http://proxy:8080/", "http://proxy:8080")])
def test_proxy_of_a_task_comes_third(environment, given, url):
    environment.setenv("TASK_ID", "x")
    if given:
        environment.setenv("TASKCLUSTER_PROXY_URL", given)
    assert authorized() == {"rootUrl": url, "maxRetries": 12}


def test_without_anything_requests_are_not_signed():
    assert authorized() == {"rootUrl": ROOT, "maxRetries": 12}


def test_half_of_credentials_is_a_mistake():
    with pytest.raises(TaskclusterFailure, match="both or neither"):
        authorized(client_id="c")


@pytest.mark.parametrize("name", ["worker-manager", "worker_manager", "workerManager", "WorkerManager"])
def test_services_are_found_however_their_names_are_written(name):
    assert type(TaskclusterConfig(ROOT).get_service(name)) is buildyard.taskcluster.WorkerManager
    assert type(TaskclusterConfig(ROOT).get_service(name, use_async=True)) is aio.WorkerManager


def test_unknown_service_is_named():
    with pytest.raises(TaskclusterFailure, match="awsprovisioner: no such service"):
        TaskclusterConfig(ROOT).get_service("awsprovisioner")


# --- secrets -------------------------------------------------------------------------------------


@pytest.fixture
def secrets():
    return buildyard.taskcluster.Secrets({"rootUrl": ROOT}, ScriptedTransport(answer(json={"secret": SECRET})))


def test_secrets_of_prefixes_are_merged_over_existing_ones(secrets):
    found = load_secrets(
        secrets, "n", prefixes=["common", "backend"], required=["bugzilla_token"], existing={"environment": "dev"}
    )
    assert found == {"environment": "production", "remote_log": "https://log", "bugzilla_token": "XXXX"}


def test_prefix_that_a_secret_lacks_is_passed_over(secrets):
    assert load_secrets(secrets, "n", prefixes=["task", "bot"]) == {"backend_url": "https://backend"}


def test_secrets_without_prefixes_are_all(secrets):
    assert load_secrets(secrets, "n") == SECRET


def test_missing_value_is_named(secrets):
    with pytest.raises(TaskclusterFailure, match="Missing value absent in secrets"):
        load_secrets(secrets, "n", required=["absent"])


def test_local_secrets_are_taken_in_place_of_the_service():
    assert load_secrets(None, "n", local_secrets={"a": {"b": 1}}, prefixes=["a"]) == {"b": 1}


def test_existing_values_stay_as_they_were(secrets):
    existing = {"environment": "dev"}
    load_secrets(secrets, "n", prefixes=["common"], existing=existing)
    assert existing == {"environment": "dev"}


def test_secret_needs_a_name_or_local_ones(secrets):
    with pytest.raises(TaskclusterFailure, match="name of a secret"):
        load_secrets(secrets, None)


def test_configuration_loads_and_keeps_secrets(monkeypatch, secrets):
    config = TaskclusterConfig(ROOT)
    monkeypatch.setattr(config, "get_service", lambda name: secrets)
    assert config.load_secrets("n", prefixes=["task"]) == config.secrets == {"backend_url": "https://backend"}


# --- artifacts of the own task -------------------------------------------------------------------


@pytest.mark.parametrize("content", ["wheel", b"wheel"])
def test_artifact_of_the_own_run_is_uploaded_and_the_caller_warned(environment, content):
    script = ScriptedTransport(answer(json={"storageType": "s3", "putUrl": "https://store.example/x"}), answer(200))
    environment.setenv("TASK_ID", "t")
    environment.setenv("RUN_ID", "0")
    queue = buildyard.taskcluster.Queue({"rootUrl": "http://taskcluster"}, script)
    with pytest.warns(DeprecationWarning, match="uploadArtifact"):
        path = helper.upload_artifact(queue, "public/a b", content, "a/b", timedelta(days=1))
    assert path == "/api/queue/v1/task/t/runs/0/artifacts/public/a%20b"
    assert body_of(script.requests[1]) == b"wheel"


def test_outside_of_a_task_there_is_no_own_run():
    with pytest.warns(DeprecationWarning, match="uploadArtifact"), pytest.raises(TaskclusterFailure, match="TASK_ID"):
        helper.upload_artifact(None, "x", b"", "a/b", timedelta(days=1))


def test_configuration_tells_the_address_of_what_it_uploaded(environment):
    script = ScriptedTransport(answer(json={"storageType": "s3", "putUrl": "https://store.example/x"}), answer(200))
    environment.setenv("TASK_ID", "t")
    environment.setenv("RUN_ID", "0")
    config = TaskclusterConfig(ROOT)
    queue = buildyard.taskcluster.Queue({"rootUrl": "http://taskcluster"}, script)
    environment.setattr(config, "get_service", lambda name: queue)
    with pytest.warns(DeprecationWarning, match="uploadArtifact"):
        address = config.upload_artifact("public/x", b"wheel", "a/b", timedelta(days=1))
    assert address == f"{ROOT}/api/queue/v1/task/t/runs/0/artifacts/public/x"


# --- options -------------------------------------------------------------------------------------


def test_proxy_is_one_switch():
    environ = {"TASKCLUSTER_ROOT_URL": ROOT, "TASKCLUSTER_CLIENT_ID": "c", "TASKCLUSTER_ACCESS_TOKEN": "t"}
    assert optionsFromEnvironment({"maxRetries": 1, "credentials": {}}, proxy=True, environ=environ) == {
        "rootUrl": "http://taskcluster",
        "maxRetries": 1,
    }


CREDENTIALS = {"clientId": "c", "accessToken": "t"}


@pytest.mark.parametrize("content", [CREDENTIALS, {"credentials": CREDENTIALS}])
def test_options_come_from_a_file(tmp_path, content):
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(content))
    assert optionsFromFile(path, {"rootUrl": ROOT}) == {"rootUrl": ROOT, "credentials": CREDENTIALS}


@pytest.mark.parametrize("content", ["", "[]", "{}", "{bad"])
def test_file_without_options_is_named(tmp_path, content):
    path = tmp_path / "credentials.json"
    path.write_text(content)
    with pytest.raises(TaskclusterFailure, match=r"credentials\.json"):
        optionsFromFile(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(TaskclusterFailure, match="absent"):
        optionsFromFile(tmp_path / "absent")


@pytest.mark.parametrize(("minutes", "expired"), [(-1, True), (19, True), (21, False)])
def test_certificate_is_expired_twenty_minutes_before_its_end(minutes, expired):
    certificate = {"expiry": (1000 + minutes * 60) * 1000}
    assert isExpired(certificate, now=1000) is expired
    assert isExpired(json.dumps(certificate), now=1000) is expired


def test_certificate_without_an_end_is_refused():
    with pytest.raises(TaskclusterAuthFailure):
        isExpired("{}")


# --- debugging -----------------------------------------------------------------------------------


def debugged(**variables):
    code = (
        "import logging, buildyard.taskcluster;"
        "logger = logging.getLogger('buildyard.taskcluster'); print(logger.level, len(logger.handlers))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "DEBUG_TASKCLUSTER_CLIENT"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**environment, **variables}, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_debugging_is_turned_on_by_the_environment():
    assert debugged(DEBUG_TASKCLUSTER_CLIENT="1") == [str(logging.DEBUG), "1"]
    assert debugged() == ["0", "0"]


def test_asyncio_clients_of_a_configuration_answer():
    async def use():
        async with TaskclusterConfig(ROOT).get_service("hooks", use_async=True) as hooks:
            return hooks.buildUrl("ping")

    assert asyncio.run(use()) == f"{ROOT}/api/hooks/v1/ping"
