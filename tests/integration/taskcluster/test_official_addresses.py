"""The official client of that release, asked for the address of each function and the pattern of each exchange."""

import json
import subprocess
from pathlib import Path

import pytest

from buildyard import taskcluster
from buildyard.taskcluster import _events, _services
from buildyard.taskcluster._lazy import EVENTS, SERVICES
from support.official import official_taskcluster

SCRIPT = Path(__file__).with_name("official_addresses.py")
PAYLOAD = {"a": 1}


def calls():
    for name in SERVICES:
        for route in getattr(_services, f"Async{name}").ROUTES.values():
            values = [f"{each}/é +%" for each in route.params] + ([PAYLOAD] if route.has_input else [])
            yield name, route.name, values
    for name in EVENTS:
        for method, value in vars(getattr(_events, name)).items():
            if hasattr(value, "exchange"):
                yield name, method, []


@pytest.mark.network
def test_each_address_and_pattern_is_the_official_one():
    asked = list(calls())
    done = subprocess.run(
        [official_taskcluster(), SCRIPT],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    official = json.loads(done.stdout)
    assert len(official) == len(asked) == 188 + 37
    options = {"rootUrl": "https://tc.example"}
    for name, method, values in asked:
        client = getattr(taskcluster, name)(options)
        ours = getattr(client, method)() if name.endswith("Events") else client.buildUrl(method, *values)
        assert ours == official[f"{name}.{method}"]
