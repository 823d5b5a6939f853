"""The programs of the tutorial and the how-to about tasks, as they are printed, against a hub."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from support.farmyard import until
from support.hub import Hub

DOCS = Path(__file__).parents[3] / "docs"


def program(page: str, name: str, directory: Path) -> Path:
    """Write the program whose text names itself ``name``, or that the page says to save as it; return its path."""
    text = (DOCS / page).read_text()
    saved = re.search(rf"`{name}`[^`]*```python\n(.*?)```|```python\n(# {name}\n.*?)```", text, flags=re.DOTALL)
    assert saved is not None
    path = directory / name
    path.write_text(saved[1] or saved[2])
    return path


def environment(hub: Hub) -> dict[str, str]:
    return {
        **os.environ,
        "TASKCLUSTER_ROOT_URL": hub.url,
        "TASKCLUSTER_CLIENT_ID": hub.root.client_id,
        "TASKCLUSTER_ACCESS_TOKEN": hub.root.access_token,
    }


def said(hub: Hub, path: Path, *arguments: str) -> list[str]:
    command = [sys.executable, str(path), *arguments]
    done = subprocess.run(command, env=environment(hub), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_first_task_is_made_done_and_looked_at(hub: Hub, tmp_path: Path) -> None:
    create, work, look = (
        program("tutorial/first-task.md", f"{name}.py", tmp_path) for name in ("create", "work", "look")
    )
    (created,) = said(hub, create)
    task_id = created.split()[0]
    assert created == f"{task_id} pending"
    assert said(hub, work) == [f"{task_id} completed"]
    assert said(hub, look, task_id) == ["completed by worker-1", "public/greeting.txt text/plain", "Hello, world!"]


def test_worker_of_thirty_lines_runs_commands(hub: Hub, tmp_path: Path) -> None:
    worker, command = (program("how-to/workers.md", name, tmp_path) for name in ("worker.py", "command.py"))
    (good,), (bad,) = said(hub, command, "echo", "hello"), said(hub, command, "false")
    with (tmp_path / "out").open("w+") as out:
        arguments = [sys.executable, str(worker), "demo/commands", "worker-1"]
        working = subprocess.Popen(arguments, env=environment(hub), stdout=out, stderr=out)
        try:
            expected = f"{good} 0 completed\n{bad} 0 failed\n"
            until("both are reported", lambda: (tmp_path / "out").read_text() == expected, within=20)
        finally:
            working.kill()
            working.wait(10)
    address = f"/api/queue/v1/task/{good}/artifacts/public/output.txt"
    assert hub.call("GET", hub.call("GET", address).headers["location"]).content == b"hello\n"
