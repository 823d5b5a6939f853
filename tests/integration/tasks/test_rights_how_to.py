"""The how-to on rights does what it says: its examples run, one after another, at a hub."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from buildyard.taskcluster import Auth, Queue, slugId
from buildyard.taskcluster.errors import TaskclusterAuthFailure, TaskclusterRestFailure
from support.hub import Hub
from support.tasks import definition

PAGE = Path(__file__).resolve().parents[3] / "docs/how-to/rights.md"


def test_examples_run_and_give_what_they_say(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TASKCLUSTER_ROOT_URL", hub.url)
    monkeypatch.setenv("TASKCLUSTER_CLIENT_ID", hub.root.client_id)
    monkeypatch.setenv("TASKCLUSTER_ACCESS_TOKEN", hub.root.access_token)
    monkeypatch.delenv("TASKCLUSTER_CERTIFICATE", raising=False)
    *examples, last = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    for example in examples:
        exec(example, names)
    task_id = slugId()
    Queue(hub.options()).createTask(task_id, definition(hub.clock()))

    may_look = Queue(hub.options(names["given"]))
    assert may_look.task(task_id)["taskGroupId"] == task_id
    with pytest.raises(TaskclusterRestFailure, match="queue:cancel-task"):
        may_look.cancelTask(task_id)
    printed = capsys.readouterr().out
    assert names["client"]["accessToken"] in printed
    assert "'secrets:get:project/six/*'" in printed

    exec(last, names)
    assert "team/mira" in capsys.readouterr().out
    with pytest.raises(TaskclusterAuthFailure):
        may_look.task(task_id)
    assert [client["clientId"] for client in Auth(hub.options()).iterClients(query={"prefix": "team/"})] == []
