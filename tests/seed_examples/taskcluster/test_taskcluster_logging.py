"""Debug messages by the environment."""

import os
import subprocess
import sys


def test_debug_taskcluster_client(root_url):
    code = f"from buildyard import taskcluster; taskcluster.Queue({{'rootUrl': '{root_url}'}}).ping()"
    environment = {**os.environ, "DEBUG_TASKCLUSTER_CLIENT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    assert "taskcluster.answered" in done.stderr
