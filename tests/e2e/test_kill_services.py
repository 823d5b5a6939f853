"""What the services auth, index, secrets and object acknowledged is there after the hub was killed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from buildyard.farm.state import StateDirectory
from buildyard.taskcluster import Auth, Index, Object, Queue, Secrets, fromNowJSON, slugId
from buildyard.taskcluster.download import downloadToBuf
from buildyard.taskcluster.upload import uploadFromBuf
from support.farmyard import Yard, yard
from support.tasks import OTHER_POOL, definition

pytestmark = pytest.mark.timeout(60)


def options(farm: Yard, credentials: Any = None) -> dict[str, Any]:
    known = StateDirectory(farm.state).credentials()
    assert known is not None
    given = credentials or {"clientId": known.client_id, "accessToken": known.access_token}
    return {"rootUrl": farm.url, "credentials": given}


def completed(farm: Yard, path: str) -> str:
    """Run a task to its end whose route puts it under the path."""

    with Queue(options(farm)) as queue:
        task_id = slugId()
        wanted = definition(time.time(), taskQueueId=OTHER_POOL, routes=[f"index.{path}"])
        queue.createTask(task_id, wanted)
        (claim,) = queue.claimWork(OTHER_POOL, {"workerGroup": "g", "workerId": "w"})["tasks"]
        queue.with_credentials(claim["credentials"]).reportCompleted(task_id, 0)
    return task_id


def test_hub_that_is_killed_keeps_what_the_services_said(tmp_path: Path) -> None:
    with yard(tmp_path / "farm", "", synchronous="FULL") as farm:
        farm.start_hub()
        auth, secrets, objects = (kind(options(farm)) for kind in (Auth, Secrets, Object))
        auth.createRole("reader", {"description": "", "scopes": ["secrets:get:*"]})
        wanted = {"description": "", "expires": fromNowJSON("1 hour"), "scopes": ["assume:reader"]}
        client = auth.createClient("mira", wanted)
        secrets.set("a/b", {"secret": {"n": 1}, "expires": fromNowJSON("1 hour")})
        task_id = completed(farm, "six.main.latest")
        uploadFromBuf(
            projectId="p",
            name="kept",
            contentType="a/b",
            contentLength=10_000,
            expires=fromNowJSON("1 hour"),
            data=b"x" * 10_000,
            objectService=objects,
        )
        assert farm.hub is not None
        farm.hub.kill()
        farm.start_hub()

        reader = Secrets(options(farm, {name: client[name] for name in ("clientId", "accessToken")}))
        assert reader.get("a/b")["secret"] == {"n": 1}
        assert Index(options(farm)).findTask("six.main.latest")["taskId"] == task_id
        data, kind = downloadToBuf(name="kept", objectService=Object(options(farm)))
        assert (bytes(data), kind) == (b"x" * 10_000, "a/b")
        assert (farm.state / "secrets.key").stat().st_mode & 0o777 == 0o600
