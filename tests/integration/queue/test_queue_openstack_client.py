"""OpenStack's own client drives a queue service over its real interface: the hub, and a Zaqar for comparison."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.marconi_http import PROJECT, serving_over_http
from support.zaqar import Zaqar

SCRIPT = Path(__file__).with_name("openstack_client.py")
AS_NOBODY = {"backend": "noauth", "options": {"os_project_id": "demo"}}

#: What the script tells of the hub, which sends no notifications and does all else that the client has.
EXPECTED = {
    "name": "jobs",
    "written": "blue",
    "read": {"colour": "blue", "size": 3},
    "settings": ["_dead_letter_queue", "_dead_letter_queue_messages_ttl", "_default_message_delay"],
    "first page": [["jobs"], 2],
    "all queues": ["jobs", "other"],
    "posted": 5,
    "one": 1,
    "own are hidden": [],
    "echo": [{"n": 0}, {"n": 1}],
    "of another": "alone",
    "streamed": 6,
    "by id": [0, 1],
    "single": [{"n": 2}, 300, True, None],
    "missing": "ResourceNotFound",
    "too long": "MalformedRequest",
    "too large": "MalformedRequest",
    "limit": "MalformedRequest",
    "claimed": [[{"n": 0}, {"n": 1}], True, 120],
    "stats": {"claimed": 2, "free": 4, "total": 6},
    "renewed": [200, True],
    "without the claim": "ForbiddenError",
    "left in the claim": [{"n": 1}],
    "released": "ResourceNotFound",
    "free again": 0,
    "nothing to claim": [],
    "popped": [{"n": 1}, {"n": 2}],
    "after pop": ["alone"],
    "purged": 0,
    "signed": [["/v2/queues/jobs/messages"], ["GET"], 64],
    "subscriptions": "ResourceNotFound",
    "ping": True,
    "home": True,
    "left": ["other"],
}


def told_by_the_client(python: Path, url: str, auth_opts: Mapping[str, Any]) -> Any:
    done = subprocess.run(
        [python, SCRIPT],
        input=json.dumps({"url": url, "auth_opts": auth_opts}),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_openstacks_client_does_all_it_can_with_the_hub(zaqarclient_python: Path, store_url: str) -> None:
    with serving_over_http(store_url) as server:
        assert told_by_the_client(zaqarclient_python, server.url, AS_NOBODY) == EXPECTED


def test_openstacks_client_signs_in_at_the_hub(zaqarclient_python: Path, tmp_path: Path) -> None:
    with serving_over_http(f"sqlite:///{tmp_path / 'yard.sqlite'}") as server:
        options = {
            "os_auth_url": f"{server.url}/v3",
            "os_username": server.worker.client_id,
            "os_password": server.worker.access_token,
            "os_user_domain_id": "default",
            "os_project_name": PROJECT,
            "os_project_domain_id": "default",
        }
        auth_opts = {"backend": "keystone", "options": options}
        assert told_by_the_client(zaqarclient_python, server.url, auth_opts) == EXPECTED


def test_what_the_hub_is_held_to_is_what_a_zaqar_does(zaqarclient_python: Path, zaqar: Zaqar) -> None:
    zaqar.clear()
    subscribed = [["http://127.0.0.1:9/", 600, {"a": 1}], [["http://127.0.0.1:9/", 1000]], []]
    told = told_by_the_client(zaqarclient_python, zaqar.url, AS_NOBODY)
    assert told == {**EXPECTED, "subscriptions": subscribed}
