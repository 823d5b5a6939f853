"""Sharing authentication over the parts of a project, and loading secrets."""

import json
import os
import subprocess
import sys

import pytest

from buildyard.taskcluster import Secrets
from buildyard.taskcluster.helper import TaskclusterConfig, load_secrets


class yaml:  # noqa: N801 - in the place of a library that these tests need for one line
    """Reads JSON, which is YAML."""

    @staticmethod
    def safe_load(file):
        with file:
            return json.load(file)


@pytest.fixture
def project(tmp_path, root_url):
    """The project of the example: its top, what authenticates, and what uses services."""
    files = {
        "__init__.py": f"""
from buildyard.taskcluster.helper import TaskclusterConfig

tc = TaskclusterConfig('{root_url}')
""",
        "boot.py": """
from project import tc

tc.auth(client_id='XXX', access_token='YYY')
""",
        "usage.py": """
from project import tc

def sync_usage():
    queue = tc.get_service('queue')
    queue.ping()

async def async_usage():
    hooks = tc.get_service('hooks', use_async=True)  # Asynchronous service class
    await hooks.ping()
""",
    }
    (tmp_path / "project").mkdir()
    for name, text in files.items():
        (tmp_path / "project" / name).write_text(text)
    return tmp_path


def test_shared_authentication(project):
    code = "import asyncio, project.boot, project.usage as u; u.sync_usage(); asyncio.run(u.async_usage())"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_environment_in_place_of_arguments():
    tc = TaskclusterConfig()
    tc.auth()
    assert tc.get_service("queue").ping()["alive"]
    assert tc.options["credentials"] == {"clientId": "id", "accessToken": "accessToken"}


def test_load_secrets(secrets_url):
    prod_config = load_secrets(
        Secrets({"rootUrl": secrets_url}),
        "project/foo/prod-config",
        # We only need the common & backend parts
        prefixes=["common", "backend"],
        # We absolutely need a bugzilla token to run
        required=["bugzilla_token"],
        # Let's provide some default value for the environment
        existing={
            "environment": "dev",
        },
    )
    assert prod_config == {
        "environment": "production",
        "remote_log": "https://log.xx.com/payload",
        "bugzilla_token": "XXXX",
    }


def test_load_secrets_of_a_configuration(secrets_url, member):
    tc = TaskclusterConfig(secrets_url)
    prod_config = tc.load_secrets(
        "project/foo/prod-config",
        # We only need the common & bot parts
        prefixes=["common", "bot"],
        # Let's provide some default value for the environment and backend_url
        existing={
            "environment": "dev",
            "backend_url": "http://localhost:8000",
        },
    )
    assert prod_config == {
        "environment": "production",
        "remote_log": "https://log.xx.com/payload",
        "backend_url": "https://backend.foo.mozilla.com",
    }


@pytest.mark.parametrize("is_there", [True, False])
def test_local_secrets(secrets_url, tmp_path, is_there):
    local_path = str(tmp_path / "file.yml")
    if is_there:
        (tmp_path / "file.yml").write_text('{"token": "local"}')
    prod_config = load_secrets(
        Secrets({"rootUrl": secrets_url}),
        "project/foo/prod-config",
        # We support an optional local file to provide some configuration without reaching Taskcluster
        local_secrets=yaml.safe_load(open(local_path)) if os.path.exists(local_path) else None,  # noqa: PTH110, PTH123, SIM115
    )
    assert prod_config.get("token", "from the service") == ("local" if is_there else "from the service")
