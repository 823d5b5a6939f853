"""Mozilla's scriptworker, a worker of other people's making, as a program that works for one pool.

``options`` are those of a Taskcluster client, for the deployment it works for.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.needs import missing
from support.peers import PeerMissing, locked_peer


def scriptworker_program() -> Path:
    """Return the program; without its environment the test is skipped, or fails under CI=true."""
    try:
        return locked_peer("scriptworker").with_name("scriptworker")
    except PeerMissing as reason:
        missing(str(reason))


def configuration(
    options: Mapping[str, Any], root: Path, *, pool: str, name: str, script: Sequence[str]
) -> dict[str, object]:
    """Return its settings: no chain of trust, and times that suit a test."""
    provisioner, _, worker_type = pool.partition("/")
    return {
        "taskcluster_root_url": options["rootUrl"],
        "credentials": options["credentials"],
        "provisioner_id": provisioner,
        "worker_type": worker_type,
        "worker_group": "foreign",
        "worker_id": name,
        "task_script": list(script),
        "work_dir": str(root / "work"),
        "artifact_dir": str(root / "artifacts"),
        "log_dir": str(root / "logs"),
        "task_log_dir": str(root / "artifacts" / "public" / "logs"),
        "ed25519_private_key_path": str(root / "none"),
        "sign_chain_of_trust": False,
        "verify_chain_of_trust": False,
        "poll_interval": 1,
        "reclaim_interval": 1,
    }


@contextmanager
def working(
    options: Mapping[str, Any], root: Path, *, pool: str, name: str, script: Sequence[str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run it until the end of the block, and print what it said, which pytest shows where a test failed."""
    root.mkdir(parents=True)
    settings = root / "scriptworker.yaml"
    # What is JSON is YAML.
    settings.write_text(json.dumps(configuration(options, root, pool=pool, name=name, script=script)))
    with (root / "out").open("wb") as out:
        command = [str(scriptworker_program()), str(settings)]
        worker = subprocess.Popen(command, cwd=root, env=_environment(root), stdout=out, stderr=out)
        try:
            yield worker
        finally:
            worker.kill()
            worker.wait(10)
            print((root / "out").read_text(errors="replace")[-4000:])


def _environment(root: Path) -> Mapping[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(root), "LANG": "C.UTF-8"}
