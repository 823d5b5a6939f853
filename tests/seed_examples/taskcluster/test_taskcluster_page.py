"""The examples of the client's page, one after the other, on a hub."""

import re
from pathlib import Path

from buildyard.taskcluster import Queue, slugId
from support.tasks import OTHER_POOL, definition

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "taskcluster.md"


def test_examples_of_the_page_run(hub, monkeypatch, capsys):
    monkeypatch.setenv("TASKCLUSTER_ROOT_URL", hub.url)
    monkeypatch.setenv("TASKCLUSTER_CLIENT_ID", hub.root.client_id)
    monkeypatch.setenv("TASKCLUSTER_ACCESS_TOKEN", hub.root.access_token)
    with Queue(hub.options()) as queue:
        queue.createTask(slugId(), definition(hub.clock(), taskQueueId=OTHER_POOL))
        claim = queue.claimWork(OTHER_POOL, {"workerGroup": "g", "workerId": "w"})["tasks"][0]
    names = {"claim": claim}
    for example in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        if (
            ".listen(" not in example
        ):  # it needs a Pulse, and goes on for ever: integration/messaging/test_messaging_pulse
            exec(compile(example, str(PAGE), "exec"), names)
    names["queue"].close()
    assert "b'all is well' text/plain" in capsys.readouterr().out
