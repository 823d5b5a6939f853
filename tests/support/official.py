"""Taskcluster's own client, the peer of ours."""

from __future__ import annotations

from pathlib import Path

from support.needs import missing
from support.peers import PeerMissing, locked_peer


def official_taskcluster() -> Path:
    """Return the Python that has it; without one the test is skipped, or fails under CI=true."""
    try:
        return locked_peer("taskcluster")
    except PeerMissing as reason:
        missing(str(reason))
