"""The examples of `docs/how-to/task-groups.md`, run as they are against a hub."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.hub import Hub

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "task-groups.md"


def test_the_examples_do_what_the_page_says(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TASKCLUSTER_ROOT_URL", hub.url)
    monkeypatch.setenv("TASKCLUSTER_CLIENT_ID", hub.root.client_id)
    monkeypatch.setenv("TASKCLUSTER_ACCESS_TOKEN", hub.root.access_token)
    first, second = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(first, names)
    *listed, cancelled = capsys.readouterr().out.splitlines()
    assert sorted(listed) == ["build pending", "report unscheduled", "test unscheduled"]
    assert cancelled == "3 cancelled"
    asked = {"workerGroup": "here", "workerId": "yard-1"}
    hub.call("POST", "/api/queue/v1/claim-work/demo%2Fsteps", asked, sign=hub.root)
    exec(second, names)
