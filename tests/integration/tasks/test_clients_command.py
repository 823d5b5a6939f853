"""``buildyard client``: a person makes, lists and deletes credentials at a hub."""

from __future__ import annotations

import json

import pytest

from buildyard.cli.app import run
from buildyard.cli.trouble import ExitCode
from buildyard.taskcluster import Queue, slugId
from buildyard.taskcluster.errors import TaskclusterAuthFailure, TaskclusterRestFailure
from support.hub import Hub
from support.tasks import definition

Read = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _operator(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKCLUSTER_ROOT_URL", hub.url)
    monkeypatch.setenv("TASKCLUSTER_CLIENT_ID", hub.root.client_id)
    monkeypatch.setenv("TASKCLUSTER_ACCESS_TOKEN", hub.root.access_token)
    monkeypatch.delenv("TASKCLUSTER_CERTIFICATE", raising=False)


def asked(hub: Hub, *arguments: str) -> int:
    return run(["client", *arguments, "--hub", hub.url])


def test_made_client_may_do_what_was_said_until_it_is_deleted(hub: Hub, capsys: Read) -> None:
    scopes = ("--scope", "queue:pending-count:a/*", "--scope", "queue:claimed-count:a/*")
    assert asked(hub, "create", "team/mira", *scopes, "--json") == 0
    made = json.loads(capsys.readouterr().out)
    theirs = Queue(hub.options({name: made[name] for name in ("clientId", "accessToken")}))
    assert theirs.taskQueueCounts("a/b")["pendingTasks"] == 0
    with pytest.raises(TaskclusterRestFailure, match="create-task"):
        theirs.createTask(slugId(), definition(hub.clock()))
    assert asked(hub, "delete", "team/mira") == 0
    assert capsys.readouterr().out == "deleted team/mira\n"
    with pytest.raises(TaskclusterAuthFailure):
        theirs.taskQueueCounts("a/b")


def test_made_client_is_shown_for_a_person_or_a_shell(hub: Hub, capsys: Read) -> None:
    assert asked(hub, "create", "a", "--expires", "30 days") == 0
    facts = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert facts["client_id"] == "a"
    assert facts["root_url"] == hub.url
    assert len(facts["access_token"]) == 44
    assert asked(hub, "create", "b", "--export") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("=")[0] for line in lines] == [
        "export TASKCLUSTER_ROOT_URL",
        "export TASKCLUSTER_CLIENT_ID",
        "export TASKCLUSTER_ACCESS_TOKEN",
    ]


def test_clients_are_listed_with_what_they_may_do_and_no_token(hub: Hub, capsys: Read) -> None:
    for name in ("team/a", "team/b", "other"):
        asked(hub, "create", name, "--scope", f"x:{name}")
    capsys.readouterr()
    assert asked(hub, "list", "team/") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["team/a", "team/b"]
    assert lines[0].endswith("x:team/a")
    assert asked(hub, "list", "--json") == 0
    clients = json.loads(capsys.readouterr().out)["clients"]
    assert {"team/a", "other"} <= {client["clientId"] for client in clients}
    assert not any("accessToken" in client for client in clients)


def test_what_cannot_be_is_told(hub: Hub, capsys: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(hub, "create", "a", "--expires", "soon") == ExitCode.WRONG_USE
    assert "--expires '30 days'" in capsys.readouterr().err
    asked(hub, "create", "a", "--json")
    made = json.loads(capsys.readouterr().out)
    assert asked(hub, "create", "a", "--scope", "x") == ExitCode.WRONG_USE
    assert "already exists" in capsys.readouterr().err
    monkeypatch.setenv("TASKCLUSTER_CLIENT_ID", "a")
    monkeypatch.setenv("TASKCLUSTER_ACCESS_TOKEN", made["accessToken"])
    assert asked(hub, "list") == ExitCode.NOT_ALLOWED
    assert "auth:list-clients" in capsys.readouterr().err
